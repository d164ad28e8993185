package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.fluxion.tensor.plan.Explanation;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HostMemoryTest {
  private static final String LIMIT = "fluxion.memory";

  private final Tensor x = Tensor.input("images", Shape.of(1024, 1024), DType.FLOAT32);
  private final Plan plan =
      Plan.of(new Graph(List.of(x), List.of(x.matmul(x).exp().matmul(x).mul(2))), new int[] {-1});

  @AfterEach
  void noLimit() {
    System.clearProperty(LIMIT);
  }

  @Test
  void aProgramThatDoesNotFitSaysWhatToDo() {
    long before = HostMemory.held();
    System.setProperty(LIMIT, before + (4 << 20) + "");
    TensorException e =
        assertThrows(TensorException.class, () -> Device.cpu(1).prepare(plan).close());
    for (String part :
        List.of("needs", "4 MiB are free", "images float32 [1024, 1024] = 4.0 MiB", "batch")) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
    assertEquals(before, HostMemory.held());
  }

  @Test
  void aProgramThatFitsIsCountedUntilItIsClosed() {
    long before = HostMemory.held();
    System.setProperty(LIMIT, "1G");
    Executable run = Device.cpu(1).prepare(plan);
    assertEquals(before + run.bytes(), HostMemory.held());
    assertTrue(run.bytes() >= Explanation.plannedBytes(plan));
    run.close();
    assertEquals(before, HostMemory.held());
  }

  @Test
  void aLargeValueIsCountedUntilNothingRefersToIt() throws InterruptedException {
    long bytes = 1 << 26;
    settle();
    long held = HostMemory.held();
    long total = HostMemory.total();
    long before = HostMemory.values();
    HostData data = HostData.allocate(DType.FLOAT32, bytes / 4);
    assertTrue(HostMemory.total() >= total + bytes);
    assertTrue(HostMemory.values() > before + bytes / 2);
    assertEquals(held, HostMemory.held());
    java.lang.foreign.MemorySegment slice = data.segment().asSlice(0, 4);
    data = null;
    settle();
    assertTrue(HostMemory.values() > before + bytes / 2, "a slice holds the memory");
    assertEquals(0, slice.get(java.lang.foreign.ValueLayout.JAVA_INT, 0));
    slice = null;
    settle();
    assertTrue(HostMemory.values() <= before + bytes / 2, "nothing refers to it any more");
  }

  /** Has the collector find what nothing refers to: other tests' values, above all. */
  private static void settle() throws InterruptedException {
    long before;
    do {
      before = HostMemory.values();
      System.gc();
      Thread.sleep(100);
    } while (HostMemory.values() < before);
  }

  @Test
  void runsThatStartTogetherDoNotShareWhatIsLeft() {
    long before = HostMemory.held();
    System.setProperty(LIMIT, before + 3000 + "");
    for (int round = 0; round < 50; round++) {
      long taken =
          IntStream.range(0, 16)
              .parallel()
              .filter(
                  i -> {
                    try {
                      HostMemory.reserve(1000, () -> "a test");
                      return true;
                    } catch (TensorException full) {
                      return false;
                    }
                  })
              .count();
      HostMemory.freed(1000 * taken);
      assertEquals(3, taken);
    }
    assertEquals(before, HostMemory.held());
  }

  @Test
  void theLimitIsTheMachinesMemoryOrWhatThePropertySays() {
    assertTrue(HostMemory.limit() > 1L << 28);
    System.setProperty(LIMIT, "3M");
    assertEquals(3L << 20, HostMemory.limit());
    System.setProperty(LIMIT, "12345");
    assertEquals(12345, HostMemory.limit());
    System.setProperty(LIMIT, "much");
    assertTrue(
        assertThrows(TensorException.class, HostMemory::limit).getMessage().contains("'much'"));
  }
}
