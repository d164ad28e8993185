package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;

/**
 * Checks the derivatives of a function at a point, in float64: the tangent along a random direction
 * against central differences, and the pullback against the tangent, of which it is the transpose.
 * As {@code grad(f)} is a function again, checking it checks second derivatives.
 *
 * <pre>{@code
 * DerivativeChecker.check((Tensor x) -> x.sin().mul(x), point).orThrow();
 * }</pre>
 *
 * <p>The differences are extrapolated (Richardson 1911) from steps h and h/2. What they may be off
 * by follows from the function's condition: rounding of values and of the point, over h, and a part
 * of what changed from one step to the other. A kink within a step shows as an error: move the
 * point away from it.
 */
public final class DerivativeChecker {
  /** Near ε^(1/5), where rounding ε/h and the extrapolation's remainder h⁴ are about equal. */
  private static final double STEP = 1e-3;

  private static final double LEAST_STEP = 1e-7;

  private static final double EPSILON = Math.ulp(1.0);

  /** How many roundings, each worth ε of the largest value, a result may have suffered. */
  private static final double ROUNDINGS = 1000;

  private static final double REMAINDER = 0.05;

  private DerivativeChecker() {}

  /**
   * The element that comes nearest to breaking a law, or breaks it most.
   *
   * @param law what was compared with what
   * @param tensor the number of the leaf it is in
   * @param index where in that leaf, an index per axis
   * @param expected what the law asks for
   * @param actual what the derivative rule gave
   * @param tolerance how far apart they may be
   */
  public record Worst(
      String law,
      int tensor,
      List<Integer> index,
      double expected,
      double actual,
      double tolerance) {
    /** Copies the index. */
    public Worst {
      index = List.copyOf(index);
    }

    /**
     * The error relative to what is allowed.
     *
     * @return at most 1 if the law holds; infinite for NaN
     */
    public double severity() {
      if (expected == actual) {
        return 0;
      }
      double ratio = Math.abs(expected - actual) / tolerance;
      return Double.isNaN(ratio) ? Double.POSITIVE_INFINITY : ratio;
    }

    @Override
    public String toString() {
      return "%s: at %s of tensor %d expected %s, got %s (off by %s, allowed %s)"
          .formatted(
              law,
              index,
              tensor,
              expected,
              actual,
              (float) Math.abs(expected - actual),
              (float) tolerance);
    }
  }

  /**
   * What a check found.
   *
   * @param worst the worst element per law
   */
  public record Report(List<Worst> worst) {
    /** Copies the list. */
    public Report {
      worst = List.copyOf(worst);
    }

    /**
     * Whether every law holds.
     *
     * @return true if no element is off by more than its tolerance
     */
    public boolean passed() {
      return worst.stream().allMatch(w -> w.severity() <= 1);
    }

    /**
     * Demands that every law holds.
     *
     * @throws TensorException if one does not, with its worst element
     */
    public void orThrow() {
      if (!passed()) {
        throw new TensorException("derivative check failed\n" + this);
      }
    }

    @Override
    public String toString() {
      return worst.stream()
          .map(w -> (w.severity() <= 1 ? "holds: " : "FAILS: ") + w)
          .collect(Collectors.joining("\n"));
    }
  }

  /**
   * Checks a function at a point, along one random direction.
   *
   * @param f the function, smooth near x
   * @param x the point; its floating point tensors must be float64, others are not varied
   * @param <A> what f takes
   * @param <B> what f returns
   * @return the worst element of each law
   * @throws TensorException if a floating point tensor of x is not float64
   */
  public static <A extends Tree<A>, B extends Tree<B>> Report check(Function<A, B> f, A x) {
    return check(f, x, 0);
  }

  /**
   * Checks a function at a point, along a direction of choice.
   *
   * @param f the function, smooth near x
   * @param x the point; its floating point tensors must be float64, others are not varied
   * @param seed which random direction and cotangent
   * @param <A> what f takes
   * @param <B> what f returns
   * @return the worst element of each law
   * @throws TensorException if a floating point tensor of x is not float64
   */
  public static <A extends Tree<A>, B extends Tree<B>> Report check(
      Function<A, B> f, A x, long seed) {
    for (Tensor leaf : x.leaves()) {
      if (leaf.dtype().isFloating() && leaf.dtype() != DType.FLOAT64) {
        throw new TensorException(
            "derivative check: expected float64, got %s %s; differences of less tell nothing, cast it"
                .formatted(leaf.dtype(), leaf.shape()));
      }
    }
    Random random = new Random(seed);
    A v = x.withLeaves(x.leaves().stream().map(leaf -> random(leaf, random)).toList());
    Jvp<B> forward = Autodiff.jvp(f, x, v);
    Tensor.evaluate(forward.tangent().leaves());
    return new Report(List.of(differences(f, x, v, forward), duality(f, x, v, forward, random)));
  }

  private static Tensor random(Tensor like, Random random) {
    if (!like.dtype().isFloating()) {
      return like.zerosLike();
    }
    double[] values = random.doubles(like.shape().elements(), -1, 1).toArray();
    return Tensor.of(values, like.shape().extents()).cast(like.dtype());
  }

  private static double largest(Tree<?> tree) {
    return tree.leaves().stream()
        .filter(leaf -> leaf.dtype().isFloating())
        .flatMapToDouble(leaf -> Arrays.stream(leaf.toDoubleArray()))
        .map(Math::abs)
        .filter(Double::isFinite)
        .max()
        .orElse(0);
  }

