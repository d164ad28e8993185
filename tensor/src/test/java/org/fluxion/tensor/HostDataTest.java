package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HostDataTest {
  /** Below, at and above what lies on the Java heap, in whole words and not. */
  @ParameterizedTest
  @EnumSource(DType.class)
  void itIsAsLongAsItsElementsAndZero(DType dtype) {
    for (long elements : List.of(0L, 1L, 7L, 8L, 9L, 8191L, 8192L, 65_537L)) {
      HostData data = HostData.allocate(dtype, elements);
      assertEquals(elements, data.elements());
      assertEquals(elements * dtype.bytes(), data.segment().byteSize());
      for (long i = 0; i < elements; i++) {
        assertEquals(0, data.getDouble(i));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void aNegativeCountIsRefused(DType dtype) {
    for (long elements : List.of(-1L, -8L, -(1L << 32))) {
      TensorException e =
          assertThrows(TensorException.class, () -> HostData.allocate(dtype, elements));
      assertEquals("tensor: " + elements + " elements; give 0 or more", e.getMessage());
    }
  }
}
