package org.fluxion.tests.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.Jvp;
import org.fluxion.autodiff.Vjp;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Attention's kernels on an OpenCL device beside the same attention composed of products and a
 * softmax, planned with every grouping on. For one core of PoCL, start it with {@code
 * POCL_MAX_PTHREAD_COUNT=1}.
 */
@State(Scope.Benchmark)
public class AttentionBenchmark {
  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(Figure.milliseconds("attention", "attention on OpenCL", "its composition"));

  /** Heads in all, length, head size. */
  @Param({"256x64x64", "64x256x64", "8x1024x72"})
  public String shape;

  /** What is computed: the output, output and tangent, or the gradient of a sum of the output. */
  @Param({"output", "tangent", "gradient"})
  public String what;

  private Prepared fused;
  private Prepared composed;

  /** JMH makes the instance. */
  public AttentionBenchmark() {}

  /** A program that is ready, and the one element by which the host waits for it. */
  private record Prepared(Executable executable, int last, HostData element) {
    void run() {
      executable.run();
      executable.read(last, element);
    }
  }

  /** Queries, keys and values. */
  private record Operands(List<Tensor> leaves) implements Tree<Operands> {
    @Override
    public Operands withLeaves(List<Tensor> leaves) {
      return new Operands(leaves);
    }

    Tensor output() {
      return Attention.over(leaves.get(0), leaves.get(1), leaves.get(2)).output();
    }
  }

  /** Prepares both and runs them once. */
  @Setup
  public void prepare() {
    int[] extents = Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
    Device device = Device.of("opencl");
    Graph graph = graph(what, Shape.of(extents));
    fused = prepare(graph, device, device.planOptions());
    composed = prepare(graph, device, PlanOptions.ALL);
    fused.run();
    composed.run();
  }

  /**
   * Attention over inputs.
   *
   * @param what output, tangent or gradient
   * @param shape of each operand
   * @return a graph of queries, keys, values and three tangents, whose last output is one element
   */
  static Graph graph(String what, Shape shape) {
    List<Tensor> in =
        List.of("q", "k", "v", "dq", "dk", "dv").stream()
            .map(name -> Tensor.input(name, shape, DType.FLOAT32))
            .toList();
    Operands x = new Operands(in.subList(0, 3));
    Operands tangents = new Operands(in.subList(3, 6));
    List<Tensor> outputs =
        switch (what) {
          case "output" -> List.of(x.output());
          case "tangent" -> {
            Jvp<Tensor> both = Autodiff.jvp(Operands::output, x, tangents);
            yield List.of(both.value(), both.tangent());
          }
          default -> {
            Vjp<Operands, Tensor> vjp = Autodiff.vjp(Operands::output, x);
            yield vjp.pullback().apply(in.get(3)).leaves();
          }
        };
    return withElement(in, outputs);
  }

  private static Graph withElement(List<Tensor> inputs, List<Tensor> outputs) {
    List<Tensor> all = new ArrayList<>(outputs);
    all.add(outputs.get(0).reshape(-1).slice(0, 0, 1));
    return new Graph(inputs, all);
  }

  private static Prepared prepare(Graph graph, Device device, PlanOptions options) {
    int[] none = new int[graph.outputs().size()];
    Arrays.fill(none, -1);
    Executable executable = device.prepare(Plan.of(graph, none, options));
    for (int i = 0; i < graph.inputs().size(); i++) {
      Shape shape = graph.inputs().get(i).shape();
      executable.write(i, RandomKey.of(i).normal(shape, DType.FLOAT32).value());
    }
    return new Prepared(executable, none.length - 1, HostData.allocate(DType.FLOAT32, 1));
  }

  /** Frees the memory. */
  @TearDown
  public void free() {
    fused.executable().close();
    composed.executable().close();
  }

  /**
   * Attention by its kernels beside its composition.
   *
   * @param pair the clock
   */
  @Benchmark
  public void attention(Pair pair) {
    pair.run(fused::run, composed::run);
  }
}
