package org.fluxion.tensor;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * Counts the memory outside the Java heap that the library holds, which the collector cannot see.
 */
public final class HostMemory {
  private static final String LIMIT = "fluxion.memory";
  private static final LongAdder HELD = new LongAdder();
  private static final LongAdder VALUES = new LongAdder();
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
   * What tensors' values hold now: those that are too large for the heap, until the collector has
   * found that nothing refers to them. No part of {@link #held}, and not limited: it shrinks when
   * memory is short.
   *
   * @return bytes
   */
  public static long values() {
    return VALUES.sum();
  }

  /**
   * Everything that was ever allocated, by programs and for values, freed or not: equal before and
   * after means that nothing was allocated in between.
   *
   * @return bytes
   */
  public static long total() {
    return ALLOCATED.sum();
  }

  /**
   * The most that programs may hold together: the system property {@code fluxion.memory}, a number
   * of bytes or one with K, M or G after it, or else the machine's memory as the JVM sees it.
   *
   * @return bytes
   * @throws TensorException if the property is no such number
   */
  public static long limit() {
    String property = System.getProperty(LIMIT);
    if (property == null) {
      return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }
    if (!property.matches("[0-9]{1,12}[KMG]?")) {
      throw new TensorException(
          "memory: expected -D%s=BYTES, with K, M or G after the number if wanted, got '%s'"
              .formatted(LIMIT, property));
    }
    String digits = property.replaceAll("[KMG]", "");
    int shift = 10 * ("KMG".indexOf(property.charAt(property.length() - 1)) + 1);
    return Long.parseLong(digits) << shift;
  }

  /**
   * Counts memory that is about to be allocated, if the limit allows it; for backends. Looks and
   * counts as one, so that two that start together cannot both take what is left for one.
   *
   * @param bytes how much
   * @param largest what takes most of it, for the error
   * @throws TensorException if there is not so much left; nothing is counted then
   */
  public static synchronized void reserve(long bytes, Supplier<String> largest) {
    long free = limit() - held();
    if (bytes > free) {
      throw exhausted(bytes, Math.max(0, free), largest.get());
    }
    allocated(bytes);
  }

  /**
   * What to throw when a program does not fit; for backends.
   *
   * @param bytes what it needs
   * @param free what is left
   * @param largest what takes most of it
   * @return the error
   */
  public static TensorException exhausted(long bytes, long free, String largest) {
    return new TensorException(
        ("memory: the program needs %,d MiB, and %,d MiB are free (limit %,d MiB, held by other"
                + " runs %,d MiB); the largest of its tensors: %s. Make the batch or the model"
                + " smaller, close other runs, or raise -D%s")
            .formatted(
                mebibytes(bytes), free >> 20, limit() >> 20, mebibytes(held()), largest, LIMIT));
  }

  private static long mebibytes(long bytes) {
    return Math.ceilDiv(bytes, 1L << 20);
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

  /** Counts the memory of a tensor's value. */
  static void valueAllocated(long bytes) {
    VALUES.add(bytes);
    ALLOCATED.add(bytes);
  }

  /** Counts that the memory of a tensor's value is released. */
  static void valueFreed(long bytes) {
    VALUES.add(-bytes);
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
