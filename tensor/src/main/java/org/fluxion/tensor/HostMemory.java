package org.fluxion.tensor;

import java.util.concurrent.atomic.LongAdder;

/**
 * Counts the memory outside the Java heap that the library holds, which the collector cannot see.
 */
public final class HostMemory {
  private static final LongAdder HELD = new LongAdder();
  private static final LongAdder ALLOCATED = new LongAdder();

  private HostMemory() {}

  /**
   * What is held now by programs that are running.
   *
   * @return bytes
   */
  public static long held() {
    return HELD.sum();
  }

  /**
   * Everything that was ever allocated, freed or not: equal before and after means that nothing was
   * allocated in between.
   *
   * @return bytes
   */
  public static long total() {
    return ALLOCATED.sum();
  }

  /**
   * Counts an allocation; for backends.
   *
   * @param bytes its size
   */
  public static void allocated(long bytes) {
    HELD.add(bytes);
    ALLOCATED.add(bytes);
  }

  /**
   * Counts a release; for backends.
   *
   * @param bytes its size
   */
  public static void freed(long bytes) {
    HELD.add(-bytes);
  }
}
