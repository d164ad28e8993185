package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class TensorTest {
  @Test
  void elementsPrintTheirCountAndBeginning() {
    assertEquals("3 × float32 [0.5, 1.0, 2.0]", Tensor.tensor(0.5f, 1f, 2f).value().toString());
    assertEquals("1 × bool [true]", Tensor.scalar(1, DType.BOOL).value().toString());
    assertEquals(
        "9 × int64 [0, 1, 2, 3, 4, 5, 6, 7, …]", Tensor.arange(9, DType.INT64).value().toString());
    assertEquals("0 × float32 []", Tensor.zeros(0).value().toString());
  }

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
  void aSmallTensorPrintsWhole() {
    assertEquals("1.5 float64 []", Tensor.scalar(1.5, DType.FLOAT64).toString());
    assertEquals("[] float32 [0]", Tensor.zeros(0).toString());
    assertEquals(
        "[true, false] bool [2]", Tensor.tensor(1, 3).less(Tensor.tensor(2, 2)).toString());
    assertEquals(
        """
        [[[  0,   1,   2,   3,   4,   5,   6,   7],
          [  8,   9,  10,  11,  12,  13,  14,  15]],
         [[ 16,  17,  18,  19,  20,  21,  22,  23],
          [ 24,  25,  26,  27,  28,  29,  30, -31]]] int32 [2, 2, 8]\
        """,
        Tensor.arange(32, DType.INT32)
            .mul(
                Tensor.where(
                    Tensor.arange(32, DType.INT32).equal(Tensor.scalar(31, DType.INT32)),
                    Tensor.scalar(-1, DType.INT32),
                    Tensor.scalar(1, DType.INT32)))
            .reshape(2, 2, 8)
            .toString());
  }

  @Test
  void aLargeTensorPrintsItsEdges() {
    Tensor x = Tensor.arange(1000, DType.FLOAT32);
    assertEquals("Tensor(iota, float32 [1000], not computed; value() computes it)", x.toString());
    x.value();
    assertEquals(
        "[0.0, 1.0, 2.0, …, 997.0, 998.0, 999.0] float32 [1000], from 0.0 to 999.0, mean 499.5",
        x.toString());
    Tensor square = x.reshape(10, 100);
    square.value();
    assertEquals(
        """
        [[  0.0,   1.0,   2.0, …,  97.0,  98.0,  99.0],
         [100.0, 101.0, 102.0, …, 197.0, 198.0, 199.0],
         [200.0, 201.0, 202.0, …, 297.0, 298.0, 299.0],
         …,
         [700.0, 701.0, 702.0, …, 797.0, 798.0, 799.0],
         [800.0, 801.0, 802.0, …, 897.0, 898.0, 899.0],
         [900.0, 901.0, 902.0, …, 997.0, 998.0, 999.0]] float32 [10, 100], from 0.0 to 999.0, mean 499.5\
        """,
        square.toString());
    Tensor half = Tensor.zeros(100).div(x.slice(0, 0, 100));
    half.value();
    assertTrue(half.toString().endsWith("from 0.0 to 0.0, mean 0.0, 1 NaN"), half.toString());
  }

  @Test
  void anUnboundInputIsNamed() {
    Tensor loss = Tensor.input("image", Shape.of(2), DType.FLOAT32).sum();
    TensorException unbound = assertThrows(TensorException.class, loss::item);
    assertEquals(
        "input 'image' float32 [2] has no value; bind it by running a program",
        unbound.getMessage());
    assertEquals(
        "Tensor(sum, float32 [], not computed: " + unbound.getMessage() + ")", loss.toString());
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
