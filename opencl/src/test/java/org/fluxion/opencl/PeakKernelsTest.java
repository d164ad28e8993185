package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.Peak;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_mem;
import org.junit.jupiter.api.Test;

/** The peak's units from times that are given, and drivers that do not let it be measured. */
class PeakKernelsTest {
  @Test
  void aRateIsTheAmountOfTheFastestLaunchByTheSeconds() {
    // 6 MiB in 2 ms; the last time repeats.
    Iterator<Long> nanos =
        Stream.concat(
                Stream.of(9L, 2L, 7L).map(ms -> ms * 1_000_000), Stream.generate(() -> 3_000_000L))
            .iterator();
    double expected = (6 << 20) * 500.0;
    // A quotient and a product, each rounded.
    assertEquals(expected, PeakKernels.rate(6 << 20, nanos::next), 2 * Math.ulp(expected));
  }

  @Test
  void aMultiplyAddOfEachChainIsTwoOperations() {
    String chains = PeakKernels.SOURCE.substring(PeakKernels.SOURCE.indexOf("void chains"));
    assertEquals(PeakKernels.CHAINS, chains.split(" \\* f \\+ g;", -1).length - 1);
    assertEquals(2.0 * 8 * 3 * 4 * 5, PeakKernels.flops(3, 4, 5));
  }

  @Test
  void theDevicesPeakIsMeasuredAndNothingIsHeldAfterIt() {
    ProbeTest.assumeADevice();
    try (Context context = new Context(Probe.devices().get(0))) {
      Peak peak = PeakKernels.measure(context).orElseThrow();
      assertTrue(peak.bytesPerSecond() > 1e7 && peak.bytesPerSecond() < 1e14, peak::toString);
      assertTrue(peak.flopsPerSecond() > 1e6 && peak.flopsPerSecond() < 1e15, peak::toString);
      assertEquals(0, context.memory().buffers());
      assertEquals(0, context.memory().held());
      assertEquals(List.of(), context.notes());
    }
  }

  /** What it takes is counted while it has it, and not taken if it is not free. */
  @Test
  void whatIsMeasuredWithIsOfTheDevicesMemory() {
    ProbeTest.assumeADevice();
    OpenClDevice device = Probe.devices().get(0);
    try (Context context = new Context(device)) {
      List<Long> asked = new ArrayList<>();
      LongFunction<cl_mem> memory =
          bytes -> {
            asked.add(bytes);
            assertTrue(context.memory().held() >= bytes, "not counted");
            return context.memory().allocate(bytes);
          };
      assertTrue(new PeakKernels(context, PeakKernels.SOURCE, memory).measure().isPresent());
      assertEquals(3, asked.size());
      assertEquals(0, context.memory().held());
    }
    Limits small = new Limits(1 << 20, 1 << 20, 1 << 20);
    try (Context context = new Context(device, small)) {
      long free = HostMemory.held();
      assertEquals(Optional.empty(), PeakKernels.measure(context));
      assertEquals(0, context.memory().held());
      assertEquals(free, HostMemory.held());
      assertNoted(context, " MiB of its memory are not free");
    }
  }

  /** It is one line, which the next program's run has. */
  private static void assertNoted(Context context, String reason) {
    assertEquals(1, context.notes().size());
    String note = context.notes().getFirst();
    assertTrue(
        note.startsWith("opencl:0: the peak of ")
            && note.contains(" cannot be measured, so that no share of it is known: ")
            && note.contains(reason),
        note);
  }

  @Test
  void theNextRunSaysThatThereIsNoPeak() {
    ProbeTest.assumeADevice();
    OpenClDevice device = Probe.devices().get(0);
    try (Context context = new Context(device, new Limits(1 << 20, 1 << 20, 1 << 20))) {
      PeakKernels.measure(context);
      Tensor x = Tensor.input("x", Shape.of(4), DType.FLOAT32);
      Plan plan = Plan.of(new Graph(List.of(x), List.of(x.exp())), new int[] {-1});
      try (OpenClExecutable run = new OpenClExecutable(plan, context, new Family(1, 8, 8))) {
        assertTrue(run.notes().containsAll(context.notes()), () -> "" + run.notes());
      }
    }
  }

  @Test
  void whereTheDriverGivesNoMemoryThereIsNoPeakAndNothingIsHeld() {
    ProbeTest.assumeADevice();
    for (int given = 0; given < 3; given++) {
      try (Context context = new Context(Probe.devices().get(0))) {
        int most = given;
        List<Long> asked = new ArrayList<>();
        LongFunction<cl_mem> memory =
            bytes -> {
              asked.add(bytes);
              if (asked.size() > most) {
                throw new CLException("none is left", CL.CL_MEM_OBJECT_ALLOCATION_FAILURE);
              }
              return context.memory().allocate(bytes);
            };
        assertEquals(
            Optional.empty(), new PeakKernels(context, PeakKernels.SOURCE, memory).measure());
        assertEquals(given + 1, asked.size());
        assertEquals(0, context.memory().buffers());
        assertEquals(0, context.memory().held());
        assertNoted(context, "none is left");
      }
    }
  }

  @Test
  void whereAKernelDoesNotBuildThereIsNoPeak() {
    ProbeTest.assumeADevice();
    String broken = PeakKernels.SOURCE.replace("get_local_id(0)", "no_such_function(0)");
    String other = PeakKernels.SOURCE.replace("void chains", "void others");
    for (String source : List.of(broken, other)) {
      try (Context context = new Context(Probe.devices().get(0))) {
        PeakKernels kernels = new PeakKernels(context, source, context.memory()::allocate);
        assertEquals(Optional.empty(), kernels.measure());
        assertEquals(0, context.memory().buffers());
        assertEquals(0, context.memory().held());
        assertNoted(context, "");
      }
    }
  }
}
