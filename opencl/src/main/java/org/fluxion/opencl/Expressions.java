package org.fluxion.opencl;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;

/**
 * Elementwise operations as expressions of OpenCL C, with the meaning that the reference
 * interpreter gives them: maxima and signs pass NaN on, integers wrap, an integer divided by zero
 * is 0, and a cast to an integer saturates.
 */
final class Expressions {
  private Expressions() {}

  /**
   * The type of a value in a kernel and in memory.
   *
   * @throws OpenClException if kernels do not hold that dtype yet
   */
  static String type(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> "float";
      case INT32 -> "int";
      case INT64 -> "long";
      case BOOL -> "uchar";
      case FLOAT64, FLOAT16, BFLOAT16 ->
          throw new OpenClException("loop kernels do not compute in " + dtype + " yet");
    };
  }

  /** An integer type of the same width whose overflow is defined. */
  private static String unsigned(DType dtype) {
    return "u" + type(dtype);
  }

  /** A literal, given the expression of its bits as a long. */
  static String literal(DType dtype, String bits) {
    return dtype == DType.FLOAT32
        ? "as_float((int) %s)".formatted(bits)
        : "(%s) %s".formatted(type(dtype), bits);
  }

  /** The sum or the maximum of two values. */
  static String fold(boolean maximum, DType dtype, String a, String b) {
    return binary(maximum ? new Op.Max() : new Op.Add(), dtype, a, b);
  }

  /** What a sum or a maximum starts from. */
  static String start(boolean maximum, DType dtype) {
    if (!maximum) {
      return "0";
    }
    return switch (dtype) {
      case FLOAT32 -> "-INFINITY";
      case INT32 -> "INT_MIN";
      case INT64 -> "LONG_MIN";
      default -> "0";
    };
  }

  /**
   * An operation.
   *
   * @param op the operation
   * @param dtype the first operand's dtype, or of a selection the second's
   * @param operands their names
   * @return the expression
   */
  static String of(Op op, DType dtype, List<String> operands) {
    return switch (op) {
      case Op.Unary o -> unary(o, dtype, operands.get(0));
      case Op.Binary o -> binary(o, dtype, operands.get(0), operands.get(1));
      case Op.Select _ ->
          "%s ? %s : %s".formatted(operands.get(0), operands.get(1), operands.get(2));
      case Op.Cast o -> cast(o.dtype(), dtype, operands.get(0));
      case Op.Marker _ -> operands.get(0);
      case Op.Leaf _,
          Op.Reduction _,
          Op.Movement _,
          Op.RandomBits _,
          Op.ArgSort _,
          Op.Matmul _,
          Op.Unfold _,
          Op.Fold _,
          Op.Gather _,
          Op.ScatterAdd _,
          Op.Custom _ ->
          throw new OpenClException(op.label() + " is not elementwise");
    };
  }

  private static String unary(Op.Unary op, DType dtype, String a) {
    boolean real = dtype == DType.FLOAT32;
    return switch (op) {
      case Op.Neg _ -> real ? "-" + a : wrapping(dtype, "0", "-", a);
      case Op.Abs _ -> real ? "fabs(%s)".formatted(a) : "(%s) abs(%s)".formatted(type(dtype), a);
      case Op.Sign _ -> "%1$s > 0 ? 1 : %1$s < 0 ? -1 : %1$s".formatted(a);
      case Op.Exp _, Op.Log _, Op.Log1p _, Op.Expm1 _, Op.Sin _, Op.Cos _ -> call(op, a);
      case Op.Tanh _, Op.Erf _, Op.Sqrt _, Op.Floor _ -> call(op, a);
      case Op.Not _ -> "1 - " + a;
    };
  }

  /** OpenCL's names of these functions are those of the operations. */
  private static String call(Op op, String a) {
    return "%s(%s)".formatted(op.label(), a);
  }

  private static String binary(Op.Binary op, DType dtype, String a, String b) {
    boolean real = dtype == DType.FLOAT32;
    return switch (op) {
      case Op.Add _ -> real ? a + " + " + b : wrapping(dtype, a, "+", b);
      case Op.Sub _ -> real ? a + " - " + b : wrapping(dtype, a, "-", b);
      case Op.Mul _ -> real ? a + " * " + b : wrapping(dtype, a, "*", b);
      // The smallest integer by −1 is the one quotient that overflows.
      case Op.Div _ ->
          real
              ? a + " / " + b
              : "%2$s == 0 ? 0 : %2$s == -1 ? %3$s : %1$s / %2$s"
                  .formatted(a, b, wrapping(dtype, "0", "-", a));
      case Op.Pow _ -> "pow(%s, %s)".formatted(a, b);
      // Where either is NaN, the comparison fails: NaN is taken by name.
      case Op.Max _ -> "%1$s > %2$s || %1$s != %1$s ? %1$s : %2$s".formatted(a, b);
      case Op.Min _ -> "%1$s < %2$s || %1$s != %1$s ? %1$s : %2$s".formatted(a, b);
      case Op.Equal _ -> a + " == " + b;
      case Op.Less _ -> a + " < " + b;
      case Op.LessEqual _ -> a + " <= " + b;
      case Op.And _ -> a + " & " + b;
      case Op.Or _ -> a + " | " + b;
    };
  }

  private static String wrapping(DType dtype, String a, String operator, String b) {
    return "(%1$s) ((%2$s) %3$s %4$s (%2$s) %5$s)"
        .formatted(type(dtype), unsigned(dtype), a, operator, b);
  }

  private static String cast(DType to, DType from, String a) {
    if (to == DType.BOOL) {
      return a + " != 0";
    }
    if (from == DType.FLOAT32 && to != DType.FLOAT32) {
      return "isnan(%2$s) ? 0 : convert_%1$s_sat(%2$s)".formatted(type(to), a);
    }
    return "(%s) %s".formatted(type(to), a);
  }
}