  private static <A extends Tree<A>, B extends Tree<B>> Worst differences(
      Function<A, B> f, A x, A v, Jvp<B> forward) {
    double size = Math.max(1, largest(x));
    double h = STEP * size;
    List<double[]> wide = slopes(f, x, v, h);
    // The step may lead out of the function's domain: then one well inside, with larger rounding.
    while (h > LEAST_STEP * size && !wide.stream().allMatch(DerivativeChecker::finite)) {
      h /= 100;
      wide = slopes(f, x, v, h);
    }
    List<double[]> narrow = slopes(f, x, v, h / 2);
    Worst worst = null;
    for (int i = 0; i < wide.size(); i++) {
      Tensor tangent = forward.tangent().leaves().get(i);
      if (!tangent.dtype().isFloating()) {
        continue;
      }
      double[] actual = tangent.toDoubleArray();
      double scale = largest(forward.value().leaves().get(i)) + size * largest(tangent);
      for (int k = 0; k < actual.length; k++) {
        double change = Math.abs(narrow.get(i)[k] - wide.get(i)[k]);
        double slope = (4 * narrow.get(i)[k] - wide.get(i)[k]) / 3;
        double tolerance = ROUNDINGS * EPSILON * scale / h + REMAINDER * change;
        worst =
            worse(
                worst,
                new Worst(
                    "jvp against differences",
                    i,
                    index(tangent.shape(), k),
                    slope,
                    actual[k],
                    tolerance + Double.MIN_NORMAL));
      }
    }
    return worst == null ? new Worst("jvp against differences", 0, List.of(), 0, 0, 0) : worst;
  }

  private static <A extends Tree<A>, B extends Tree<B>> List<double[]> slopes(
      Function<A, B> f, A x, A v, double h) {
    B after = f.apply(moved(x, v, h));
    B before = f.apply(moved(x, v, -h));
    List<double[]> slopes = new ArrayList<>();
    for (int i = 0; i < after.leaves().size(); i++) {
      double[] a = after.leaves().get(i).toDoubleArray();
      double[] b = before.leaves().get(i).toDoubleArray();
      Arrays.setAll(a, k -> (a[k] - b[k]) / (2 * h));
      slopes.add(a);
    }
    return slopes;
  }

  private static boolean finite(double[] values) {
    return Arrays.stream(values).allMatch(Double::isFinite);
  }

  private static <A extends Tree<A>> A moved(A x, A v, double h) {
    List<Tensor> leaves = new ArrayList<>();
    for (int i = 0; i < x.leaves().size(); i++) {
      Tensor leaf = x.leaves().get(i);
      leaves.add(leaf.dtype().isFloating() ? leaf.add(v.leaves().get(i).mul(h)).detach() : leaf);
    }
    return x.withLeaves(leaves);
  }

  /** ⟨c, J·v⟩ = ⟨Jᵀ·c, v⟩; if that fails, each element of Jᵀ·c is held against ⟨c, J·e⟩. */
  private static <A extends Tree<A>, B extends Tree<B>> Worst duality(
      Function<A, B> f, A x, A v, Jvp<B> forward, Random random) {
    String law = "vjp against jvp";
    B c =
        forward
            .value()
            .withLeaves(
                forward.value().leaves().stream().map(leaf -> random(leaf, random)).toList());
    Linearized<A, B> linear = Autodiff.linearize(f, x);
    A pulled = linear.transpose(c);
    Worst whole =
        new Worst(
            law + " along a random direction",
            0,
            List.of(),
            dot(c, forward.tangent(), false),
            dot(pulled, v, false),
            tolerance(c, forward.tangent(), pulled, v));
    if (whole.severity() <= 1) {
      return whole;
    }
    Worst worst = whole;
    for (int i = 0; i < x.leaves().size(); i++) {
      Tensor leaf = x.leaves().get(i);
      for (int k = 0; leaf.dtype().isFloating() && k < leaf.shape().elements(); k++) {
        List<Tensor> unit = new ArrayList<>(x.leaves().stream().map(Tensor::zerosLike).toList());
        double[] one = new double[Math.toIntExact(leaf.shape().elements())];
        one[k] = 1;
        unit.set(i, Tensor.of(one, leaf.shape().extents()));
        A e = x.withLeaves(unit);
        B column = linear.apply(e);
        Worst element =
            new Worst(
                law,
                i,
                index(leaf.shape(), k),
                dot(c, column, false),
                pulled.leaves().get(i).toDoubleArray()[k],
                tolerance(c, column, pulled, e));
        worst = worst == whole && element.severity() > 1 ? element : worse(worst, element);
      }
    }
    return worst;
  }

  private static <A extends Tree<A>, B extends Tree<B>> double tolerance(
      B c, B tangent, A pulled, A v) {
    return ROUNDINGS * EPSILON * (dot(c, tangent, true) + dot(pulled, v, true)) + Double.MIN_NORMAL;
  }

  /** The inner product over floating point leaves, or the sum of its terms' magnitudes. */
  private static double dot(Tree<?> a, Tree<?> b, boolean magnitudes) {
    double sum = 0;
    for (int i = 0; i < a.leaves().size(); i++) {
      if (a.leaves().get(i).dtype().isFloating()) {
        double[] left = a.leaves().get(i).toDoubleArray();
        double[] right = b.leaves().get(i).toDoubleArray();
        for (int k = 0; k < left.length; k++) {
          sum += magnitudes ? Math.abs(left[k] * right[k]) : left[k] * right[k];
        }
      }
    }
    return sum;
  }

  private static Worst worse(Worst a, Worst b) {
    return a == null || b.severity() > a.severity() ? b : a;
  }

  private static List<Integer> index(Shape shape, int element) {
    List<Integer> index = new ArrayList<>();
    long[] strides = shape.strides();
    for (int axis = 0; axis < shape.rank(); axis++) {
      index.add((int) (element / strides[axis] % shape.extent(axis)));
    }
    return index;
  }
}
