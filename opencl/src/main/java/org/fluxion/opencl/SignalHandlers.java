package org.fluxion.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Java's own handlers of the signals that a processor raises, kept while drivers are called.
 *
 * <p>Java's compiled code reads from a page without rights where a thread is to stop, and takes a
 * null pointer for what it is, by SIGSEGV; it divides by zero by SIGFPE. A driver that compiles
 * with LLVM in this process takes these signals over as soon as it makes its first temporary file
 * (with PoCL, as it lists its devices). LLVM's handler is in force once: a second thread that gets
 * the same signal before the first is done with it ends the process without a word. So what was in
 * force before is put back after; LLVM, which believes that its handlers are there, leaves them
 * alone from then on.
 *
 * <p>Where there is no {@code sigaction} (Windows) there is nothing to keep.
 */
final class SignalHandlers {
  /** More than any system's {@code struct sigaction} has. */
  private static final long ROOM = 256;

  /** Of Linux and of macOS: those that no Java code can have a handler for, and end the process. */
  private static final int[] LINUX = {3, 4, 5, 6, 7, 8, 11, 24, 25, 31};

  private static final int[] MACOS = {3, 4, 5, 6, 8, 10, 11, 12, 24, 25};

  private static final Optional<MethodHandle> SIGACTION = sigaction();

  private final Map<Integer, MemorySegment> actions = new LinkedHashMap<>();

  private SignalHandlers(IntStream signals) {
    if (SIGACTION.isPresent()) {
      signals.forEach(
          signal ->
              current(signal, Arena.ofAuto()).ifPresent(action -> actions.put(signal, action)));
    }
  }

  /** What is in force now. */
  static SignalHandlers current() {
    boolean mac = System.getProperty("os.name").startsWith("Mac");
    return new SignalHandlers(IntStream.of(mac ? MACOS : LINUX));
  }

  /** Puts back what was in force then, where it is not now. */
  void restore() {
    try (Arena arena = Arena.ofConfined()) {
      actions.forEach(
          (signal, then) -> {
            if (!current(signal, arena).filter(now -> isSame(now, then)).isPresent()) {
              call(signal, then, MemorySegment.NULL);
            }
          });
    }
  }

  /**
   * What happens at a signal now: the system's own description of it.
   *
   * @return nothing where that cannot be asked
   */
  static Optional<MemorySegment> current(int signal, Arena arena) {
    MemorySegment action = arena.allocate(ROOM, Long.BYTES);
    return call(signal, MemorySegment.NULL, action) ? Optional.of(action) : Optional.empty();
  }

  /**
   * Whether two descriptions name the same handler. It comes first in them; not all that follows is
   * written by the system.
   */
  static boolean isSame(MemorySegment one, MemorySegment other) {
    return one.get(ValueLayout.JAVA_LONG, 0) == other.get(ValueLayout.JAVA_LONG, 0);
  }

  /** Calls {@code sigaction}. False if there is none, or it refuses. */
  static boolean call(int signal, MemorySegment action, MemorySegment old) {
    try {
      return SIGACTION.isPresent() && (int) SIGACTION.get().invokeExact(signal, action, old) == 0;
    } catch (Throwable e) {
      throw new AssertionError("sigaction has no such parameters", e);
    }
  }

  private static Optional<MethodHandle> sigaction() {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find("sigaction")
        .map(
            address ->
                linker.downcallHandle(
                    address,
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS)));
  }
}
