package org.fluxion.tensor.cpu;

import org.fluxion.tensor.DType;
import org.fluxion.tensor.ErrorFunction;
import org.fluxion.tensor.LogisticFunction;
import org.fluxion.tensor.Op;

/**
 * The elementwise operations as functions of one element, for every dtype, put into {@link
 * ScalarLoops}. These define the results: the vector versions give the same bits.
 */
final class ScalarFunctions {
  private ScalarFunctions() {}

  /** What these dtypes do not have; the type rules of the graph reject it earlier. */
  static IllegalArgumentException unsupported(Op op, DType dtype) {
    return new IllegalArgumentException(
        "block function: %s is not defined for %s; cast the operands".formatted(op.label(), dtype));
  }

  static BlockFunction floats(Op op, int scalar) {
    return switch (op) {
      case Op.Neg o -> ScalarLoops.floats(a -> -a, scalar);
      case Op.Abs o -> ScalarLoops.floats(Math::abs, scalar);
      case Op.Sign o -> ScalarLoops.floats(Math::signum, scalar);
      case Op.Floor o -> ScalarLoops.floats(ScalarElementary::floor, scalar);
      case Op.Sqrt o -> ScalarLoops.floats(ScalarElementary::sqrt, scalar);
      case Op.Exp o -> ScalarLoops.floats(ScalarElementary::exp, scalar);
      case Op.Log o -> ScalarLoops.floats(ScalarElementary::log, scalar);
      case Op.Log1p o -> ScalarLoops.floats(ScalarElementary::log1p, scalar);
      case Op.Expm1 o -> ScalarLoops.floats(ScalarElementary::expm1, scalar);
      case Op.Sin o -> ScalarLoops.floats(ScalarElementary::sin, scalar);
      case Op.Cos o -> ScalarLoops.floats(ScalarElementary::cos, scalar);
      case Op.Tanh o -> ScalarLoops.floats(ScalarElementary::tanh, scalar);
      case Op.Sigmoid o -> ScalarLoops.floats(ScalarElementary::sigmoid, scalar);
      case Op.Erf o -> ScalarLoops.floats(ScalarElementary::erf, scalar);
      case Op.Add o -> ScalarLoops.floats((a, b) -> a + b, scalar);
      case Op.Sub o -> ScalarLoops.floats((a, b) -> a - b, scalar);
      case Op.Mul o -> ScalarLoops.floats((a, b) -> a * b, scalar);
      case Op.Div o -> ScalarLoops.floats((a, b) -> a / b, scalar);
      case Op.Max o -> ScalarLoops.floats(Math::max, scalar);
      case Op.Min o -> ScalarLoops.floats(Math::min, scalar);
      case Op.Pow o -> ScalarLoops.floats(ScalarElementary::pow, scalar);
      case Op.Equal o -> ScalarLoops.compareFloats((a, b) -> a == b, scalar);
      case Op.Less o -> ScalarLoops.compareFloats((a, b) -> a < b, scalar);
      case Op.LessEqual o -> ScalarLoops.compareFloats((a, b) -> a <= b, scalar);
      default -> throw unsupported(op, DType.FLOAT32);
    };
  }

  /** Strict library calls, so that no result depends on which compiler tier has come so far. */
  static BlockFunction doubles(Op op, int scalar) {
    return switch (op) {
      case Op.Neg o -> ScalarLoops.doubles(a -> -a, scalar);
      case Op.Abs o -> ScalarLoops.doubles(Math::abs, scalar);
      case Op.Sign o -> ScalarLoops.doubles(Math::signum, scalar);
      case Op.Floor o -> ScalarLoops.doubles(Math::floor, scalar);
      case Op.Sqrt o -> ScalarLoops.doubles(Math::sqrt, scalar);
      case Op.Exp o -> ScalarLoops.doubles(StrictMath::exp, scalar);
      case Op.Log o -> ScalarLoops.doubles(StrictMath::log, scalar);
      case Op.Log1p o -> ScalarLoops.doubles(StrictMath::log1p, scalar);
      case Op.Expm1 o -> ScalarLoops.doubles(StrictMath::expm1, scalar);
      case Op.Sin o -> ScalarLoops.doubles(StrictMath::sin, scalar);
      case Op.Cos o -> ScalarLoops.doubles(StrictMath::cos, scalar);
      case Op.Tanh o -> ScalarLoops.doubles(StrictMath::tanh, scalar);
      case Op.Sigmoid o -> ScalarLoops.doubles(LogisticFunction::sigmoid, scalar);
      case Op.Erf o -> ScalarLoops.doubles(ErrorFunction::erf, scalar);
      case Op.Add o -> ScalarLoops.doubles((a, b) -> a + b, scalar);
      case Op.Sub o -> ScalarLoops.doubles((a, b) -> a - b, scalar);
      case Op.Mul o -> ScalarLoops.doubles((a, b) -> a * b, scalar);
      case Op.Div o -> ScalarLoops.doubles((a, b) -> a / b, scalar);
      case Op.Max o -> ScalarLoops.doubles(Math::max, scalar);
      case Op.Min o -> ScalarLoops.doubles(Math::min, scalar);
      case Op.Pow o -> ScalarLoops.doubles(StrictMath::pow, scalar);
      case Op.Equal o -> ScalarLoops.compareDoubles((a, b) -> a == b, scalar);
      case Op.Less o -> ScalarLoops.compareDoubles((a, b) -> a < b, scalar);
      case Op.LessEqual o -> ScalarLoops.compareDoubles((a, b) -> a <= b, scalar);
      default -> throw unsupported(op, DType.FLOAT64);
    };
  }

