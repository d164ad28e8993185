package org.fluxion.tensor.conformance;

import java.util.List;
import org.fluxion.tensor.Op;

/**
 * What mathematics says of an operation on floating point: its operands, where it has a value,
 * where it has no slope, and how its result is rounded. One line for each operation, in a switch
 * that has to name them all. What a line says is held against the operation itself by tests, and
 * published as {@code autodiff/docs/operations.md}.
 *
 * @param operands the operands' names; the last stands for any number if it ends in an ellipsis
 * @param domain where the result is a finite number
 * @param smoothness where, in the domain, there is no slope
 * @param rounding how its result is rounded
 */
public record OpTraits(
    List<String> operands, Domain domain, Smoothness smoothness, Rounding rounding) {

  /** Where an operation has a value; the operands are a and b, or x where there is one. */
  public enum Domain {
    /** Every number. */
    EVERYWHERE("", Double.NEGATIVE_INFINITY),
    /** Above 0. */
    POSITIVE("x > 0", 0),
    /** From 0 on. */
    NOT_NEGATIVE("x ≥ 0", 0),
    /** Above −1. */
    ABOVE_MINUS_ONE("x > −1", -1),
    /** A divisor that is not 0. */
    DIVISOR("b ≠ 0", Double.NEGATIVE_INFINITY),
    /** A positive base; or a negative one, of a whole exponent. */
    POWER("a > 0; a < 0 for whole b", Double.NEGATIVE_INFINITY);

    private final String text;
    private final double least;

    Domain(String text, double least) {
      this.text = text;
      this.least = least;
    }

    /**
     * The number that the first operand is not below.
     *
     * @return −∞ if there is none
     */
    public double least() {
      return least;
    }

    /**
     * Whether there is a value.
     *
     * @param a the first operand, a moderate number
     * @param b the second, if there is one
     * @return whether the result is finite there
     */
    public boolean contains(double a, double b) {
      return switch (this) {
        case EVERYWHERE -> true;
        case POSITIVE -> a > 0;
        case NOT_NEGATIVE -> a >= 0;
        case ABOVE_MINUS_ONE -> a > -1;
        case DIVISOR -> b != 0;
        case POWER -> a > 0 || a < 0 && b == Math.rint(b);
      };
    }

    /** Such as {@code x > 0}; empty for every number. */
    @Override
    public String toString() {
      return text;
    }
  }

  /** Where an operation has no slope: a kink, a jump, or the end of its domain. */
  public enum Smoothness {
    /** It has one everywhere in its domain. */
    SMOOTH(""),
    /** At 0. */
    NOT_AT_ZERO("x = 0", 0),
    /** At whole numbers, where it jumps. */
    NOT_AT_INTEGERS("x whole", 1),
    /** Where both operands are equal. */
    NOT_AT_TIES("a = b", 1, 1),
    /** Where several elements are the largest. */
    NOT_AT_EQUAL_ELEMENTS("a tie for the largest", 1, 1),
    /** At negative bases, between whole exponents. */
    NOT_AT_NEGATIVE_BASES("a < 0, by b", -1, 2);

    private final String text;
    private final double[] example;

    Smoothness(String text, double... example) {
      this.text = text;
      this.example = example;
    }

    /**
     * A point without a slope.
     *
     * @return a number for each operand, or for each of two elements; none if there is no such
     *     point
     */
    public double[] example() {
      return example.clone();
    }

    /**
     * Whether there is a slope by every operand.
     *
     * @param a the first operand, or element, inside the domain
     * @param b the second, if there is one
     * @return whether the slopes to both sides are the same number
     */
    public boolean holds(double a, double b) {
      return switch (this) {
        case SMOOTH -> true;
        case NOT_AT_ZERO -> a != 0;
        case NOT_AT_INTEGERS -> a != Math.rint(a);
        case NOT_AT_TIES, NOT_AT_EQUAL_ELEMENTS -> a != b;
        case NOT_AT_NEGATIVE_BASES -> a > 0;
      };
    }

    /** Such as {@code x = 0}; empty if it is smooth. */
    @Override
    public String toString() {
      return text;
    }
  }

  /** How far a floating point result of exact operands may be off; whole numbers are exact. */
  public enum Rounding {
    /** Not at all: elements are moved, compared or chosen, or only their sign changes. */
    EXACT,
    /** Of the real result, by what {@link Arithmetic#units} says. */
    ONCE,
    /** As the dtype that it is stored in asks for, where that is narrower. */
    STORED,
    /** A sum of n numbers, in any order: n − 1 times, each of Σ|x| at most. */
    SUM,
    /** A sum of n products: n times, each of Σ|x||y| at most. */
    PRODUCTS,
    /** As often as the operations are that define it, each error passed on by those that follow. */
    PARTS
  }

  /** Copies the list. */
  public OpTraits {
    operands = List.copyOf(operands);
  }

  /**
   * What is to be known of an operation.
   *
   * @param op the operation
   * @return its line
   */
  public static OpTraits of(Op op) {
    return switch (op) {
      case Op.Input o -> exact();
      case Op.Constant o -> exact();
      case Op.Iota o -> exact();
      case Op.RandomBits o -> exact("key");
      case Op.Neg o -> exact("x");
      case Op.Abs o -> unary(Domain.EVERYWHERE, Smoothness.NOT_AT_ZERO, Rounding.EXACT);
      case Op.Sign o -> unary(Domain.EVERYWHERE, Smoothness.NOT_AT_ZERO, Rounding.EXACT);
      case Op.Floor o -> unary(Domain.EVERYWHERE, Smoothness.NOT_AT_INTEGERS, Rounding.EXACT);
      case Op.Exp o -> unary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Expm1 o -> unary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Log o -> unary(Domain.POSITIVE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Log1p o -> unary(Domain.ABOVE_MINUS_ONE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Sqrt o -> unary(Domain.NOT_NEGATIVE, Smoothness.NOT_AT_ZERO, Rounding.ONCE);
      case Op.Sin o -> unary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Cos o -> unary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Tanh o -> unary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Sigmoid o -> unary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Erf o -> unary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Not o -> exact("x");
      case Op.Add o -> binary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Sub o -> binary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Mul o -> binary(Domain.EVERYWHERE, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Div o -> binary(Domain.DIVISOR, Smoothness.SMOOTH, Rounding.ONCE);
      case Op.Pow o -> binary(Domain.POWER, Smoothness.NOT_AT_NEGATIVE_BASES, Rounding.ONCE);
      case Op.Max o -> binary(Domain.EVERYWHERE, Smoothness.NOT_AT_TIES, Rounding.EXACT);
      case Op.Min o -> binary(Domain.EVERYWHERE, Smoothness.NOT_AT_TIES, Rounding.EXACT);
      case Op.Equal o -> exact("a", "b");
      case Op.Less o -> exact("a", "b");
      case Op.LessEqual o -> exact("a", "b");
      case Op.And o -> exact("a", "b");
      case Op.Or o -> exact("a", "b");
      case Op.Select o -> exact("condition", "a", "b");
      case Op.Cast o -> smooth(Rounding.STORED, "x");
      case Op.Sum o -> smooth(Rounding.SUM, "x");
      case Op.ReduceMax o ->
          unary(Domain.EVERYWHERE, Smoothness.NOT_AT_EQUAL_ELEMENTS, Rounding.EXACT);
      case Op.ArgMax o -> exact("x");
      case Op.ArgSort o -> exact("x");
      case Op.Matmul o -> smooth(Rounding.PRODUCTS, "a", "b");
      case Op.Concat o -> exact("x…");
      case Op.Movement o -> exact("x");
      case Op.Unfold o -> exact("x");
      case Op.Fold o -> smooth(Rounding.SUM, "x");
      case Op.Gather o -> exact("x", "indices");
      case Op.ScatterAdd o -> smooth(Rounding.SUM, "x", "indices");
      case Op.AttentionOutput o -> smooth(Rounding.PARTS, "q", "k", "v", "mask");
      case Op.AttentionLogSumExp o -> smooth(Rounding.PARTS, "q", "k", "mask");
      case Op.AttentionTangent o -> smooth(Rounding.PARTS, "q", "k", "v", "dq", "dk", "dv", "mask");
      case Op.AttentionQueryCotangent o -> cotangent();
      case Op.AttentionKeyCotangent o -> cotangent();
      case Op.AttentionValueCotangent o -> cotangent();
      case Op.Marker o -> exact("x");
      case Op.Custom o -> smooth(Rounding.PARTS, "…");
    };
  }

  private static OpTraits exact(String... operands) {
    return smooth(Rounding.EXACT, operands);
  }

  private static OpTraits smooth(Rounding rounding, String... operands) {
    return new OpTraits(List.of(operands), Domain.EVERYWHERE, Smoothness.SMOOTH, rounding);
  }

  private static OpTraits unary(Domain domain, Smoothness smoothness, Rounding rounding) {
    return new OpTraits(List.of("x"), domain, smoothness, rounding);
  }

  private static OpTraits binary(Domain domain, Smoothness smoothness, Rounding rounding) {
    return new OpTraits(List.of("a", "b"), domain, smoothness, rounding);
  }

  private static OpTraits cotangent() {
    return smooth(Rounding.PARTS, "q", "k", "v", "output", "logsumexp", "cotangent", "mask");
  }
}
