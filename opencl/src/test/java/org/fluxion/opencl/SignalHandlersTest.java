package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Drivers do not keep the signals that Java needs. */
@EnabledOnOs(OS.LINUX)
class SignalHandlersTest {
  private static final int SIGSEGV = 11;
  private static final int SIGFPE = 8;

  /** Java handles it as it does SIGSEGV, and LLVM leaves it alone. */
  private static final int SIGPIPE = 13;

  /** Ends a process that uses too much processor time: nothing in a test raises it. */
  private static final int SIGXCPU = 24;

  private static MemorySegment action(int signal, Arena arena) {
    return SignalHandlers.current(signal, arena).orElseThrow();
  }

  @Test
  void whatTheDriversTookIsJavasAgainWhenTheDevicesAreKnown() {
    Probe.devices();
    try (Arena arena = Arena.ofConfined()) {
      for (int signal : new int[] {SIGSEGV, SIGFPE}) {
        assertTrue(
            SignalHandlers.isSame(action(signal, arena), action(SIGPIPE, arena)),
            () -> "a driver still handles signal " + signal);
      }
    }
  }

  @Test
  void aHandlerThatWasReplacedIsPutBack() {
    try (Arena arena = Arena.ofConfined()) {
      SignalHandlers before = SignalHandlers.current();
      MemorySegment own = action(SIGXCPU, arena);
      MemorySegment other = action(SIGPIPE, arena);
      assertFalse(
          SignalHandlers.isSame(own, other), "both signals are handled alike: nothing is shown");
      assertTrue(SignalHandlers.call(SIGXCPU, other, MemorySegment.NULL));
      assertTrue(SignalHandlers.isSame(action(SIGXCPU, arena), other));

      before.restore();

      assertTrue(SignalHandlers.isSame(action(SIGXCPU, arena), own));
    }
  }
}
