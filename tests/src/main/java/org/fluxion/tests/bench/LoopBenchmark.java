package org.fluxion.tests.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.Jvp;
import org.fluxion.nn.Functions;
import org.fluxion.nn.LayerNorm;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Loop kernels over arrays that no cache holds, on two threads, beside a copy of as many bytes on
 * two threads: GELU(a·x + b), and layer norm with its tangent, both in one launch. The bytes that a
 * loop moves are those of its arguments and results; a copy moves each byte twice.
 */
@State(Scope.Benchmark)
public class LoopBenchmark {
  private static final int GELU_ELEMENTS = 1 << 24;
  private static final int ROWS = 32_768;
  private static final int WIDTH = 384;
  private static final long NORM_BYTES = 4L * ROWS * WIDTH;

  /** How long a loop runs before it is measured: the JIT has to be done with it. */
  private static final long WARM_UP_NANOS = 8_000_000_000L;

  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(
          Figure.rate(
              "gelu",
              "GELU(a·x + b), 16 M",
              "GB/s",
              "copy",
              parameters -> 4e-9 * GELU_ELEMENTS,
              parameters -> 4e-9 * GELU_ELEMENTS),
          Figure.rate(
              "layerNorm",
              "layer norm with tangent",
              "GB/s",
              "copy",
              parameters -> (2 * NORM_BYTES + 4 * WIDTH) / 1e9,
              parameters -> 2 * NORM_BYTES / 1e9));

  /** What the loops read, and what they wrote the last time. */
  private record Tensors(List<Tensor> leaves) implements Tree<Tensors> {
    @Override
    public Tensors withLeaves(List<Tensor> leaves) {
      return new Tensors(leaves);
    }
  }

  private Run<Tensors, Tensors, Tensors> gelu;
  private Run<Tensors, Tensors, Tensors> layerNorm;
  private Arena arena;
  private Worker worker;
  private MemorySegment from;
  private MemorySegment to;

  /** JMH makes the instance. */
  public LoopBenchmark() {}

  /** Compiles both programs and runs each until it is fast. */
  @Setup
  public void prepare() {
    arena = Arena.ofShared();
    worker = new Worker();
    from = arena.allocate(2 * NORM_BYTES, 64).fill((byte) 1);
    to = arena.allocate(2 * NORM_BYTES, 64).fill((byte) 2);
    RandomKey key = RandomKey.of(5);
    Tensor x = normal(key.fold(0), Shape.of(GELU_ELEMENTS));
    gelu = start(new Tensors(List.of(x, x)), LoopBenchmark::gelu);
    Tensor rows = normal(key.fold(1), Shape.of(ROWS, WIDTH));
    Tensor vector = normal(key.fold(2), Shape.of(WIDTH));
    layerNorm =
        start(
            new Tensors(List.of(rows, rows, rows, rows, vector, vector)), LoopBenchmark::layerNorm);
  }

  private static Tensor normal(RandomKey key, Shape shape) {
    return Tensor.of(key.normal(shape, DType.FLOAT32).value(), shape);
  }

  private static Tensors gelu(Tensors state) {
    Tensor x = state.leaves().get(0);
    return new Tensors(List.of(x, Functions.geluTanh(x.mul(1.25).add(0.5))));
  }

  private static Tensors layerNorm(Tensors state) {
    Tensor x = state.leaves().get(0);
    Tensor dx = state.leaves().get(1);
    Tensor weight = state.leaves().get(4);
    Tensor bias = state.leaves().get(5);
    Parameters parameters = Parameters.of("weight", weight, "bias", bias);
    Jvp<Tensor> y = Autodiff.jvp((Tensor z) -> new LayerNorm(WIDTH).apply(parameters, z), x, dx);
    return new Tensors(List.of(x, dx, y.value(), y.tangent(), weight, bias));
  }

  private static Run<Tensors, Tensors, Tensors> start(
      Tensors state, java.util.function.UnaryOperator<Tensors> step) {
    Tensors nothing = new Tensors(List.of());
    Program<Tensors, Tensors, Tensors> program =
        Program.compile(
            (s, b) -> new Step<>(step.apply(s), nothing), state, nothing, Device.cpu(2));
    Run<Tensors, Tensors, Tensors> run = program.start(state);
    for (long start = System.nanoTime(); System.nanoTime() - start < WARM_UP_NANOS; ) {
      run.step(nothing);
    }
    return run;
  }

  /** Frees the memory and ends the second thread. */
  @TearDown
  public void free() {
    gelu.close();
    layerNorm.close();
    worker.close();
    arena.close();
  }

  /**
   * GELU over 16 M floats beside a copy of them.
   *
   * @param pair the clock
   */
  @Benchmark
  public void gelu(Pair pair) {
    pair.run(() -> gelu.step(new Tensors(List.of())), () -> copy(4L * GELU_ELEMENTS));
  }

  /**
   * Layer norm of values and tangents beside a copy of both.
   *
   * @param pair the clock
   */
  @Benchmark
  public void layerNorm(Pair pair) {
    pair.run(() -> layerNorm.step(new Tensors(List.of())), () -> copy(2 * NORM_BYTES));
  }

  private void copy(long bytes) {
    worker.runBoth(() -> copy(0, bytes / 2), () -> copy(bytes / 2, bytes / 2));
  }

  private void copy(long offset, long bytes) {
    MemorySegment.copy(from, offset, to, offset, bytes);
  }
}
