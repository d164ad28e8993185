package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.ErrorBound.Yardstick;
import org.fluxion.tensor.conformance.Tensors;
import org.fluxion.tensor.conformance.Trial;
import org.fluxion.tensor.conformance.Widened;

/**
 * Checks the derivatives of a function at a point: the tangent along a random direction against
 * central differences, and the pullback against the tangent, of which it is the transpose. As
 * {@code grad(f)} is a function again, checking it checks second derivatives.
 *
 * <pre>{@code
 * DerivativeChecker.check((Tensor x) -> x.sin().mul(x), point).orThrow();
 * }</pre>
 *
 * <p>The differences are extrapolated (Richardson 1911) from steps h and h/2. What they may be off
 * by follows from the function's condition: rounding of values and of the point, over h, and a part
 * of what changed from one step to the other. A kink within a step shows as an error: move the
 * point away from it.
 *
 * <p>Differences are taken in float64 in any case. In float32, or where values are stored in fewer
 * digits still, the tangent and the pullback are as they come out there, and may be off by what the
 * roundings of their operations add up to. An element of which this leaves nothing to be told is
 * excused.
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
   * @param certified how many elements were compared within a tolerance that tells something
   * @param excused how many were compared within one that does not
   */
  public record Worst(
      String law,
      int tensor,
      List<Integer> index,
      double expected,
      double actual,
      double tolerance,
      int certified,
      int excused) {
    /** Copies the index. */
    public Worst {
      index = List.copyOf(index);
    }

    private static Worst of(
        String law, int tensor, List<Integer> index, double expected, double actual, double off) {
      boolean tells = Bounded.tells(expected, actual, off);
      return new Worst(law, tensor, index, expected, actual, off, tells ? 1 : 0, tells ? 0 : 1);
    }

    /** The worse of both, and how many there are of each kind. */
    private Worst and(Worst other) {
      Worst worst = other.severity() > severity() ? other : this;
      return new Worst(
          worst.law,
          worst.tensor,
          worst.index,
          worst.expected,
          worst.actual,
          worst.tolerance,
          certified + other.certified,
          excused + other.excused);
    }

    /**
     * The error relative to what is allowed.
     *
     * @return at most 1 if the law holds; infinite for NaN
     */
    public double severity() {
      if (expected == actual || tolerance == Double.POSITIVE_INFINITY) {
        return 0;
      }
      double ratio = Math.abs(expected - actual) / tolerance;
      return Double.isNaN(ratio) ? Double.POSITIVE_INFINITY : ratio;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s: at %s of tensor %d expected %s, got %s (off by %s, allowed %s); %d certified, %d"
              + " excused",
          law,
          index,
          tensor,
          expected,
          actual,
          (float) Math.abs(expected - actual),
          (float) tolerance,
          certified,
          excused);
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
   * @param x the point; its floating point tensors are varied, others are not
   * @param <A> what f takes
   * @param <B> what f returns
   * @return the worst element of each law
   */
  public static <A extends Tree<A>, B extends Tree<B>> Report check(Function<A, B> f, A x) {
    return check(f, x, 0);
  }

  /**
   * Checks a function at a point, along a direction of choice.
   *
   * @param f the function, smooth near x
   * @param x the point; its floating point tensors are varied, others are not
   * @param seed which random direction and cotangent
   * @param <A> what f takes
   * @param <B> what f returns
   * @return the worst element of each law
   */
  public static <A extends Tree<A>, B extends Tree<B>> Report check(
      Function<A, B> f, A x, long seed) {
    // Not the stream of Random(seed): a point that was drawn from it would be its own direction,
    // along which all that hangs on directions alone, as a normalised vector does, is level.
    Random random = new Random(new SplittableRandom(seed).nextLong());
    A v = x.withLeaves(x.leaves().stream().map(leaf -> random(leaf, random)).toList());
    Jvp<B> forward = Autodiff.jvp(f, x, v);
    Tensor.evaluate(forward.tangent().leaves());
    Computed tangents = Computed.of(forward.tangent());
    return new Report(
        List.of(
            differences(f, x, v, forward, tangents), duality(f, x, v, forward, tangents, random)));
  }

  private static Tensor random(Tensor like, Random random) {
    if (!like.dtype().isFloating()) {
      return like.zerosLike();
    }
    double[] values = random.doubles(like.shape().elements(), -1, 1).toArray();
    return Tensor.of(values, like.shape().extents()).cast(like.dtype());
  }

  /**
   * Elements, and how far their own roundings may have led them off.
   *
   * @param values of each tensor; of integers none
   * @param off of each tensor
   */
  private record Computed(List<double[]> values, List<double[]> off) {
    static Computed of(Tree<?> tree) {
      List<double[]> values = new ArrayList<>();
      List<double[]> off = new ArrayList<>();
      for (Tensor leaf : tree.leaves()) {
        if (!leaf.dtype().isFloating()) {
          values.add(new double[0]);
          off.add(new double[0]);
        } else if (isNarrow(List.of(leaf))) {
          Trial trial = new Trial("", new Graph(List.of(), List.of(Widened.wide(leaf))), List.of());
          Bounded bounded = ErrorBound.ofReal(trial, Yardstick.REAL_CHOICES).get(0);
          double[] elements = bounded.expected().toDoubles();
          values.add(elements);
          off.add(bounded.allowed() == null ? new double[elements.length] : bounded.allowed());
        } else {
          values.add(leaf.toDoubleArray());
          off.add(new double[values.getLast().length]);
        }
      }
      return new Computed(values, off);
    }

    /** The inner product, or the sum of its terms' magnitudes. */
    double dot(Computed other, boolean magnitudes) {
      return dot(values, other.values, magnitudes);
    }

    /** How far roundings may have led an inner product off whose other side is exact. */
    double off(Computed exact) {
      return dot(off, exact.values, true);
    }

    private static double dot(List<double[]> a, List<double[]> b, boolean magnitudes) {
      double sum = 0;
      for (int i = 0; i < a.size(); i++) {
        for (int k = 0; k < a.get(i).length; k++) {
          double product = a.get(i)[k] * b.get(i)[k];
          // What is not known, times nothing.
          sum += Double.isNaN(product) || !magnitudes ? product : Math.abs(product);
        }
      }
      return sum;
    }

    double largest() {
      return values.stream().mapToDouble(Computed::largest).max().orElse(0);
    }

    /** The largest of one tensor. */
    double largest(int tensor) {
      return largest(values.get(tensor));
    }

    private static double largest(double[] elements) {
      return Arrays.stream(elements).map(Math::abs).filter(Double::isFinite).max().orElse(0);
    }
  }

  private static boolean isNarrow(List<Tensor> tensors) {
    return Widened.isNarrow(new Graph(List.of(), tensors));
  }

  private static <A extends Tree<A>, B extends Tree<B>> Worst differences(
      Function<A, B> f, A x, A v, Jvp<B> forward, Computed tangents) {
    String law = "jvp against differences";
    Function<Tensors, Tensors> flat = t -> new Tensors(f.apply(x.withLeaves(t.leaves())).leaves());
    List<Tensor> all = new ArrayList<>(x.leaves());
    all.addAll(forward.value().leaves());
    Function<Tensors, Tensors> wide =
        isNarrow(all) ? Widened.of(flat, new Tensors(x.leaves())) : flat;
    Tensors at = new Tensors(x.leaves().stream().map(Widened::wide).toList());
    Tensors along = new Tensors(v.leaves().stream().map(Widened::wide).toList());
    double size = Math.max(1, Computed.of(x).largest());
    double h = STEP * size;
    List<double[]> far = slopes(wide, at, along, h);
    // The step may lead out of the function's domain: then one well inside, with larger rounding.
    while (h > LEAST_STEP * size && !far.stream().allMatch(DerivativeChecker::finite)) {
      h /= 100;
      far = slopes(wide, at, along, h);
    }
    List<double[]> near = slopes(wide, at, along, h / 2);
    Computed values = Computed.of(forward.value());
    Worst worst = null;
    for (int i = 0; i < far.size(); i++) {
      Tensor tangent = forward.tangent().leaves().get(i);
      if (!tangent.dtype().isFloating()) {
        continue;
      }
      double[] actual = tangents.values().get(i);
      double scale = values.largest(i) + size * tangents.largest(i);
      for (int k = 0; k < actual.length; k++) {
        double change = Math.abs(near.get(i)[k] - far.get(i)[k]);
        double slope = (4 * near.get(i)[k] - far.get(i)[k]) / 3;
        double tolerance =
            ROUNDINGS * EPSILON * scale / h + REMAINDER * change + tangents.off().get(i)[k];
        worst =
            worse(
                worst,
                Worst.of(
                    law,
                    i,
                    index(tangent.shape(), k),
                    slope,
                    actual[k],
                    tolerance + Double.MIN_NORMAL));
      }
    }
    return worst == null ? new Worst(law, 0, List.of(), 0, 0, 0, 0, 0) : worst;
  }

  private static List<double[]> slopes(
      Function<Tensors, Tensors> f, Tensors x, Tensors v, double h) {
    Tensors after = f.apply(moved(x, v, h));
    Tensors before = f.apply(moved(x, v, -h));
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

  private static Tensors moved(Tensors x, Tensors v, double h) {
    List<Tensor> leaves = new ArrayList<>();
    for (int i = 0; i < x.leaves().size(); i++) {
      Tensor leaf = x.leaves().get(i);
      leaves.add(leaf.dtype().isFloating() ? leaf.add(v.leaves().get(i).mul(h)).detach() : leaf);
    }
    return new Tensors(leaves);
  }

  /** ⟨c, J·v⟩ = ⟨Jᵀ·c, v⟩; if that fails, each element of Jᵀ·c is held against ⟨c, J·e⟩. */
  private static <A extends Tree<A>, B extends Tree<B>> Worst duality(
      Function<A, B> f, A x, A v, Jvp<B> forward, Computed tangents, Random random) {
    String law = "vjp against jvp";
    B cotangent =
        forward
            .value()
            .withLeaves(
                forward.value().leaves().stream().map(leaf -> random(leaf, random)).toList());
    Linearized<A, B> linear = Autodiff.linearize(f, x);
    A gradient = linear.transpose(cotangent);
    Computed c = Computed.of(cotangent);
    Computed pulled = Computed.of(gradient);
    Worst whole =
        duality(
            law + " along a random direction", 0, List.of(), c, tangents, pulled, Computed.of(v));
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
        unit.set(i, Tensor.of(one, leaf.shape().extents()).cast(leaf.dtype()));
        A e = x.withLeaves(unit);
        Computed column = Computed.of(linear.apply(e));
        Worst element = duality(law, i, index(leaf.shape(), k), c, column, pulled, Computed.of(e));
        worst = worst == whole && element.severity() > 1 ? element : worse(worst, element);
      }
    }
    return worst;
  }

  private static Worst duality(
      String law,
      int tensor,
      List<Integer> index,
      Computed c,
      Computed tangent,
      Computed pulled,
      Computed v) {
    double rounding =
        ROUNDINGS * EPSILON * (c.dot(tangent, true) + pulled.dot(v, true)) + Double.MIN_NORMAL;
    double off = tangent.off(c) + pulled.off(v);
    // An unknown times nothing is not known either.
    double tolerance = Double.isNaN(off) ? Double.POSITIVE_INFINITY : rounding + off;
    return Worst.of(law, tensor, index, c.dot(tangent, false), pulled.dot(v, false), tolerance);
  }

  private static Worst worse(Worst a, Worst b) {
    return a == null ? b : a.and(b);
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
