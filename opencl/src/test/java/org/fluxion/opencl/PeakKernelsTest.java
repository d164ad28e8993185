package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.stream.Stream;
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
      }
    }
  }
}
