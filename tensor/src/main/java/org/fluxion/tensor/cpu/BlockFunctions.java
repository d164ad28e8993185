package org.fluxion.tensor.cpu;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;

/**
 * Finds the block function of an elementwise operation: vectors where the processor and the JVM
 * have them and the dtype is floating, scalar loops elsewhere. Both give the same bits.
 */
final class BlockFunctions {
  private BlockFunctions() {}

  /**
   * The function of an elementwise operation.
   *
   * @param op a unary or binary operation, select or a cast
   * @param operands the operands' dtypes
   * @param result the result's dtype
   * @return the function
   * @throws IllegalArgumentException if the operation is not elementwise or not defined for these
   */
  static BlockFunction of(Op op, List<DType> operands, DType result) {
    return find(op, operands, result, -1);
  }

  /**
   * The same with one operand a scalar, stored once at its address.
   *
   * @param op a unary or binary operation, select or a cast
   * @param operands the operands' dtypes
   * @param result the result's dtype
   * @param scalarOperand which operand
   * @return the function
   * @throws IllegalArgumentException as {@link #of}, or if there is no such operand
   */
  static BlockFunction withScalar(Op op, List<DType> operands, DType result, int scalarOperand) {
    if (scalarOperand < 0 || scalarOperand >= operands.size()) {
      throw new IllegalArgumentException(
          "block function: %s has operands 0 to %d, got scalar operand %d"
              .formatted(op.label(), operands.size() - 1, scalarOperand));
    }
    return find(op, operands, result, scalarOperand);
  }

  private static BlockFunction find(Op op, List<DType> operands, DType result, int scalar) {
    return switch (op) {
      case Op.Cast cast -> Casts.of(operands.get(0), result, scalar);
      case Op.Select select -> select(result, scalar);
      case Op.Unary unary -> arithmetic(op, operands.get(0), scalar);
      case Op.Binary binary -> arithmetic(op, operands.get(0), scalar);
      default ->
          throw new IllegalArgumentException(
              "block function: expected an elementwise operation, got " + op.label());
    };
  }

  private static BlockFunction arithmetic(Op op, DType dtype, int scalar) {
    return switch (dtype) {
      case FLOAT32 ->
          Width.VECTORS ? FloatVectorFunctions.of(op, scalar) : ScalarFunctions.floats(op, scalar);
      case FLOAT64 ->
          Width.VECTORS
              ? DoubleVectorFunctions.of(op, scalar)
              : ScalarFunctions.doubles(op, scalar);
      case INT32 -> ScalarFunctions.ints(op, scalar);
      case INT64 -> ScalarFunctions.longs(op, scalar);
      case BOOL -> ScalarFunctions.booleans(op, scalar);
      case FLOAT16, BFLOAT16 -> throw ScalarFunctions.unsupported(op, dtype);
    };
  }

  private static BlockFunction select(DType dtype, int scalar) {
    int bytes = dtype.bytes();
    return Width.VECTORS && scalar != 0 && bytes >= 4
        ? VectorSelect.of(bytes, scalar)
        : ScalarSelect.of(bytes, scalar);
  }
}
