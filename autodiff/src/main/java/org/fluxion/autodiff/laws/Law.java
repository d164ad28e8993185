package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.Subject.dot;
import static org.fluxion.autodiff.laws.Subject.each;
import static org.fluxion.autodiff.laws.Subject.minus;
import static org.fluxion.autodiff.laws.Subject.plus;
import static org.fluxion.autodiff.laws.Subject.scaled;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.Jvp;
import org.fluxion.autodiff.Linearized;
import org.fluxion.autodiff.laws.Subject.Mode;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Tensors;

/**
 * What is true of every derivative, whatever the function. A law says of two computations that
 * their results are equal; how nearly, in floating point, follows from the operations in both.
 */
public enum Law {
  /** What forward and reverse mode say of the function's value. */
  VALUE("Both modes compute the function's own value beside its derivative", 1),

  /** J(a·v + b·w) = a·Jv + b·Jw. */
  LINEARITY("The tangent is linear in the direction: J(a·v + b·w) = a·Jv + b·Jw", 1),

  /** ⟨c, Jv⟩ = ⟨Jᵀc, v⟩. */
  DUALITY("Reverse mode is the transpose of forward mode: ⟨c, Jv⟩ = ⟨Jᵀc, v⟩", 1),

  /** Jv = (f(x + hv) − f(x − hv)) / 2h + O(h²). */
  DIFFERENCES("The tangent is the slope: Jv = lim (f(x + hv) − f(x − hv)) / 2h", 1),

  /** J(g∘f) = Jg·Jf. */
  CHAIN("The derivative of a composition is the composition of the derivatives", 1),

  /** (Jᵀ)ᵀ = J. */
  TRANSPOSE("The transpose of the transpose is the tangent again: (Jᵀ)ᵀv = Jv", 1),

  /** What is stopped has no derivative. */
  STOP_GRADIENT("A stopped value is a constant: J(stop∘f) = 0 and J(f·stop(f)) = f·Jf", 1),

  /** vᵀHw = wᵀHv. */
  SYMMETRY("The Hessian is symmetric: vᵀHw = wᵀHv", 2),

  /** Forward and reverse mode, composed in every order, agree. */
  SECOND_ORDER(
      "Forward and reverse mode compose in all four ways to the same second derivative", 2),

  /** D(Jv)w = (J(x + hw)v − J(x − hw)v) / 2h + O(h²). */
  CURVATURE("The tangent's tangent is its slope: D(Jv)w = lim (J(x + hw)v − J(x − hw)v) / 2h", 2),

  /** Nested derivatives do not mix up whose perturbation is whose. */
  PERTURBATION("A derivative inside a derivative sees its own perturbation alone", 2),

  /** The same to third order. */
  THIRD_ORDER("Forward and reverse mode compose in all eight ways to the same third derivative", 3),

  /** D(D(Jv)w)u = (D(J(x + hu)v)w − D(J(x − hu)v)w) / 2h + O(h²). */
  THIRD_SLOPE(
      "The third derivative is the slope of the second: D(D(Jv)w)u = lim (D(J(x + hu)v)w − D(J(x −"
          + " hu)v)w) / 2h",
      3);

  private final String sentence;
  private final int order;

  Law(String sentence, int order) {
    this.sentence = sentence;
    this.order = order;
  }

  /**
   * What it says.
   *
   * @return one sentence
   */
  public String sentence() {
    return sentence;
  }

  /**
   * Up to which derivative it goes.
   *
   * @return 1, 2 or 3
   */
  public int order() {
    return order;
  }

  /**
   * The laws up to an order.
   *
   * @param most the highest derivative
   * @return the laws
   */
  public static List<Law> upTo(int most) {
    return List.of(values()).stream().filter(law -> law.order <= most).toList();
  }

  /**
   * Whether one side of it is computed on the way back, which multiplies also the slopes of what
   * was left out on the way forward.
   */
  boolean goesBack() {
    return switch (this) {
      case DUALITY, TRANSPOSE, SYMMETRY, SECOND_ORDER, PERTURBATION, THIRD_ORDER -> true;
      case VALUE, LINEARITY, DIFFERENCES, CHAIN, STOP_GRADIENT, CURVATURE, THIRD_SLOPE -> false;
    };
  }

