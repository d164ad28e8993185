package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.ErrorBound.Yardstick;
import org.fluxion.tensor.conformance.Tensors;
import org.fluxion.tensor.conformance.Trial;
import org.fluxion.tensor.conformance.Widened;

/**
 * A function at a point, with what laws speak of: directions, and a cotangent. All of them are
 * inputs without a value, so that a law is a graph that can be evaluated, bounded or compiled.
 *
 * <p>Only the floating point part is seen: of the arguments, other tensors are captured; of the
 * results, they are left out, for they have no derivatives.
 */
final class Subject {
  /** What the laws call them. */
  private static final List<String> DIRECTIONS = List.of("v", "w", "u");

  private static final String COTANGENT = "c";

  /** Of a direction in so few digits that sums of others would be rounded. */
  private static final int STEPS = 16;

  private static final double LARGEST_ORDINARY = 1e4;

  private final Function<Tensors, Tensors> function;
  private final List<Tensor> inputs = new ArrayList<>();
  private final List<String> names = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final int arguments;
  private final Tensors point;
  private final List<Tensors> directions = new ArrayList<>();
  private final Tensors cotangent;
  private final Function<Tensors, Tensors> held;
  private final boolean isAlone;
  private final Map<Yardstick, ErrorBound> bounds = new EnumMap<>(Yardstick.class);

