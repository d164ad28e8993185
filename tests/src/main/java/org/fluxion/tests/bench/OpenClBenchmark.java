package org.fluxion.tests.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.fluxion.nn.Functions;
import org.fluxion.nn.LayerNorm;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Programs on the first OpenCL device beside what that device can do: products beside OpenBLAS on
 * one thread and CLBlast, loops beside the fastest kernel that copies as much. {@code
 * tests/bin/bench} lets PoCL use one core. Packing is a part of a product's time; transfers of
 * operands and results are not.
 */
public class OpenClBenchmark {
  private static final int GELU_ELEMENTS = 1 << 24;
  private static final int ROWS = 32_768;
  private static final int WIDTH = 384;
  private static final long ROW_ELEMENTS = (long) ROWS * WIDTH;

  /**
   * Places in memory in which a loop runs, and as many for the copy, allocated in turns: where
   * buffers happen to lie changes what reads them by a third, loops and copies alike, so that a
   * loop in one place and a copy in another tell of the places alone. All are started before the
   * last is waited for, as in training.
   */
  private static final int PLACES = 8;

  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(
          gigaflops("sgemmByOpenBlas", "OpenBLAS"),
          gigaflops("sgemmByClBlast", "CLBlast"),
          gigabytes("gelu", "GELU(a·x + b), 16 M", GELU_ELEMENTS),
          gigabytes("softmax", "softmax of 384, 12.6 M", ROW_ELEMENTS),
          gigabytes("layerNorm", "layer norm of 384, 12.6 M", ROW_ELEMENTS));

  /** JMH makes the instance. */
  public OpenClBenchmark() {}

  private static Figure gigaflops(String method, String peer) {
    Figure.Work work =
        parameters -> {
          int[] extents = extents(parameters);
          return 2e-9 * extents[0] * extents[1] * extents[2];
        };
    return Figure.rate(method, "sgemm", "GF/s", peer, work, work);
  }

  /** Bytes that are read, as of a copy. */
  private static Figure gigabytes(String method, String name, long elements) {
    Figure.Work work = parameters -> 4e-9 * PLACES * elements;
    return Figure.rate(method, name, "GB/s", "best copy kernel", work, work);
  }

  private static int[] extents(Map<String, String> parameters) {
    return extents(parameters.get("shape"));
  }

  private static int[] extents(String shape) {
    return java.util.Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
  }

  /** Tensors in a row. */
  private record Tensors(List<Tensor> leaves) implements Tree<Tensors> {
    private static final Tensors NONE = new Tensors(List.of());

    @Override
    public Tensors withLeaves(List<Tensor> leaves) {
      return new Tensors(leaves);
    }
  }

  /**
   * Makes a function of tensors a program whose step returns one number, so that a step can be
   * waited for and transfers nothing.
   *
   * @param operands what the function takes
   * @param result the shape of what it gives, which stays on the device
   */
  private static Run<Tensors, Tensors, Tensors> start(
      List<Tensor> operands, Shape result, Function<List<Tensor>, Tensor> function) {
    Tensor tick = Tensor.scalar(1, DType.FLOAT32);
    List<Tensor> leaves = new ArrayList<>(operands);
    leaves.add(Tensor.of(HostData.allocate(DType.FLOAT32, result.elements()), result));
    leaves.add(tick);
    Tensors state = new Tensors(List.copyOf(leaves));
    Program<Tensors, Tensors, Tensors> program =
        Program.compile(
            (s, b) -> {
              List<Tensor> next = new ArrayList<>(s.leaves());
              int last = next.size() - 1;
              next.set(last - 1, function.apply(s.leaves()));
              Tensor ticked = next.get(last).neg();
              next.set(last, ticked);
              return new Step<>(new Tensors(List.copyOf(next)), new Tensors(List.of(ticked)));
            },
            state,
            Tensors.NONE,
            Device.of("opencl"));
    return program.start(state);
  }

  /** Takes a step, and waits for it by looking at what it returns. */
  private static void finish(Run<Tensors, Tensors, Tensors> run) {
    run.step(Tensors.NONE).leaves().getFirst().item();
  }

  private static Tensor normal(int seed, Shape shape) {
    return Tensor.of(RandomKey.of(seed).normal(shape, DType.FLOAT32).value(), shape);
  }

  /** Operands of a product, for everyone who multiplies them. */
  @State(Scope.Benchmark)
  public static class Product {
    /** Rows of A, columns of A, columns of B. */
    @Param({"512x512x512", "1024x1024x1024", "4096x384x384"})
    public String shape;

    private int m;
    private int k;
    private int n;
    private MemorySegment a;
    private MemorySegment b;
    private MemorySegment c;
    private Run<Tensors, Tensors, Tensors> ours;
    private OpenBlas openBlas;

    /** JMH makes the instance. */
    public Product() {}

    /** Compiles the product and compares it with OpenBLAS's. */
    @Setup
    public void prepare() {
      int[] extents = extents(shape);
      m = extents[0];
      k = extents[1];
      n = extents[2];
      Tensor left = normal(1, Shape.of(m, k));
      Tensor right = normal(2, Shape.of(k, n));
      a = left.value().segment();
      b = right.value().segment();
      c = Arena.global().allocate(4L * m * n, 64);
      ours =
          start(
              List.of(left, right), Shape.of(m, n), leaves -> leaves.get(0).matmul(leaves.get(1)));
      openBlas = OpenBlas.load();
      step();
      multiplyByOpenBlas();
      // Both must do the same work: a wrong result would be no rate at all.
      MemorySegment result = ours.snapshot().leaves().get(2).value().segment();
      for (long i = 0; i < (long) m * n; i++) {
        float mine = result.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        float theirs = c.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        if (!(Math.abs(mine - theirs) <= 1e-5 * k)) {
          throw new IllegalStateException(
              "sgemm %s: element %d is %s, by OpenBLAS %s".formatted(shape, i, mine, theirs));
        }
      }
    }

