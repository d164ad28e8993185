package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * Keeps launches short. A desktop's watchdog ends whatever keeps the card that draws the screen for
 * some two seconds, and with it the program; so launches that may take long on a slow card are cut
 * into pieces of their work-groups, which compute the same bits. The rates are far below what cards
 * reach: a piece too many costs some microseconds.
 *
 * <p>What a single work-group takes is not cut. None takes long but where a row of very many
 * elements is sorted or has its maximum taken, or very many rows are added to one. Sums of very
 * many elements are cut by the planner, and where the largest of very many lies is looked for in
 * parts.
 *
 * @param operationsPerSecond what the device surely computes, in float32 or integers
 * @param bytesPerSecond what it surely moves, even in a bad order
 * @param seconds how long a launch may take by these
 */
record Watchdog(double operationsPerSecond, double bytesPerSecond, double seconds) {
  /** Cuts nothing. */
  static final Watchdog NONE = new Watchdog(1, 1, Double.POSITIVE_INFINITY);

  /** For each compute unit, of which the smallest have eight lanes. */
  private static final double OPERATIONS_PER_SECOND = 2e9;

  private static final double BYTES_PER_SECOND = 0.25e9;

  /** An eighth of what watchdogs allow. */
  private static final double SECONDS = 0.25;

  /** Cards for the home compute float64 at up to 64 times less than float32. */
  private static final double DOUBLES = 64;

  /** A launch that is driven piece by piece should still end this year. */
  private static final long MOST_PIECES = 10_000;

  /** What a device needs; nothing watches over processors. */
  static Watchdog of(OpenClDevice device) {
    return device.kind().equals("cpu")
        ? NONE
        : new Watchdog(
            OPERATIONS_PER_SECOND * device.computeUnits(),
            BYTES_PER_SECOND * device.computeUnits(),
            SECONDS);
  }

  /**
   * Cuts a launch.
   *
   * @param kernel what it does, or a part of that
   * @param groups how many work-groups it has
   * @return where each piece begins, from 0 upwards, and last the number of groups
   */
  List<Long> pieces(Kernel kernel, long groups) {
    double wanted = Math.ceil(seconds(kernel) / seconds);
    long count = Math.clamp((long) wanted, 1, Math.min(groups, MOST_PIECES));
    List<Long> bounds = new ArrayList<>();
    for (long piece = 0; piece <= count; piece++) {
      bounds.add(piece * groups / count);
    }
    return List.copyOf(bounds);
  }

  private double seconds(Kernel kernel) {
    boolean doubles =
        kernel.reads().stream().map(Buffer::dtype).anyMatch(d -> d == DType.FLOAT64)
            || kernel.writes().stream().map(Buffer::dtype).anyMatch(d -> d == DType.FLOAT64);
    double rate = doubles ? operationsPerSecond / DOUBLES : operationsPerSecond;
    return operations(kernel) / rate + kernel.bytes() / bytesPerSecond;
  }

  private static double operations(Kernel kernel) {
    if (!(kernel instanceof Kernel.OperationKernel operation)) {
      return kernel.flops();
    }
    double elements = operation.shape().elements();
    return switch (operation.op()) {
      case Op.Fold fold -> elements * fold.window().kernelHeight() * fold.window().kernelWidth();
      // Each is compared with all of its row, or, in a long one, merged as often as it doubles.
      case Op.ArgSort _ ->
          elements * Math.min(OperationSource.LONG_ROW, operation.shape().extent(-1));
      case Op.RandomBits _ -> elements * 32;
      case Op.ArgMax _ -> operation.shapes().getFirst().elements();
      default -> elements;
    };
  }
}