  /**
   * Whether it compares with differences of the function, which tell nothing near infinities and
   * jumps.
   *
   * @return whether it does
   */
  public boolean takesDifferences() {
    return switch (this) {
      case DIFFERENCES, CURVATURE, THIRD_SLOPE -> true;
      case VALUE,
          LINEARITY,
          DUALITY,
          CHAIN,
          TRANSPOSE,
          STOP_GRADIENT,
          SYMMETRY,
          SECOND_ORDER,
          PERTURBATION,
          THIRD_ORDER ->
          false;
    };
  }

  /** What it claims of a subject. */
  List<Claim> claims(Subject s) {
    return switch (this) {
      case VALUE -> value(s);
      case LINEARITY -> linearity(s);
      case DUALITY -> duality(s);
      case DIFFERENCES -> differences(s);
      case CURVATURE -> curvature(s);
      case CHAIN -> chain(s);
      case TRANSPOSE -> transpose(s);
      case STOP_GRADIENT -> stopGradient(s);
      case SYMMETRY -> symmetry(s);
      case SECOND_ORDER -> compositions(s, 2);
      case PERTURBATION -> perturbation(s);
      case THIRD_ORDER -> compositions(s, 3);
      case THIRD_SLOPE -> thirdSlope(s);
    };
  }

  private static Jvp<Tensors> jvp(Subject s, Tensors v) {
    return Autodiff.jvp(s.f(), s.x(), v);
  }

  private static List<Claim> value(Subject s) {
    Tensors y = s.f().apply(s.x());
    List<Claim> claims = new ArrayList<>(Claim.each("jvp's value", y, jvp(s, s.v(0)).value()));
    claims.addAll(Claim.each("vjp's value", y, Autodiff.vjp(s.f(), s.x()).value()));
    return claims;
  }

  private static List<Claim> linearity(Subject s) {
    // Factors that round nothing.
    double a = 0.5;
    double b = -2;
    Tensors mixed = plus(scaled(s.v(0), a), scaled(s.v(1), b));
    Tensors whole = jvp(s, mixed).tangent();
    Tensors first = scaled(jvp(s, s.v(0)).tangent(), a);
    Tensors second = scaled(jvp(s, s.v(1)).tangent(), b);
    return Claim.each("J(v/2 − 2w)", plus(first, second), whole);
  }

  private static List<Claim> duality(Subject s) {
    Tensors pulled = Autodiff.vjp(s.f(), s.x()).pullback().apply(s.c());
    Tensor forward = dot(s.c(), jvp(s, s.v(0)).tangent());
    return List.of(new Claim("⟨Jᵀc, v⟩ against ⟨c, Jv⟩", forward, dot(pulled, s.v(0))));
  }

  private static List<Claim> differences(Subject s) {
    Tensors tangent = jvp(s, s.v(0)).tangent();
    Function<Tensors, Tensors> held = tangent(s.held(), s.v(0));
    return Differences.claims("Jv", tangent, held, s.held(), s.x(), s.v(0));
  }

  private static List<Claim> chain(Subject s) {
    Function<Tensors, Tensors> g = y -> each(y, t -> t.sin().mul(t));
    Jvp<Tensors> f = jvp(s, s.v(0));
    Tensors apart = Autodiff.jvp(g, f.value(), f.tangent()).tangent();
    Tensors whole = Autodiff.jvp(s.f().andThen(g), s.x(), s.v(0)).tangent();
    List<Claim> claims = new ArrayList<>(Claim.each("J(g∘f)v", apart, whole));
    // f(x + sw) by s, at 0. There it has to be f(x) itself: a −0 to which a 0 is added is a +0,
    // which is another number to divide by, so that s·w, which is ±0, is made a +0 and subtracted.
    Function<Tensors, Tensors> h =
        t -> minus(s.x(), minus(each(s.x(), Tensor::zerosLike), scaled(s.v(1), t.leaves().get(0))));
    Tensors zero = new Tensors(List.of(Tensor.tensor(0.0).reshape()));
    Tensors one = new Tensors(List.of(Tensor.tensor(1.0).reshape()));
    claims.addAll(
        Claim.each(
            "d/ds f(x + s·w)",
            jvp(s, s.v(1)).tangent(),
            Autodiff.jvp(h.andThen(s.f()), zero, one).tangent()));
    return claims;
  }

  private static List<Claim> transpose(Subject s) {
    Linearized<Tensors, Tensors> linear = Autodiff.linearize(s.f(), s.x());
    Function<Tensors, Tensors> twice = Autodiff.transpose(linear::transpose, s.c());
    return Claim.each("(Jᵀ)ᵀv", linear.apply(s.v(0)), twice.apply(s.v(0)));
  }