    private void step() {
      finish(ours);
    }

    private void multiplyByOpenBlas() {
      openBlas.sgemm(m, n, k, a, b, c);
    }

    /** Frees the memory. */
    @TearDown
    public void free() {
      ours.close();
    }
  }

  /** CLBlast with a product's operands on its device. */
  @State(Scope.Benchmark)
  public static class OnDevice {
    private ClBlast clBlast;
    private MemorySegment a;
    private MemorySegment b;
    private MemorySegment c;

    /** JMH makes the instance. */
    public OnDevice() {}

    /**
     * Uploads the operands.
     *
     * @param product the operands
     */
    @Setup
    public void prepare(Product product) {
      NativeOpenCl device = NativeOpenCl.open();
      clBlast = ClBlast.load(device);
      a = device.buffer(product.a);
      b = device.buffer(product.b);
      c = device.buffer(product.c);
      // The first call compiles.
      multiply(product);
    }

    private void multiply(Product product) {
      clBlast.sgemm(product.m, product.n, product.k, a, b, c);
    }
  }

  /** A loop in several places, and the copy that it is compared with. */
  private static final class InPlaces implements AutoCloseable {
    private final List<Run<Tensors, Tensors, Tensors>> runs = new ArrayList<>();
    private final CopyKernel copy;

    InPlaces(List<Tensor> operands, Shape result, Function<List<Tensor>, Tensor> function) {
      copy = new CopyKernel(NativeOpenCl.open(), result.elements());
      runs.add(start(operands, result, function));
      while (runs.size() < PLACES) {
        copy.addPlace();
        runs.add(start(operands, result, function));
      }
    }

    /** Takes a step in each place, and waits for them by looking at what they return. */
    private void run() {
      List<Tensors> outputs = runs.stream().map(run -> run.step(Tensors.NONE)).toList();
      outputs.forEach(output -> output.leaves().getFirst().item());
    }

    @Override
    public void close() {
      runs.forEach(Run::close);
    }
  }

  /** One of the loops. */
  @State(Scope.Benchmark)
  public abstract static class Loop {
    private InPlaces places;

    /** Each loop is a class of its own. */
    Loop() {}

    /** The loop, in its places. */
    abstract InPlaces inPlaces();

    /** Compiles the program, and finds the fastest copy. */
    @Setup
    public void prepare() {
      places = inPlaces();
    }

    final void compare(Pair pair) {
      pair.run(places::run, places.copy::run);
    }

    /** Frees the memory. */
    @TearDown
    public void free() {
      places.close();
    }
  }

  /** GELU. */
  public static class Gelu extends Loop {
    /** JMH makes the instance. */
    public Gelu() {}

    @Override
    InPlaces inPlaces() {
      Shape all = Shape.of(GELU_ELEMENTS);
      return new InPlaces(
          List.of(normal(1, all)),
          all,
          leaves -> Functions.geluTanh(leaves.get(0).mul(1.25).add(0.5)));
    }
  }

  /** Softmax. */
  public static class Softmax extends Loop {
    /** JMH makes the instance. */
    public Softmax() {}

    @Override
    InPlaces inPlaces() {
      Shape rows = Shape.of(ROWS, WIDTH);
      return new InPlaces(List.of(normal(2, rows)), rows, leaves -> leaves.get(0).softmax(-1));
    }
  }

  /** Layer norm with weights. */
  public static class Norm extends Loop {
    /** JMH makes the instance. */
    public Norm() {}

    @Override
    InPlaces inPlaces() {
      Shape rows = Shape.of(ROWS, WIDTH);
      Tensor vector = normal(3, Shape.of(WIDTH));
      return new InPlaces(
          List.of(normal(2, rows), vector, vector),
          rows,
          leaves ->
              new LayerNorm(WIDTH)
                  .apply(
                      Parameters.of("weight", leaves.get(1), "bias", leaves.get(2)),
                      leaves.get(0)));
    }
  }

  /**
   * Our product and OpenBLAS's.
   *
   * @param pair the clock
   * @param product the operands
   */
  @Benchmark
  public void sgemmByOpenBlas(Pair pair, Product product) {
    pair.run(product::step, product::multiplyByOpenBlas);
  }

  /**
   * Our product and CLBlast's.
   *
   * @param pair the clock
   * @param product the operands
   * @param onDevice CLBlast
   */
  @Benchmark
  public void sgemmByClBlast(Pair pair, Product product, OnDevice onDevice) {
    pair.run(product::step, () -> onDevice.multiply(product));
  }

  /**
   * GELU over 16 M floats.
   *
   * @param pair the clock
   * @param gelu the program
   */
  @Benchmark
  public void gelu(Pair pair, Gelu gelu) {
    gelu.compare(pair);
  }

  /**
   * Softmax of rows.
   *
   * @param pair the clock
   * @param softmax the program
   */
  @Benchmark
  public void softmax(Pair pair, Softmax softmax) {
    softmax.compare(pair);
  }

  /**
   * Layer norm of rows, with weights.
   *
   * @param pair the clock
   * @param norm the program
   */
  @Benchmark
  public void layerNorm(Pair pair, Norm norm) {
    norm.compare(pair);
  }
}