  /** Two's complement, wrapping; division by zero gives 0, since devices do not trap. */
  static BlockFunction ints(Op op, int scalar) {
    return switch (op) {
      case Op.Neg o -> ScalarLoops.ints(a -> -a, scalar);
      case Op.Abs o -> ScalarLoops.ints(a -> Math.abs(a), scalar);
      case Op.Sign o -> ScalarLoops.ints(a -> Integer.signum(a), scalar);
      case Op.Add o -> ScalarLoops.ints((a, b) -> a + b, scalar);
      case Op.Sub o -> ScalarLoops.ints((a, b) -> a - b, scalar);
      case Op.Mul o -> ScalarLoops.ints((a, b) -> a * b, scalar);
      case Op.Div o -> ScalarLoops.ints((a, b) -> b == 0 ? 0 : a / b, scalar);
      case Op.Max o -> ScalarLoops.ints((a, b) -> Math.max(a, b), scalar);
      case Op.Min o -> ScalarLoops.ints((a, b) -> Math.min(a, b), scalar);
      case Op.And o -> ScalarLoops.ints((a, b) -> a & b, scalar);
      case Op.Or o -> ScalarLoops.ints((a, b) -> a | b, scalar);
      case Op.Equal o -> ScalarLoops.compareInts((a, b) -> a == b, scalar);
      case Op.Less o -> ScalarLoops.compareInts((a, b) -> a < b, scalar);
      case Op.LessEqual o -> ScalarLoops.compareInts((a, b) -> a <= b, scalar);
      default -> throw unsupported(op, DType.INT32);
    };
  }

  static BlockFunction longs(Op op, int scalar) {
    return switch (op) {
      case Op.Neg o -> ScalarLoops.longs(a -> -a, scalar);
      case Op.Abs o -> ScalarLoops.longs(a -> Math.abs(a), scalar);
      case Op.Sign o -> ScalarLoops.longs(a -> Long.signum(a), scalar);
      case Op.Add o -> ScalarLoops.longs((a, b) -> a + b, scalar);
      case Op.Sub o -> ScalarLoops.longs((a, b) -> a - b, scalar);
      case Op.Mul o -> ScalarLoops.longs((a, b) -> a * b, scalar);
      case Op.Div o -> ScalarLoops.longs((a, b) -> b == 0 ? 0 : a / b, scalar);
      case Op.Max o -> ScalarLoops.longs((a, b) -> Math.max(a, b), scalar);
      case Op.Min o -> ScalarLoops.longs((a, b) -> Math.min(a, b), scalar);
      case Op.And o -> ScalarLoops.longs((a, b) -> a & b, scalar);
      case Op.Or o -> ScalarLoops.longs((a, b) -> a | b, scalar);
      case Op.Equal o -> ScalarLoops.compareLongs((a, b) -> a == b, scalar);
      case Op.Less o -> ScalarLoops.compareLongs((a, b) -> a < b, scalar);
      case Op.LessEqual o -> ScalarLoops.compareLongs((a, b) -> a <= b, scalar);
      default -> throw unsupported(op, DType.INT64);
    };
  }

  static BlockFunction booleans(Op op, int scalar) {
    return switch (op) {
      case Op.Not o -> ScalarLoops.booleans(a -> 1 - a, scalar);
      case Op.And o -> ScalarLoops.booleans((a, b) -> a & b, scalar);
      case Op.Or o -> ScalarLoops.booleans((a, b) -> a | b, scalar);
      case Op.Equal o -> ScalarLoops.booleans((a, b) -> a == b ? 1 : 0, scalar);
      default -> throw unsupported(op, DType.BOOL);
    };
  }
}
