package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class TensorTest {
  @Test
  void aValueIsComputedWhenItIsAskedFor() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    assertArrayEquals(new float[] {6, 15}, x.sum(1).toFloatArray());
    assertArrayEquals(new float[] {5, 7, 9}, x.sum(0).toFloatArray());
    assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, x.transpose().toFloatArray());
    assertEquals("[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] float32 [2, 3]", x.toString());
    assertEquals(3.5, x.mean().item());
  }

  @Test
  void operandsBroadcastAsInNumPy() {
    Tensor x = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
    assertArrayEquals(
        new double[] {11, 22, 33, 14, 25, 36}, x.add(Tensor.tensor(10.0, 20, 30)).toDoubleArray());
    assertEquals(Shape.of(4, 2, 3), x.add(Tensor.of(new double[4], 4, 1, 1)).shape());
  }

  @Test
  void aMatrixProductSumsOverTheInnerDimension() {
    Tensor a = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor b = Tensor.of(new double[] {1, 0, 0, 1, 1, 1}, 3, 2);
    assertArrayEquals(new double[] {4, 5, 10, 11}, a.matmul(b).toDoubleArray());
  }

  @Test
  void movementMovesEveryElementToItsPlace() {
    Tensor x = Tensor.of(new int[] {1, 2, 3, 4, 5, 6}, 2, 3);
    assertArrayEquals(new long[] {3, 2, 1, 6, 5, 4}, x.flip(1).toLongArray());
    assertArrayEquals(new long[] {2, 3, 5, 6}, x.slice(1, 1, 3).toLongArray());
    assertArrayEquals(new long[] {0, 1, 2, 3, 0, 4, 5, 6}, x.pad(1, 1, 0).toLongArray());
    assertArrayEquals(
        new long[] {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}, Tensor.concat(0, x, x).toLongArray());
    assertArrayEquals(new long[] {4, 5, 6, 1, 2, 3}, x.take(Tensor.tensor(1, 0)).toLongArray());
    assertArrayEquals(new long[] {2, 2}, x.argMax(1).toLongArray());
  }

  @Test
  void aMistakeIsReportedWhereItIsMade() {
    TensorException inner =
        assertThrows(TensorException.class, () -> Tensor.zeros(4, 3).matmul(Tensor.zeros(5, 2)));
    assertEquals("matmul: inner dimensions differ: [4, 3] × [5, 2] (3 ≠ 5)", inner.getMessage());
    TensorException dtypes =
        assertThrows(TensorException.class, () -> Tensor.tensor(1f).add(Tensor.tensor(1.0)));
    assertTrue(dtypes.getMessage().contains("float32 [1] and float64 [1]; cast"));
    TensorException unbound =
        assertThrows(
            TensorException.class,
            () -> Tensor.input("image", Shape.of(2), DType.FLOAT32).toFloatArray());
    assertTrue(unbound.getMessage().contains("'image'"));
  }

  @Test
  void aChainOfAHundredThousandNodesIsNoProblem() {
    Tensor x = Tensor.scalar(0, DType.FLOAT64);
    for (int i = 0; i < 100_000; i++) {
      x = x.add(1);
    }
    assertEquals(100_000, x.item());
  }

  @Test
  void philoxAgreesWithThePublishedVectors() {
    assertArrayEquals(
        new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, Philox.block(0, 0, 0, 0, 0, 0));
    assertArrayEquals(
        new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        Philox.block(-1, -1, -1, -1, -1, -1));
    assertArrayEquals(
        new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
        Philox.block(0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344));
  }

  @Test
  void theErrorFunctionAgreesWithItsTable() {
    assertEquals(0.5204998778130465, ErrorFunction.erf(0.5), 1e-15);
    assertEquals(-0.8427007929497149, ErrorFunction.erf(-1), 1e-15);
    assertEquals(0.9953222650189527, ErrorFunction.erf(2), 1e-15);
    assertEquals(0.9999779095030014, ErrorFunction.erf(3), 1e-15);
  }

  @Test
  void aGraphIsAppliedToOtherInputs() {
    Tensor a = Tensor.input("a", Shape.of(2), DType.FLOAT64);
    Graph graph = new Graph(List.of(a), List.of(a.mul(a).add(1)));
    assertArrayEquals(
        new double[] {5, 10}, graph.apply(List.of(Tensor.tensor(2.0, 3.0))).get(0).toDoubleArray());
  }
}
