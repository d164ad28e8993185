package org.fluxion.tensor.cpu;

import java.util.Arrays;
import org.fluxion.tensor.plan.Kernel;

/** Runs a matrix product; batch loops that continue the rows become rows of one taller product. */
final class MatmulRunner implements CpuKernel {
  private final Gemm gemm;
  private final int a;
  private final int b;
  private final int c;
  private final long aOffset;
  private final long bOffset;
  private final long cOffset;

  MatmulRunner(Kernel.MatmulKernel kernel) {
    long[] batch = kernel.batch().stream().mapToLong(Long::longValue).toArray();
    long[] sa = kernel.a().strides();
    long[] sb = kernel.b().strides();
    long[] sc = kernel.c().strides();
    int loops = batch.length;
    long m = kernel.m();
    long aRow = sa[loops];
    long aColumn = sa[loops + 1];
    long bRow = sb[loops];
    long bColumn = sb[loops + 1];
    long cRow = sc[loops];
    long cColumn = sc[loops + 1];
    // Inner loops over which the right operand stays the same lengthen the rows.
    while (loops > 0
        && sb[loops - 1] == 0
        && (m == 1 || (sa[loops - 1] == m * aRow && sc[loops - 1] == m * cRow))
        && m * batch[loops - 1] < Integer.MAX_VALUE) {
      aRow = m == 1 ? sa[loops - 1] : aRow;
      cRow = m == 1 ? sc[loops - 1] : cRow;
      m *= batch[loops - 1];
      loops--;
    }
    long[] extents = Arrays.copyOf(batch, loops);
    this.gemm =
        Gemm.plan(
            kernel.c().buffer().dtype(),
            extents,
            Math.toIntExact(m),
            kernel.n(),
            kernel.k(),
            new Gemm.Operand(Arrays.copyOf(sa, loops), aRow, aColumn),
            new Gemm.Operand(Arrays.copyOf(sb, loops), bRow, bColumn),
            new Gemm.Operand(Arrays.copyOf(sc, loops), cRow, kernel.n() == 1 ? 1 : cColumn),
            false);
    this.a = kernel.a().buffer().id();
    this.b = kernel.b().buffer().id();
    this.c = kernel.c().buffer().id();
    this.aOffset = kernel.a().offset() * kernel.a().buffer().dtype().bytes();
    this.bOffset = kernel.b().offset() * kernel.b().buffer().dtype().bytes();
    this.cOffset = kernel.c().offset() * kernel.c().buffer().dtype().bytes();
  }

  @Override
  public int phases() {
    return gemm.phases();
  }

  @Override
  public int tasks(int phase) {
    return gemm.tasks(phase);
  }

  @Override
  public long sharedBytes() {
    return gemm.sharedScratchBytes();
  }

  @Override
  public long scratchBytes() {
    return gemm.taskScratchBytes();
  }

  @Override
  public void run(int phase, int task, long[] addresses, long shared, Frame frame) {
    gemm.run(
        phase,
        task,
        addresses[a] + aOffset,
        addresses[b] + bOffset,
        addresses[c] + cOffset,
        shared,
        frame.scratch,
        frame.tile);
  }
}
