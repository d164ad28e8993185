package org.fluxion.tests.laws;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.fluxion.autodiff.laws.DeviceLaw;
import org.fluxion.autodiff.laws.Examination;
import org.fluxion.autodiff.laws.Law;
import org.fluxion.autodiff.laws.LawBroken;
import org.fluxion.autodiff.laws.OperationExamples;
import org.fluxion.autodiff.laws.PublishedBits;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.RandomPrograms;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.autodiff.laws.SameBits;
import org.fluxion.autodiff.laws.Verdict;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.conformance.OpTable;

/** What is tried with each seed: two operations alone, and random programs, under every law. */
final class Tries {
  /** Who is told what became of it. */
  interface Listener {
    /**
     * A program was held to the laws of derivatives.
     *
     * @param program the program
     * @param tells whether anything of it could be compared
     * @param isCurved whether it was seen to have a second derivative that is not zero
     */
    default void program(RandomProgram program, boolean tells, boolean isCurved) {}

    /** A law holds. */
    default void verdict(Verdict verdict) {}

    /** A program ran as kernels. */
    default void onDevice() {}

    /** A law is broken. */
    void broken(LawBroken law);
  }

  /** One in so many is held to the laws of derivatives in float32, roundings included. */
  private static final int NARROW = 4;

  /** One in so many seeds also draws small programs to be run as kernels. */
  private static final int KERNELS = 2;

  /** One in so many also draws a program that threads share. */
  private static final int LARGE = 6;

  private static final int OPERATIONS_OF_KERNELS = 14;
  private static final int OPERATIONS_OF_LARGE = 6;

  /** What these compare is a second derivative. */
  private static final Set<Law> CURVED = Set.of(Law.SYMMETRY, Law.SECOND_ORDER, Law.CURVATURE);

  private static final List<OpTable.Row> ROWS = OperationExamples.rows(DType.FLOAT64);

  private final List<Law> laws;
  private final List<Law> cheapLaws;
  private final int operations;
  private final Device device;
  private final DeviceLaw agreement;
  private final SameBits small;
  private final SameBits large;
  private final Listener listener;

  Tries(List<Law> laws, int operations, String device, Listener listener) {
    this.laws = laws;
    this.cheapLaws = laws.stream().filter(law -> law.order() < 3).toList();
    this.operations = operations;
    this.device = Device.of(device);
    this.agreement = DeviceLaw.of(this.device);
    this.small = SameBits.on(device);
    this.large =
        SameBits.on(Stream.of("cpu:1", "cpu:2", "cpu:3", device).distinct().toArray(String[]::new));
    this.listener = listener;
  }

  /** What hangs on no seed. */
  void published() {
    told(() -> PublishedBits.check(Device.of("reference")));
    told(() -> PublishedBits.check(device));
  }

  /** Tries a seed. */
  void attempt(long s) {
    // Each operation's turn comes twice in a round, once to third order.
    operation(s, s, laws);
    operation(s + ROWS.size() / 2, s, cheapLaws);
    program(s);
    if (s % KERNELS == 0) {
      DType dtype = s / KERNELS % 2 == 0 ? DType.FLOAT32 : DType.FLOAT64;
      // What is infinite in float32, and is not in the reference, makes no number of a zero: the
      // bounds know nothing of that, so numbers of every kind are for float64.
      boolean isTame = dtype == DType.FLOAT32 || s / KERNELS % 4 < 2;
      RandomProgram program =
          RandomPrograms.draw(s, new Settings(dtype, OPERATIONS_OF_KERNELS, isTame));
      listener.onDevice();
      told(() -> agreement.check(program, s));
      told(() -> small.check(program, s));
    }
    if (s % LARGE == 1) {
      DType dtype = s / LARGE % 4 == 0 ? DType.FLOAT64 : DType.FLOAT32;
      RandomProgram program = RandomPrograms.draw(s, Settings.large(dtype, OPERATIONS_OF_LARGE));
      listener.onDevice();
      told(() -> large.check(program, s));
      if (s / LARGE % 2 == 0) {
        // The reference takes its time.
        told(() -> agreement.check(program, s));
      }
    }
  }

  private void operation(long number, long s, List<Law> held) {
    OpTable.Row row = ROWS.get((int) (number % ROWS.size()));
    long round = s / ROWS.size();
    RandomProgram alone = OperationExamples.of(row, dtype(round), s);
    Examination examination = new Examination(alone, s);
    held.forEach(law -> told(() -> listener.verdict(examination.check(law))));
    // In turn: both dtypes.
    DType dtype = round % 2 == 0 ? DType.FLOAT32 : DType.FLOAT64;
    listener.onDevice();
    told(() -> agreement.check(OperationExamples.of(row, dtype, s), s));
  }

  private void program(long s) {
    boolean isTame = s % 4 != 3;
    RandomProgram program = RandomPrograms.draw(s, new Settings(dtype(s / 4), operations, isTame));
    Examination examination = new Examination(program, s);
    int[] certified = {0};
    boolean[] isCurved = {false};
    boolean isTried = false;
    for (Law law : laws) {
      boolean isDear = law.order() == 3 && s % 10 != 0;
      // Differences near infinities and jumps tell nothing.
      boolean isPointless = law.takesDifferences() && !isTame;
      if (!isDear && !isPointless) {
        isTried = true;
        told(
            () -> {
              Verdict verdict = examination.check(law);
              certified[0] += verdict.certified();
              isCurved[0] |= CURVED.contains(law) && verdict.certified() > verdict.zero();
              listener.verdict(verdict);
            });
      }
    }
    // One that none of the chosen laws is for was not discarded.
    if (isTried) {
      listener.program(program, certified[0] > 0, isCurved[0]);
    }
  }

  private static DType dtype(long number) {
    return number % NARROW == 1 ? DType.FLOAT32 : DType.FLOAT64;
  }

  private void told(Runnable law) {
    try {
      law.run();
    } catch (LawBroken broken) {
      listener.broken(broken);
    }
  }
}
