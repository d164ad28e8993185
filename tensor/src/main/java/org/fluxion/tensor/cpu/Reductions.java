package org.fluxion.tensor.cpu;

import org.fluxion.tensor.DType;

/**
 * Reductions over rows and columns. A floating point row sum has the same bits at any vector width:
 * element i goes to virtual lane i mod 16, each lane adds sequentially from 0, and the lanes are
 * added pairwise, l to l + 8, then 4, 2 and 1 apart. A maximum is NaN if any element is. Columns
 * fold rows one after the other.
 */
final class Reductions {
  private Reductions() {}

  /** The sum of each row; 0 for rows of no elements. */
  static RowReduction rowSum(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> Width.VECTORS ? FloatReductions::rowSum : ScalarReductions::floatRowSum;
      case FLOAT64 -> Width.VECTORS ? DoubleReductions.rowSum() : ScalarReductions::doubleRowSum;
      case INT32 -> ScalarReductions::intRowSum;
      case INT64 -> ScalarReductions::longRowSum;
      case BOOL, FLOAT16, BFLOAT16 -> throw unsupported("sum", dtype);
    };
  }

  /** The largest element of each row; the lowest value there is for rows of no elements. */
  static RowReduction rowMax(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> Width.VECTORS ? FloatReductions::rowMax : ScalarReductions::floatRowMax;
      case FLOAT64 -> Width.VECTORS ? DoubleReductions.rowMax() : ScalarReductions::doubleRowMax;
      case INT32 -> ScalarReductions::intRowMax;
      case INT64 -> ScalarReductions::longRowMax;
      case BOOL, FLOAT16, BFLOAT16 -> throw unsupported("max", dtype);
    };
  }

  /** Adds rows to an accumulator. */
  static ColumnReduction columnSum(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> Width.VECTORS ? FloatReductions::columnSum : ScalarReductions::floatColumnSum;
      case FLOAT64 ->
          Width.VECTORS ? DoubleReductions::columnSum : ScalarReductions::doubleColumnSum;
      case INT32 -> ScalarReductions::intColumnSum;
      case INT64 -> ScalarReductions::longColumnSum;
      case BOOL, FLOAT16, BFLOAT16 -> throw unsupported("sum", dtype);
    };
  }

  /** Raises an accumulator to the rows' elements where those are larger, or NaN. */
  static ColumnReduction columnMax(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> Width.VECTORS ? FloatReductions::columnMax : ScalarReductions::floatColumnMax;
      case FLOAT64 ->
          Width.VECTORS ? DoubleReductions::columnMax : ScalarReductions::doubleColumnMax;
      case INT32 -> ScalarReductions::intColumnMax;
      case INT64 -> ScalarReductions::longColumnMax;
      case BOOL, FLOAT16, BFLOAT16 -> throw unsupported("max", dtype);
    };
  }

  private static IllegalArgumentException unsupported(String name, DType dtype) {
    return new IllegalArgumentException(
        "reduction: %s is not defined for %s; cast the operand first".formatted(name, dtype));
  }
}
