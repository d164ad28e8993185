package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Whatever the threads do, every task runs once before the caller goes on. */
class WorkersTest {
  @Property(tries = 20, seed = "8455")
  void everyTaskRunsOnce(
      @ForAll @IntRange(min = 1, max = 5) int threads,
      @ForAll @IntRange(min = 0, max = 300) int tasks,
      @ForAll boolean pauses) {
    try (Workers workers = new Workers(threads)) {
      for (int round = 0; round < 200; round++) {
        AtomicIntegerArray counts = new AtomicIntegerArray(Math.max(1, tasks));
        workers.run(
            tasks,
            (task, thread) -> {
              assertTrue(thread >= 0 && thread < threads);
              counts.incrementAndGet(task);
            });
        for (int task = 0; task < tasks; task++) {
          assertEquals(1, counts.get(task), "task " + task);
        }
        if (pauses && round % 50 == 0) {
          // Long enough that the threads fall asleep.
          LockSupport.parkNanos(2_000_000);
        }
      }
    }
  }

  @Example
  void thereMayBeMoreTasksThanFitInARound() {
    int tasks = (1 << 21) + 17;
    AtomicIntegerArray counts = new AtomicIntegerArray(tasks);
    try (Workers workers = new Workers(3)) {
      workers.run(tasks, (task, thread) -> counts.incrementAndGet(task));
    }
    for (int task = 0; task < tasks; task++) {
      assertEquals(1, counts.get(task), "task " + task);
    }
  }

  @Example
  void aFailureIsThrownOnceAndTheNextRunWorks() {
    try (Workers workers = new Workers(2)) {
      IllegalStateException thrown =
          assertThrows(
              IllegalStateException.class,
              () ->
                  workers.run(
                      10,
                      (task, thread) -> {
                        if (task == 7) {
                          throw new ArithmeticException("seven");
                        }
                      }));
      assertEquals("seven", thrown.getCause().getMessage());
      workers.run(10, (task, thread) -> {});
    }
  }
}
