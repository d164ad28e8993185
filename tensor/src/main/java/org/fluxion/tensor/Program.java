package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.tensor.plan.Explanation;
import org.fluxion.tensor.plan.Plan;

/**
 * A compiled step: a function of a state and of what each step is given, simplified, grouped into
 * kernels, with its memory planned. Compiled once for the shapes of its examples; immutable, and
 * safe to share between threads. {@link #start} makes a {@link Run}, which owns a state.
 *
 * <p>The inputs are called {@code state.NAME} and {@code batch.NAME}, by the trees' {@linkplain
 * Tree#leafNames names}, in errors and in {@link #explain}.
 *
 * @param <S> the state, which a run keeps on the device and updates in place
 * @param <B> what each step is given
 * @param <R> what each step returns
 */
public final class Program<S extends Tree<S>, B extends Tree<B>, R extends Tree<R>>
    implements AutoCloseable {
  private final Plan plan;
  private final Device device;
  private final S state;
  private final B example;
  private final R result;

  private Program(Plan plan, Device device, S state, B example, R result) {
    this.plan = plan;
    this.device = device;
    this.state = state;
    this.example = example;
    this.result = result;
  }

  /**
   * Compiles a step.
   *
   * @param step the function; what it captures is a constant of the program
   * @param state an example of the state: structure, shapes and dtypes count, values do not
   * @param example an example of what a step is given
   * @param device where it will run
   * @param <S> the state
   * @param <B> what each step is given
   * @param <R> what each step returns
   * @return the program
   * @throws TensorException if the new state differs from the old in structure, shape or dtype
   */
  public static <S extends Tree<S>, B extends Tree<B>, R extends Tree<R>> Program<S, B, R> compile(
      BiFunction<S, B, Step<S, R>> step, S state, B example, Device device) {
    List<String> names = Tree.namesUnder("state", state);
    List<Tensor> states = inputs(names, state.leaves());
    List<Tensor> batch = inputs(Tree.namesUnder("batch", example), example.leaves());
    Step<S, R> made = step.apply(state.withLeaves(states), example.withLeaves(batch));
    List<Tensor> next = made.state().leaves();
    if (next.size() != states.size()) {
      throw new TensorException(
          "program: the state has %d tensors, the new state %d"
              .formatted(states.size(), next.size()));
    }
    for (int i = 0; i < next.size(); i++) {
      fits("program: the new " + names.get(i), states.get(i), next.get(i));
    }
    List<Tensor> inputs = new ArrayList<>(states);
    inputs.addAll(batch);
    List<Tensor> outputs = new ArrayList<>(next);
    outputs.addAll(made.result().leaves());
    int[] donations = new int[outputs.size()];
    Arrays.setAll(donations, i -> i < states.size() ? i : -1);
    Plan plan = Plan.of(new Graph(inputs, outputs), donations, device.planOptions());
    return new Program<>(plan, device, state, example, made.result());
  }

  private static List<Tensor> inputs(List<String> names, List<Tensor> leaves) {
    return IntStream.range(0, leaves.size())
        .mapToObj(i -> Tensor.input(names.get(i), leaves.get(i).shape(), leaves.get(i).dtype()))
        .toList();
  }

  private static void fits(String what, Tensor expected, Tensor got) {
    if (!expected.shape().equals(got.shape()) || expected.dtype() != got.dtype()) {
      throw new TensorException(
          "%s: expected %s %s, as the old, got %s %s; cast or reshape it"
              .formatted(what, expected.dtype(), expected.shape(), got.dtype(), got.shape()));
    }
  }

  /**
   * Starts a run from a state, which is copied and stays valid.
   *
   * @param initial the state
   * @return the run, which the caller closes
   */
  public Run<S, B, R> start(S initial) {
    Executable executable = device.prepare(plan);
    try {
      return new Run<>(this, executable, initial);
    } catch (RuntimeException thrown) {
      executable.close();
      throw thrown;
    }
  }

  /**
   * The compiled form.
   *
   * @return the plan
   */
  public Plan plan() {
    return plan;
  }

  /**
   * Where it runs.
   *
   * @return the device
   */
  public Device device() {
    return device;
  }

  /**
   * The memory that a run will take: inputs, outputs, constants and the arena.
   *
   * @return bytes
   */
  public long plannedBytes() {
    return Explanation.plannedBytes(plan);
  }

  /**
   * The kernels with their bytes, floating point operations, the planned peak of memory, and the
   * {@linkplain #notes() notes}.
   *
   * @return a listing
   */
  public String explain() {
    return Explanation.of(plan, null) + Explanation.notes(notes());
  }

  /**
   * What is not as one might expect: a device that was passed over, an operation without a kernel.
   *
   * @return a line each
   */
  public List<String> notes() {
    return Stream.concat(device.notes().stream(), plan.notes().stream()).toList();
  }

  /**
   * Says that no run will be started any more, so that a device may let go of what it holds for the
   * program, such as compiled kernels. Close it last, when its runs are closed: {@code try
   * (program; var run = program.start(state))} does both in that order. A run owns its memory and
   * is closed by itself; what {@link Run#step} and {@link Run#snapshot} returned are copies in the
   * host's memory, which stay valid after both are closed.
   *
   * <p>Today closing does nothing, and a program that is not closed is collected as any object is.
   * An OpenCL device keeps the kernels that it has built, each once however many programs have it,
   * until the process ends, closed or not.
   */
  @Override
  public void close() {
    // What an OpenCL device has built may be another program's as well, and is kept.
  }

  /**
   * What it is, in a line; {@link #explain} says the rest.
   *
   * @return the number of kernels, the planned memory and the device
   */
  @Override
  public String toString() {
    return "Program(%d kernels, %d bytes planned, on %s)"
        .formatted(plan.kernels().size(), plannedBytes(), device);
  }

  S stateLike(List<Tensor> leaves) {
    return state.withLeaves(leaves);
  }

  R resultLike(List<Tensor> leaves) {
    return result.withLeaves(leaves);
  }

  S state() {
    return state;
  }

  B example() {
    return example;
  }

  List<Tensor> results() {
    return result.leaves();
  }
}