  private Subject(Example example, Random random) {
    List<Tensor> all = new ArrayList<>();
    List<Tensor> floating = new ArrayList<>();
    List<Integer> numbers = new ArrayList<>();
    for (Tensor value : example.values()) {
      Tensor input = input("x" + all.size(), value);
      if (value.dtype().isFloating()) {
        floating.add(input);
        numbers.add(all.size());
      }
      all.add(input);
    }
    this.arguments = all.size();
    this.point = new Tensors(floating);
    this.function =
        x -> {
          List<Tensor> arguments = new ArrayList<>();
          int next = 0;
          for (Tensor input : all) {
            arguments.add(input.dtype().isFloating() ? x.leaves().get(next++) : input);
          }
          return new Tensors(
              example.apply(arguments).stream()
                  .filter(y -> y.dtype().isFloating())
                  // What only stores values is read as what computes.
                  .map(Subject::computing)
                  .toList());
        };
    Tensors result = function.apply(point);
    this.held = Stopped.held(function, point, result);
    List<Tensor> given = example instanceof Directed directed ? directed.drawn() : List.of();
    for (String name : DIRECTIONS) {
      directions.add(drawn(name, numbers, point, given, random));
    }
    List<Integer> results = IntStream.range(0, result.leaves().size()).boxed().toList();
    this.cotangent = drawn(COTANGENT, results, result, given, random);
    Example itself = example instanceof Directed directed ? directed.example() : example;
    this.isAlone =
        itself instanceof RandomProgram program
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

  /** The same in a dtype that computes. */
  private static Tensor computing(Tensor x) {
    return x.dtype().isStorageOnly() ? x.cast(DType.FLOAT32) : x;
  }

  private Tensor input(String name, Tensor value) {
    Tensor input = Tensor.input(name, value.shape(), value.dtype());
    inputs.add(input);
    names.add(name);
    values.add(value);
    return input;
  }

  /** What is given, or like some tensors, with elements between −1 and 1. */
  private Tensors drawn(
      String name, List<Integer> numbers, Tensors like, List<Tensor> given, Random random) {
    List<Tensor> drawn = new ArrayList<>();
    for (int i = 0; i < like.leaves().size(); i++) {
      Tensor leaf = like.leaves().get(i);
      int next = inputs.size() - arguments;
      Tensor value = next < given.size() ? given.get(next) : drawn(leaf, random);
      drawn.add(input(name + numbers.get(i), value));
    }
    return new Tensors(drawn);
  }

  private static Tensor drawn(Tensor like, Random random) {
    int elements = (int) like.shape().elements();
    double[] values =
        like.dtype().isStorageOnly()
            // Half of one less twice another has few enough digits too.
            ? random
                .ints(elements, 0, STEPS)
                .mapToDouble(i -> (2.0 * i + 1 - STEPS) / STEPS)
                .toArray()
            : random.doubles(elements, -1, 1).toArray();
    return Tensor.of(values, like.shape().extents()).cast(like.dtype()).detach();
  }

  /** The values of the directions and cotangents, in the order of their inputs. */
  List<Tensor> drawn() {
    return values.subList(arguments, values.size());
  }

  /**
   * Those directions and cotangents that something was computed from, as Java.
   *
   * @param outputs what was computed
   * @return a line each
   */
  List<String> along(List<Tensor> outputs) {
    Set<Tensor> used = new HashSet<>(new Graph(inputs, outputs).nodes());
    return IntStream.range(arguments, inputs.size())
        .filter(i -> used.contains(inputs.get(i)))
        .mapToObj(
            i -> Text.of("Tensor %s = %s;", names.get(i), ProgramPrinter.literal(values.get(i))))
        .toList();
  }

  /** Whether there is anything to differentiate, and to differentiate by. */
  boolean isDifferentiable() {
    return !point.leaves().isEmpty() && !cotangent.leaves().isEmpty();
  }

  /** The function of which the derivative is the slope: what it stops is what it is at x. */
  Function<Tensors, Tensors> held() {
    return held;
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

  /**
   * What tensors of the inputs are, and by how much rounding may have them off. What all laws have
   * in common is computed once for each yardstick.
   *
   * @param outputs the tensors
   * @param yardstick what they are off from
   * @return one for each
   */
  List<Bounded> bounds(List<Tensor> outputs, Yardstick yardstick) {
    return bounds
        .computeIfAbsent(
            yardstick,
            y ->
                ErrorBound.real(
                    new Trial("laws", new Graph(inputs, List.of()), values).bindings(), y))
        .of(outputs);
  }

  /**
   * Whether something is so anywhere in the function, at the point.
   *
   * @param truths what is asked of a node: truth values, of the inputs
   * @return whether any of them is true
   */
  boolean isAnywhere(Function<Tensor, Stream<Tensor>> truths) {
    List<Tensor> results = function.apply(point).leaves();
    List<Tensor> asked =
        Graph.topological(results, new HashSet<>(inputs)).stream().flatMap(truths).toList();
    return bounds(asked, Yardstick.REAL).stream()
        .map(Bounded::expected)
        .anyMatch(
            found -> LongStream.range(0, found.elements()).anyMatch(i -> found.getLong(i) != 0));
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
      Tensor left = Widened.wide(a.leaves().get(i));
      sum = sum.add(left.mul(Widened.wide(b.leaves().get(i))).sum());
    }
    return sum;
  }

  /** Each tensor by itself. */
  static Tensors each(Tensors x, UnaryOperator<Tensor> f) {
    return new Tensors(x.leaves().stream().map(f).toList());
  }

  /** A multiple, tensor by tensor. */
  static Tensors scaled(Tensors x, double by) {
    return each(x, t -> computing(t).mul(by).cast(t.dtype()));
  }

  /** Multiples by one number, tensor by tensor. */
  static Tensors scaled(Tensors x, Tensor by) {
    return each(
        x,
        t -> {
          Tensor factor = computing(t);
          return factor.mul(by.cast(factor.dtype())).cast(t.dtype());
        });
  }

  /** A sum, tensor by tensor. */
  static Tensors plus(Tensors a, Tensors b) {
    return each(a, b, Tensor::add);
  }

  /** A difference, tensor by tensor. */
  static Tensors minus(Tensors a, Tensors b) {
    return each(a, b, Tensor::sub);
  }

  private static Tensors each(Tensors a, Tensors b, BinaryOperator<Tensor> f) {
    List<Tensor> results = new ArrayList<>();
    for (int i = 0; i < a.leaves().size(); i++) {
      Tensor left = a.leaves().get(i);
      results.add(f.apply(computing(left), computing(b.leaves().get(i))).cast(left.dtype()));
    }
    return new Tensors(results);
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
