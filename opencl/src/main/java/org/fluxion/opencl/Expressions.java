package org.fluxion.opencl;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;

/**
 * Elementwise operations as expressions of OpenCL C, over scalars or vectors, with the meaning that
 * the reference interpreter gives them: maxima and signs pass NaN on, integers wrap, an integer
 * divided by zero is 0, and a cast to an integer saturates. All operands of a vector expression are
 * vectors; conditions choose by C's operator, which is the same for both.
 */
final class Expressions {
  private final int width;
  private final boolean own;

  /**
   * Expressions of a width, with the driver's elementary functions.
   *
   * @param width values in a vector; 1 for scalars
   */
  Expressions(int width) {
    this(width, false);
  }

  /**
   * Expressions of a width.
   *
   * @param width values in a vector; 1 for scalars
   * @param own whether elementary functions are those of {@link Elementary}, as far as it has them;
   *     the program must begin with their source
   */
  Expressions(int width, boolean own) {
    this.width = width;
    this.own = own;
  }

  /**
   * A literal, given the expression of its bits as a long; 16-bit floats come as a float's bits.
   */
  static String literal(DType dtype, String bits) {
    return switch (dtype) {
      case FLOAT32, FLOAT16, BFLOAT16 -> Text.of("as_float((int) %s)", bits);
      case FLOAT64 -> Text.of("as_double(%s)", bits);
      default -> Text.of("(%s) %s", Types.value(dtype), bits);
    };
  }

  /**
   * The sum or the maximum of two values, as reductions fold them: of zeros that differ in their
   * sign the maximum is either, since looking would be dear there.
   */
  String fold(boolean maximum, DType dtype, String a, String b) {
    return maximum && dtype.isFloating()
        ? select(b, a, first(a, ">", b))
        : binary(maximum ? new Op.Max() : new Op.Add(), dtype, a, b);
  }

  /** What a sum or a maximum starts from. */
  static String start(boolean maximum, DType dtype) {
    if (!maximum) {
      return "0";
    }
    return switch (dtype) {
      case FLOAT32, FLOAT64 -> "-INFINITY";
      case INT32 -> "INT_MIN";
      case INT64 -> "LONG_MIN";
      default -> "0";
    };
  }

  private String type(DType dtype) {
    return Types.value(dtype, width);
  }

  /** A number in every lane. */
  private String all(DType dtype, String number) {
    return Text.of("((%s) (%s))", type(dtype), number);
  }

  /**
   * An operation.
   *
   * @param op the operation
   * @param dtype the first operand's dtype, or of a selection the second's
   * @param operands their names
   * @return the expression
   */
  String of(Op op, DType dtype, List<String> operands) {
    return switch (op) {
      case Op.Unary o -> unary(o, dtype, operands.get(0));
      case Op.Binary o -> binary(o, dtype, operands.get(0), operands.get(1));
      case Op.Select _ -> select(operands.get(2), operands.get(1), holds(dtype, operands.get(0)));
      case Op.Cast o -> cast(o.dtype(), dtype, operands.get(0));
      case Op.Marker _ -> operands.get(0);
      case Op.Leaf _,
          Op.Reduction _,
          Op.Movement _,
          Op.RandomBits _,
          Op.ArgSort _,
          Op.Matmul _,
          Op.Attention _,
          Op.Unfold _,
          Op.Fold _,
          Op.Gather _,
          Op.ScatterAdd _,
          Op.Custom _ ->
          throw new OpenClException(op.label() + " is not elementwise");
    };
  }

  /** b where a condition over values of the dtype holds, else a. */
  String select(String a, String b, String condition) {
    // Of vectors it chooses lane by lane. PoCL's select() hides from its compiler what is a
    // minimum.
    return Text.of("((%s) ? (%s) : (%s))", condition, b, a);
  }

  /** Whether a bool holds, as selections among values of a dtype want it. */
  private String holds(DType dtype, String bool) {
    if (width == 1) {
      return bool + " != 0";
    }
    String mask = Types.mask(dtype, width);
    return Text.of("convert_%1$s(%2$s) != (%1$s) (0)", mask, bool);
  }

  /** A comparison's outcome, as bool is held. */
  private String truth(String comparison) {
    return width == 1
        ? Text.of("(uchar) (%s)", comparison)
        : Text.of("convert_uchar%d(-(%s))", width, comparison);
  }

