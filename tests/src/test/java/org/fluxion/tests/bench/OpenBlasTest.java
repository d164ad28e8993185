package org.fluxion.tests.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class OpenBlasTest {
  @Test
  void multipliesRowMajorMatrices() {
    OpenBlas blas;
    try {
      blas = OpenBlas.load();
    } catch (IllegalStateException absent) {
      assertTrue(absent.getMessage().startsWith("OpenBLAS is not installed: looked for"));
      abort(absent.getMessage());
      return;
    }
    assertFalse(blas.coreName().isEmpty());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocateFrom(JAVA_FLOAT, 1, 2, 3, 4, 5, 6);
      MemorySegment b = arena.allocateFrom(JAVA_FLOAT, 1, 0, 0, 1, 1, 1);
      MemorySegment c = arena.allocateFrom(JAVA_FLOAT, -1, -1, -1, -1);
      blas.sgemm(2, 2, 3, a, b, c);
      float[] expected = {4, 5, 10, 11};
      for (int i = 0; i < 4; i++) {
        assertEquals(expected[i], c.getAtIndex(JAVA_FLOAT, i));
      }
    }
  }
}