  private static List<Claim> stopGradient(Subject s) {
    Function<Tensors, Tensors> stopped = s.f().andThen(y -> each(y, Autodiff::stopGradient));
    Tensors tangent = Autodiff.jvp(stopped, s.x(), s.v(0)).tangent();
    List<Claim> claims =
        new ArrayList<>(Claim.each("J(stop∘f)v", each(tangent, Tensor::zerosLike), tangent));
    Function<Tensors, Tensors> half =
        s.f().andThen(y -> each(y, t -> t.mul(Autodiff.stopGradient(t))));
    Jvp<Tensors> f = jvp(s, s.v(0));
    List<Tensor> products = new ArrayList<>();
    for (int i = 0; i < f.value().leaves().size(); i++) {
      products.add(f.tangent().leaves().get(i).mul(f.value().leaves().get(i)));
    }
    claims.addAll(
        Claim.each(
            "J(f·stop(f))v", new Tensors(products), Autodiff.jvp(half, s.x(), s.v(0)).tangent()));
    return claims;
  }

  private static List<Claim> symmetry(Subject s) {
    List<Mode> modes = List.of(Mode.REVERSE, Mode.FORWARD);
    return List.of(
        new Claim(
            "wᵀHv against vᵀHw",
            s.derivative(modes, List.of(0, 1)),
            s.derivative(modes, List.of(1, 0))));
  }

  private static List<Claim> compositions(Subject s, int order) {
    List<Integer> directions = List.of(0, 1, 2).subList(0, order);
    List<Claim> claims = new ArrayList<>();
    Tensor first = null;
    for (int word = 0; word < 1 << order; word++) {
      List<Mode> modes = new ArrayList<>();
      for (int i = 0; i < order; i++) {
        modes.add((word >> i & 1) == 0 ? Mode.FORWARD : Mode.REVERSE);
      }
      Tensor derivative = s.derivative(modes, directions);
      if (first == null) {
        first = derivative;
      } else {
        claims.add(new Claim(modes + " against forward alone", first, derivative));
      }
    }
    return claims;
  }

  /**
   * A tangent is a function too. That all compositions of modes agree does not say that it is
   * differentiated rightly: a rule that takes its own value for a constant errs in all of them
   * alike.
   */
  private static List<Claim> curvature(Subject s) {
    Tensors twice = curvature(s.f(), s).apply(s.x());
    Function<Tensors, Tensors> held = curvature(s.held(), s);
    return Differences.claims("D(Jv)w", twice, held, tangent(s.held(), s.v(0)), s.x(), s.v(1));
  }

  /** As the {@linkplain #curvature curvature} is held to its slope, for what errs from there on. */
  private static List<Claim> thirdSlope(Subject s) {
    Tensors thrice = Autodiff.jvp(curvature(s.f(), s), s.x(), s.v(2)).tangent();
    Function<Tensors, Tensors> curvature = curvature(s.held(), s);
    Function<Tensors, Tensors> held = tangent(curvature, s.v(2));
    return Differences.claims("D(D(Jv)w)u", thrice, held, curvature, s.x(), s.v(2));
  }

  private static Function<Tensors, Tensors> curvature(Function<Tensors, Tensors> f, Subject s) {
    return tangent(tangent(f, s.v(0)), s.v(1));
  }

  /** A function's tangent along a direction, as a function of the point. */
  static Function<Tensors, Tensors> tangent(Function<Tensors, Tensors> f, Tensors v) {
    return x -> Autodiff.jvp(f, x, v).tangent();
  }

  /** The inner function captures the outer variable, and both are at the same point. */
  private static List<Claim> perturbation(Subject s) {
    Function<Tensors, Tensor> outer =
        x -> dot(x, Autodiff.grad((Tensors y) -> s.scalar(y).add(dot(x, y)), x));
    Tensor nested = Autodiff.jvp(outer, s.x(), s.v(0)).tangent();
    // ψ(x) = ⟨x, ∇s(x) + x⟩, so that Dψ·v = ⟨v, ∇s⟩ + ⟨x, Hv⟩ + 2⟨x, v⟩.
    Tensors gradient = Autodiff.grad(s::scalar, s.x());
    Tensors product = Autodiff.hvp(s::scalar, s.x(), s.v(0));
    Tensor apart = dot(s.v(0), gradient).add(dot(s.x(), product)).add(dot(s.x(), s.v(0)).mul(2));
    return List.of(new Claim("D⟨x, ∇(f(y) + ⟨x, y⟩)⟩v", apart, nested));
  }
}
