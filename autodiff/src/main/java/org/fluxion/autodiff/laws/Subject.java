package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.Tensors;
import org.fluxion.tensor.conformance.Trial;

/**
 * A function at a point, with what laws speak of: directions, and a cotangent. All of them are
 * inputs without a value, so that a law is a graph that can be evaluated, bounded or compiled.
 *
 * <p>Only the floating point part is seen: of the arguments, other tensors are captured; of the
 * results, they are left out, for they have no derivatives.
 */
final class Subject {
  private static final double LARGEST_ORDINARY = 1e4;

  private final Function<Tensors, Tensors> function;
  private final List<Tensor> inputs = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final Tensors point;
  private final List<Tensors> directions = new ArrayList<>();
  private final Tensors cotangent;
  private final boolean stopsGradients;
  private final boolean isAlone;
  private ErrorBound bounds;

  private Subject(Example example, Random random) {
    List<Tensor> all = new ArrayList<>();
    List<Tensor> floating = new ArrayList<>();
    for (Tensor value : example.values()) {
      Tensor input = input("x", value);
      all.add(input);
      if (isReal(value)) {
        floating.add(input);
      }
    }
    this.point = new Tensors(floating);
    this.function =
        x -> {
          List<Tensor> arguments = new ArrayList<>();
          int next = 0;
          for (Tensor input : all) {
            arguments.add(isReal(input) ? x.leaves().get(next++) : input);
          }
          return new Tensors(
              example.apply(arguments).stream()
                  .filter(y -> y.dtype().isFloating())
                  // What only stores values is read as what computes.
                  .map(y -> isReal(y) ? y : y.cast(DType.FLOAT32))
                  .toList());
        };
    Tensors result = function.apply(point);
    this.stopsGradients =
        new Graph(inputs, result.leaves())
            .nodes().stream().anyMatch(node -> node.op() instanceof Op.StopGradient);
    for (int i = 0; i < 3; i++) {
      directions.add(drawn("v", point, random));
    }
    this.cotangent = drawn("c", result, random);
    this.isAlone =
        example instanceof RandomProgram program
            && program.lines().size() == 1
            && example.values().stream().allMatch(Subject::isOrdinary);
  }

  /**
   * An example's function at its values, with random directions.
   *
   * @param example the example
   * @param seed which directions
   * @return the subject
   */
  static Subject of(Example example, long seed) {
    return new Subject(example, new Random(seed));
  }

  private static boolean isReal(Tensor x) {
    return x.dtype().isFloating() && !x.dtype().isStorageOnly();
  }

  private Tensor input(String name, Tensor value) {
    Tensor input = Tensor.input(name + inputs.size(), value.shape(), value.dtype());
    inputs.add(input);
    values.add(value);
    return input;
  }

  /** Like some tensors, with elements between −1 and 1. */
  private Tensors drawn(String name, Tensors like, Random random) {
    List<Tensor> drawn = new ArrayList<>();
    for (Tensor leaf : like.leaves()) {
      double[] elements = random.doubles(leaf.shape().elements(), -1, 1).toArray();
      Tensor value = Tensor.of(elements, leaf.shape().extents()).cast(leaf.dtype()).detach();
      drawn.add(input(name, value));
    }
    return new Tensors(drawn);
  }

  /** Whether there is anything to differentiate, and to differentiate by. */
  boolean isDifferentiable() {
    return !point.leaves().isEmpty() && !cotangent.leaves().isEmpty();
  }

  /** Whether a derivative is cut somewhere, so that differences see more than it does. */
  boolean stopsGradients() {
    return stopsGradients;
  }

  /**
   * Whether it is one operation, of arguments that are ordinary. It may not lose in a NaN, one way,
   * what it has another way. Where operations follow each other it is nobody's fault: a part of √x
   * that is left out at 0 has a slope of zero times infinity, which only the way back multiplies.
   * Nor is it of arguments that are none.
   */
  boolean isAlone() {
    return isAlone;
  }

  /** Whether there are only numbers, or −∞, which hides what it is added to. */
  private static boolean isOrdinary(Tensor value) {
    HostData data = value.value();
    for (long i = 0; value.dtype().isFloating() && i < data.elements(); i++) {
      double element = data.getDouble(i);
      if (!(Math.abs(element) <= LARGEST_ORDINARY || element == Double.NEGATIVE_INFINITY)) {
        return false;
      }
    }
    return true;
  }

  /** What tensors of the inputs are, and by how much rounding may have them off. */
  List<Bounded> bounds(List<Tensor> outputs) {
    if (bounds == null) {
      bounds = ErrorBound.real(new Trial("laws", new Graph(inputs, List.of()), values).bindings());
    }
    return bounds.of(outputs);
  }

  /** The inputs of every law's graph. */
  List<Tensor> inputs() {
    return inputs;
  }

  /** A value for each of the inputs. */
  List<Tensor> values() {
    return values;
  }

  /** The function. */
  Function<Tensors, Tensors> f() {
    return function;
  }

  /** Where it is taken. */
  Tensors x() {
    return point;
  }

  /** A direction, of three. */
  Tensors v(int i) {
    return directions.get(i);
  }

  /** A cotangent of the result. */
  Tensors c() {
    return cotangent;
  }

  /** The function as one number: the inner product of its result and the cotangent. */
  Tensor scalar(Tensors x) {
    return dot(function.apply(x), cotangent);
  }

  /** An inner product, in float64 whatever the dtypes. */
  static Tensor dot(Tensors a, Tensors b) {
    Tensor sum = Tensor.scalar(0, DType.FLOAT64);
    for (int i = 0; i < a.leaves().size(); i++) {
      sum = sum.add(wide(a.leaves().get(i)).mul(wide(b.leaves().get(i))).sum());
    }
    return sum;
  }

  private static Tensor wide(Tensor x) {
    return x.dtype() == DType.FLOAT64 ? x : x.cast(DType.FLOAT64);
  }

  /** Each tensor by itself. */
  static Tensors each(Tensors x, UnaryOperator<Tensor> f) {
    return new Tensors(x.leaves().stream().map(f).toList());
  }

  /** A sum, tensor by tensor. */
  static Tensors plus(Tensors a, Tensors b) {
    List<Tensor> sums = new ArrayList<>();
    for (int i = 0; i < a.leaves().size(); i++) {
      sums.add(a.leaves().get(i).add(b.leaves().get(i)));
    }
    return new Tensors(sums);
  }

  /** How a derivative is taken. */
  enum Mode {
    /** Along a direction, by a tangent. */
    FORWARD,
    /** By a gradient, of which the inner product with the direction is taken. */
    REVERSE
  }

  /**
   * A derivative of any order of {@link #scalar}, along one direction after the other, each in a
   * mode of its own. In exact arithmetic the modes make no difference.
   *
   * @param modes a mode for each of the first directions, the innermost derivative first
   * @param order which direction each takes
   * @return the number
   */
  Tensor derivative(List<Mode> modes, List<Integer> order) {
    Function<Tensors, Tensor> g = this::scalar;
    for (int i = 0; i < modes.size(); i++) {
      Function<Tensors, Tensor> inner = g;
      Tensors direction = v(order.get(i));
      g =
          switch (modes.get(i)) {
            case FORWARD -> x -> Autodiff.jvp(inner, x, direction).tangent();
            case REVERSE -> x -> dot(Autodiff.grad(inner, x), direction);
          };
    }
    return g.apply(point);
  }
}
