package org.fluxion.tensor;

import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.tensor.plan.Explanation;

/**
 * A program that is running: it owns the state on the device and moves it on in place, so that a
 * step allocates nothing there. It belongs to one thread; closing it frees the device's memory.
 *
 * @param <S> the state
 * @param <B> what each step is given
 * @param <R> what each step returns
 */
public final class Run<S extends Tree<S>, B extends Tree<B>, R extends Tree<R>>
    implements AutoCloseable {
  private final Program<S, B, R> program;
  private final Executable executable;
  private final List<Tensor> states;
  private final List<Tensor> batches;
  private final List<String> stateNames;
  private final List<String> batchNames;
  private final List<Tensor> results;
  private long steps;

  Run(Program<S, B, R> program, Executable executable, S initial) {
    this.program = program;
    this.executable = executable;
    this.states = program.state().leaves();
    this.batches = program.example().leaves();
    this.stateNames = Tree.namesUnder("state", program.state());
    this.batchNames = Tree.namesUnder("batch", program.example());
    this.results = program.results();
    write("start: the state", stateNames, states, initial.leaves(), 0);
  }

  private void write(
      String what, List<String> names, List<Tensor> expected, List<Tensor> got, int first) {
    if (expected.size() != got.size()) {
      throw new TensorException(
          "%s: the program was compiled for %d tensors, got %d; give a tree of the example's structure"
              .formatted(what, expected.size(), got.size()));
    }
    for (int i = 0; i < got.size(); i++) {
      Tensor e = expected.get(i);
      Tensor g = got.get(i);
      if (!e.shape().equals(g.shape()) || e.dtype() != g.dtype()) {
        throw new TensorException(
            "%s: the program was compiled for %s as %s %s, got %s %s; compile another for this shape"
                .formatted(what, names.get(i), e.dtype(), e.shape(), g.dtype(), g.shape()));
      }
      executable.write(first + i, g.value());
    }
  }

  /**
   * Takes one step: the state moves on.
   *
   * @param batch what the step is given
   * @return what it returns: it changes no more, and outlives the run. On a device that works
   *     beside the host the step may still be going on; whoever looks at an element waits for it
   * @throws TensorException if the batch's shapes are not those the program was compiled for
   */
  public R step(B batch) {
    write("step: the batch", batchNames, batches, batch.leaves(), states.size());
    executable.run();
    // Read before the state moves on: a result may be a tensor of the old state itself.
    List<Tensor> values = tensors(results, i -> executable.result(states.size() + i));
    executable.carry();
    steps++;
    return program.resultLike(values);
  }

  private static List<Tensor> tensors(List<Tensor> like, IntFunction<HostData> values) {
    return IntStream.range(0, like.size())
        .mapToObj(i -> Tensor.of(values.apply(i), like.get(i).shape()))
        .toList();
  }

  private HostData state(int number) {
    Tensor state = states.get(number);
    HostData data = HostData.allocate(state.dtype(), state.shape().elements());
    executable.readInput(number, data);
    return data;
  }

  /**
   * A copy of the state as it is.
   *
   * @return the state
   */
  public S snapshot() {
    return program.stateLike(tensors(states, this::state));
  }

  /**
   * The steps taken since the start.
   *
   * @return the count
   */
  public long steps() {
    return steps;
  }

  /**
   * The memory that the run holds on the device.
   *
   * @return bytes
   */
  public long bytes() {
    return executable.bytes();
  }

  /**
   * The kernels with their bytes, operations and, where the device measures it, the time that each
   * has taken.
   *
   * @return a listing
   */
  public String explain() {
    return Explanation.of(executable.plan(), executable) + Explanation.notes(notes());
  }

  /**
   * What is not as one might expect: the program's {@linkplain Program#notes() notes}, and what
   * became of it on the device.
   *
   * @return a line each
   */
  public List<String> notes() {
    return Stream.concat(program.notes().stream(), executable.notes().stream()).toList();
  }

  /**
   * What it is, in a line.
   *
   * @return the steps taken and the program
   */
  @Override
  public String toString() {
    return "Run(%d steps taken of %s)".formatted(steps, program);
  }

  /**
   * Frees the run's memory on the device, the state with it: take a {@link #snapshot} before, if it
   * is still wanted. Results and snapshots are copies and stay valid. A second call does nothing.
   */
  @Override
  public void close() {
    executable.close();
  }
}