  private String unary(Op.Unary op, DType dtype, String a) {
    if (width > 1 && (op instanceof Op.Sin || op instanceof Op.Cos)) {
      return periodic(op, dtype, a);
    }
    boolean real = dtype.isFloating();
    return switch (op) {
      case Op.Neg _ -> real ? "-" + a : wrapping(dtype, all(dtype, "0"), "-", a);
      case Op.Abs _ -> real ? Text.of("fabs(%s)", a) : as(dtype, Text.of("abs(%s)", a));
      case Op.Sign _ -> {
        String negative = select(a, all(dtype, "-1"), a + " < " + all(dtype, "0"));
        yield select(negative, all(dtype, "1"), a + " > " + all(dtype, "0"));
      }
      case Op.Exp _, Op.Log _, Op.Log1p _, Op.Expm1 _, Op.Sin _, Op.Cos _ -> call(op, dtype, a);
      case Op.Tanh _, Op.Erf _, Op.Sqrt _, Op.Floor _ -> call(op, dtype, a);
      case Op.Sigmoid _ -> written(op, dtype) ? call(op, dtype, a) : sigmoid(dtype, a);
      case Op.Not _ -> Text.of("(%s) ^ %s", a, all(dtype, "1"));
    };
  }

  /** The exponential of what is not positive, which never overflows: small results are not lost. */
  private String sigmoid(DType dtype, String a) {
    String one = all(dtype, "1");
    String exponential = Text.of("exp(-fabs(%s))", a);
    String numerator = select(one, exponential, Text.of("%s < %s", a, all(dtype, "0")));
    return Text.of("%s / (%s + %s)", numerator, one, exponential);
  }

  /**
   * The sine or cosine of lanes of which some are huge. PoCL 3.1 reduces all lanes as those need
   * it, and of the others the result is then off by 7e-3: so each sort is computed alone.
   */
  private String periodic(Op.Unary op, DType dtype, String a) {
    String bound = all(dtype, dtype == DType.FLOAT64 ? "0x1p30" : "0x1p23f");
    String huge = Text.of("fabs(%s) >= %s", a, bound);
    return select(
        call(op, dtype, select(a, all(dtype, "0"), huge)),
        call(op, dtype, select(bound, a, huge)),
        huge);
  }

  /** OpenCL's names of these functions are those of the operations. */
  private String call(Op op, DType dtype, String a) {
    return Text.of("%s(%s)", written(op, dtype) ? Elementary.name(op, width, 1) : op.label(), a);
  }

  private boolean written(Op op, DType dtype) {
    return own && dtype != DType.FLOAT64 && Elementary.has(op);
  }

  private String binary(Op.Binary op, DType dtype, String a, String b) {
    boolean real = dtype.isFloating();
    return switch (op) {
      case Op.Add _ -> real ? a + " + " + b : wrapping(dtype, a, "+", b);
      case Op.Sub _ -> real ? a + " - " + b : wrapping(dtype, a, "-", b);
      case Op.Mul _ -> real ? a + " * " + b : wrapping(dtype, a, "*", b);
      case Op.Div _ -> real ? a + " / " + b : quotient(dtype, a, b);
      case Op.Pow _ -> power(dtype, a, b);
      // Of two zeros the positive one is larger, which comparisons do not tell.
      case Op.Max _ -> extreme(dtype, a, ">", b, b);
      case Op.Min _ -> extreme(dtype, a, "<", b, a);
      case Op.Equal _ -> truth(a + " == " + b);
      case Op.Less _ -> truth(a + " < " + b);
      case Op.LessEqual _ -> truth(a + " <= " + b);
      case Op.And _ -> a + " & " + b;
      case Op.Or _ -> a + " | " + b;
    };
  }

  /**
   * The larger or the smaller one. Where either is NaN, the comparison fails: NaN is taken by name.
   *
   * @param signed the operand whose sign bit says, of equal ones, that it is the first
   */
  private String extreme(DType dtype, String a, String comparison, String b, String signed) {
    if (!dtype.isFloating()) {
      return select(b, a, Text.of("%s %s %s", a, comparison, b));
    }
    String equal = Text.of("((%s == %s) %s signbit(%s))", a, b, both(), signed);
    return select(b, a, Text.of("%s %s %s", first(a, comparison, b), either(), equal));
  }

