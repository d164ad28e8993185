package org.fluxion.tests.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Products of large float32 matrices on one core, as a program of one kernel, and by OpenBLAS. */
@State(Scope.Benchmark)
public class SgemmBenchmark {
  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(
          Figure.rate(
              "sgemm",
              "sgemm",
              "GF/s",
              "OpenBLAS",
              SgemmBenchmark::gigaflops,
              SgemmBenchmark::gigaflops));

  /** Rows of A, columns of A, columns of B. */
  @Param({"384x384x384", "768x768x768", "1152x1152x1152", "4096x384x1536"})
  public String shape;

  private Executable product;
  private OpenBlas blas;
  private Arena arena;
  private int m;
  private int k;
  private int n;
  private MemorySegment a;
  private MemorySegment b;
  private MemorySegment c;

  /** JMH makes the instance. */
  public SgemmBenchmark() {}

  private static int[] extents(String shape) {
    String[] parts = shape.split("x");
    return new int[] {
      Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2])
    };
  }

  private static double gigaflops(Map<String, String> parameters) {
    int[] extents = extents(parameters.get("shape"));
    return 2e-9 * extents[0] * extents[1] * extents[2];
  }

  /** Compiles the product and fills both sides' operands alike. */
  @Setup
  public void prepare() {
    int[] extents = extents(shape);
    m = extents[0];
    k = extents[1];
    n = extents[2];
    blas = OpenBlas.load();
    arena = Arena.ofShared();
    a = arena.allocate(4L * m * k, 64);
    b = arena.allocate(4L * k * n, 64);
    c = arena.allocate(4L * m * n, 64);
    Tensor left = Tensor.input("a", Shape.of(m, k), DType.FLOAT32);
    Tensor right = Tensor.input("b", Shape.of(k, n), DType.FLOAT32);
    Graph graph = new Graph(List.of(left, right), List.of(left.matmul(right)));
    product = Device.cpu(1).prepare(Plan.of(graph, new int[] {-1}));
    product.write(0, fill(a));
    product.write(1, fill(b));
    // Both must do the same work: a wrong result would be no rate at all.
    HostData result = HostData.allocate(DType.FLOAT32, (long) m * n);
    product.run();
    product.read(0, result);
    blas.sgemm(m, n, k, a, b, c);
    for (long i = 0; i < (long) m * n; i++) {
      float ours = result.segment().getAtIndex(ValueLayout.JAVA_FLOAT, i);
      float theirs = c.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      if (!(Math.abs(ours - theirs) <= 1e-4 * k)) {
        throw new IllegalStateException(
            "sgemm %s: element %d is %s, by OpenBLAS %s".formatted(shape, i, ours, theirs));
      }
    }
  }

  private static HostData fill(MemorySegment matrix) {
    long count = matrix.byteSize() / 4;
    HostData data = HostData.allocate(DType.FLOAT32, count);
    for (long i = 0; i < count; i++) {
      matrix.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) Math.sin(i));
    }
    MemorySegment.copy(matrix, 0, data.segment(), 0, matrix.byteSize());
    return data;
  }

  /** Frees the memory. */
  @TearDown
  public void free() {
    product.close();
    arena.close();
  }

  /**
   * The product on either side.
   *
   * @param pair the clock
   */
  @Benchmark
  public void sgemm(Pair pair) {
    pair.run(product::run, () -> blas.sgemm(m, n, k, a, b, c));
  }
}
