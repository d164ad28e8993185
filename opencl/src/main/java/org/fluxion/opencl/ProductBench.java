package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Arena;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;

/**
 * Tries tiles of a product on a device: each in a program of its own, with memory of its own, so
 * that no tile finds its operands in a cache because another has just read them. Operands lie as
 * they do in the plan that the product is from.
 */
final class ProductBench implements TileSearch.Bench {
  /** A turn is worth so much time, within so many runs. */
  private static final long WORTH_NANOS = 3_000_000;

  private static final int MOST_RUNS = 50;

  /** Tiles that are tried at once, at most. */
  private static final int MOST = 12;

  private final Context context;
  private final Family family;
  private final ExactProduct exact;
  private final Plan plan;
  private final Kernel.MatmulKernel product;

  /**
   * A bench.
   *
   * @param kernel the product
   * @param context the device
   * @param family the form of its kernels
   */
  ProductBench(Kernel.MatmulKernel kernel, Context context, Family family) {
    this.context = context;
    this.family = family;
    Access a = moved(kernel.a(), 0, "a");
    Access b =
        kernel.b().buffer().equals(kernel.a().buffer())
            ? new Access(a.buffer(), kernel.b().offset(), kernel.b().strides(), List.of())
            : moved(kernel.b(), 1, "b");
    Access c = moved(kernel.c(), 2, "c");
    this.product =
        new Kernel.MatmulKernel(
            kernel.name(), kernel.batch(), kernel.m(), kernel.n(), kernel.k(), a, b, c);
    this.exact = new ExactProduct(product);
    this.plan = plan();
  }

  private static Access moved(Access access, int id, String name) {
    Buffer of = access.buffer();
    Buffer buffer = new Buffer(id, of.dtype(), of.shape(), Buffer.Kind.INPUT, name);
    return new Access(buffer, access.offset(), access.strides(), List.of());
  }

  /** Reading this waits for the device, and moves next to nothing. */
  private static Buffer tick() {
    return new Buffer(3, DType.INT32, Shape.of(1), Buffer.Kind.INPUT, "tick");
  }

  /** A program of one kernel, whose result is among its inputs, so that it can be spoilt before. */
  private Plan plan() {
    List<Buffer> inputs = new ArrayList<>(List.of(tick(), product.c().buffer()));
    inputs.addAll(product.reads());
    return new Plan(
        new Graph(List.of(), List.of()),
        List.of(product),
        inputs,
        List.of(product.c().buffer()),
        Map.of(),
        new Arena(Map.of(), 0, 0, -1, List.of(), List.of()),
        Map.of(),
        List.of(-1),
        List.of(),
        List.of());
  }

  @Override
  public int atOnce() {
    long bytes = Math.max(1, plan.inputs().stream().mapToLong(Buffer::bytes).sum());
    long memory = context.memory().limits().memory() / 4;
    return Math.clamp(memory / bytes, 3, MOST);
  }

  @Override
  public TileSearch.Trial open(MatmulTile tile) {
    Spans spans = new Spans();
    OpenClExecutable program =
        new OpenClExecutable(
            plan,
            context,
            family,
            _ -> new MatmulTiles.Choice(tile, false),
            Optional.of((run, _, _, start, nanos) -> spans.add(run, start, nanos)));
    boolean ready = false;
    try {
      if (!program.variant(0).equals(new MatmulTiles.Choice(tile, false).describe())) {
        throw new OpenClException("its kernel takes too much for its work-groups");
      }
      OnDevice trial = new OnDevice(program, spans);
      ready = true;
      return trial;
    } finally {
      if (!ready) {
        program.close();
      }
    }
  }

  /** From when to when a program's launches ran, since it was last asked. */
  private static final class Spans {
    private final Map<Long, long[]> runs = new LinkedHashMap<>();

    void add(long run, long start, long nanos) {
      long[] span = runs.computeIfAbsent(run, _ -> new long[] {start, start});
      span[1] = Math.max(span[1], start + nanos);
    }

    /** The mean time of a run, whose launches may have had to wait for each other. */
    long mean() {
      long sum = runs.values().stream().mapToLong(span -> span[1] - span[0]).sum();
      long mean = sum / Math.max(1, runs.size());
      runs.clear();
      return Math.max(1, mean);
    }
  }

  /** A program with the operands of the exact product. */
  private final class OnDevice implements TileSearch.Trial {
    private final OpenClExecutable program;
    private final Spans spans;
    private final HostData waited = HostData.allocate(DType.INT32, 1);
    private final Optional<String> fault;
    private final int runs;

    OnDevice(OpenClExecutable program, Spans spans) {
      this.program = program;
      this.spans = spans;
      Buffer c = product.c().buffer();
      HostData result = HostData.allocate(c.dtype(), c.elements());
      for (long i = 0; i < result.elements(); i++) {
        // Integers have no NaN, and no sum is as large.
        result.setDouble(i, c.dtype().isFloating() ? Double.NaN : Integer.MIN_VALUE);
      }
      program.write(1, result);
      program.write(2, exact.left());
      if (plan.inputs().size() > 3) {
        program.write(3, exact.right());
      }
      program.run();
      program.read(0, result);
      fault = exact.fault(result);
      // The first run may compile.
      spans.mean();
      program.run();
      program.readInput(0, waited);
      runs = Math.clamp(WORTH_NANOS / spans.mean(), 1, MOST_RUNS);
    }

    @Override
    public Optional<String> fault() {
      return fault;
    }

    @Override
    public long nanos() {
      for (int run = 0; run < runs; run++) {
        program.run();
      }
      program.readInput(0, waited);
      return spans.mean();
    }

    @Override
    public void close() {
      program.close();
    }
  }
}