  private String first(String a, String comparison, String b) {
    return Text.of("(%1$s %2$s %3$s) %4$s (%1$s != %1$s)", a, comparison, b, either());
  }

  private String either() {
    return width == 1 ? "||" : "|";
  }

  private String both() {
    return width == 1 ? "&&" : "&";
  }

  /** C has 1 for some powers of ±1 that are no numbers here: those by NaN, or by an infinity. */
  private String power(DType dtype, String a, String b) {
    String condition =
        Text.of(
            "(fabs(%1$s) == %2$s) %3$s (%4$s - %4$s != %5$s)",
            a, all(dtype, "1"), both(), b, all(dtype, "0"));
    return select(powers(dtype, a, b), Text.of("%1$s - %1$s", b), condition);
  }

  /**
   * In float64 lane by lane: where the lanes of a vector differ in kind, PoCL 3.1's own gives
   * numbers of which no digit is right.
   */
  private String powers(DType dtype, String a, String b) {
    if (width == 1 || dtype != DType.FLOAT64) {
      return Text.of("pow(%s, %s)", a, b);
    }
    return IntStream.range(0, width)
        .mapToObj(lane -> Text.of("pow(%s.s%x, %s.s%x)", a, lane, b, lane))
        .collect(Collectors.joining(", ", Text.of("(%s) (", type(dtype)), ")"));
  }

  /** 0 where the divisor is; the smallest integer by −1 is the one quotient that overflows. */
  private String quotient(DType dtype, String a, String b) {
    String zero = all(dtype, "0");
    String minusOne = all(dtype, "-1");
    String special =
        Text.of("(%s == %s) %s (%s == %s)", b, zero, width == 1 ? "||" : "|", b, minusOne);
    String divisor = select(b, all(dtype, "1"), special);
    String plain = select(Text.of("%s / %s", a, divisor), zero, b + " == " + zero);
    return select(plain, wrapping(dtype, zero, "-", a), b + " == " + minusOne);
  }

  /** The unsigned type's arithmetic, whose overflow is defined. */
  private String wrapping(DType dtype, String a, String operator, String b) {
    String unsigned = "u" + type(dtype);
    return Text.of(
        "as_%1$s(as_%2$s(%3$s) %4$s as_%2$s(%5$s))", type(dtype), unsigned, a, operator, b);
  }

  private String as(DType dtype, String a) {
    return Text.of("as_%s(%s)", type(dtype), a);
  }

  private String cast(DType to, DType from, String a) {
    if (to == from) {
      return a;
    }
    if (to == DType.BOOL) {
      return truth(a + " != " + all(from, "0"));
    }
    if (to.isStorageOnly()) {
      String value =
          from.isStorageOnly() || from == DType.FLOAT32
              ? a
              : Text.of("convert_%s(%s)", Types.value(DType.FLOAT32, width), a);
      return each(to == DType.FLOAT16 ? "half_round" : "bfloat_round", value);
    }
    if (from.isFloating() && !to.isFloating()) {
      String saturated = Text.of("convert_%s_sat(%s)", type(to), a);
      String isNan = Text.of("%1$s != %1$s", a);
      String holds = width == 1 ? isNan : Text.of("convert_%s(%s)", Types.mask(to, width), isNan);
      return select(saturated, all(to, "0"), holds);
    }
    if (from == DType.INT64 && to == DType.INT32) {
      // The low half, which a conversion of what does not fit does not promise.
      return Text.of(
          "as_%s(convert_u%s(as_ulong%s(%s) & 0xffffffffUL))",
          type(to), type(to), width == 1 ? "" : Integer.toString(width), a);
    }
    return Types.value(from).equals(Types.value(to)) ? a : Text.of("convert_%s(%s)", type(to), a);
  }

  /** A scalar function of each lane. */
  private String each(String function, String a) {
    if (width == 1) {
      return Text.of("%s(%s)", function, a);
    }
    StringBuilder lanes = new StringBuilder(Text.of("(float%d) (", width));
    for (int i = 0; i < width; i++) {
      lanes.append(i == 0 ? "" : ", ").append(Text.of("%s((%s).s%x)", function, a, i));
    }
    return lanes.append(")").toString();
  }
}
