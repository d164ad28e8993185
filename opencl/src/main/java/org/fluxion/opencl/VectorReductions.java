package org.fluxion.opencl;

import java.util.List;
import org.fluxion.tensor.plan.Kernel;

/**
 * Reductions of rows by vectors: of reduction v, w<i>v</i> and its copies hold what each lane has
 * of the row so far, a<i>v</i> what was left at the row's end, and v<i>v</i> is the result.
 */
final class VectorReductions {
  private final LoopSource loops;
  private final int width;

  /**
   * Reductions of a kernel.
   *
   * @param loops where they are written
   * @param width elements of a vector; 1 for none
   */
  VectorReductions(LoopSource loops, int width) {
    this.loops = loops;
    this.width = width;
  }

  private Kernel.RowReduce reduction(int v) {
    return (Kernel.RowReduce) loops.body.get(v);
  }

  /**
   * Whether a reduction looks for the largest number, and remembers apart whether there was one
   * that is none: one instruction for the former is the shortest chain there is.
   */
  private static boolean seeksNumbers(Kernel.RowReduce reduce) {
    return reduce.maximum() && reduce.dtype().isFloating();
  }

  /** Declares what a walk folds into. */
  void start(int v, int copies) {
    Kernel.RowReduce reduce = reduction(v);
    String start = Expressions.start(reduce.maximum(), reduce.dtype());
    loops.line(2, "%s a%d = %s;", Types.value(reduce.dtype()), v, start);
    if (width == 1) {
      return;
    }
    String type = Types.value(reduce.dtype(), width);
    for (int copy = 0; copy < copies; copy++) {
      loops.line(2, "%1$s %2$s = (%1$s) (%3$s);", type, VectorLoops.copy("w" + v, copy), start);
    }
    if (seeksNumbers(reduce)) {
      loops.line(2, "%1$s n%2$d = (%1$s) (0);", Types.mask(reduce.dtype(), width), v);
    }
  }

  /**
   * Folds some elements.
   *
   * @param operands the expressions that are folded, one a copy
   * @param lanes how many elements each has; 1 for one element
   */
  void fold(int level, int v, List<String> operands, int lanes) {
    Kernel.RowReduce reduce = reduction(v);
    for (int copy = 0; copy < operands.size(); copy++) {
      String operand = operands.get(copy);
      String into = lanes > 1 ? VectorLoops.copy("w" + v, copy) : "a" + v;
      String next =
          lanes > 1 ? folded(reduce, lanes, into, operand) : withNone(reduce, into, operand);
      loops.line(level, "%s = %s;", into, next);
      if (lanes > 1 && seeksNumbers(reduce) && copy % 2 == 0) {
        // Two are compared at once: the outcome is false, or no order, of each that is no number.
        String other = operands.get(Math.min(copy + 1, operands.size() - 1));
        loops.line(level, "n%d |= isunordered(%s, %s);", v, operand, other);
      }
    }
  }

  /** Folds the copies, then a vector's lanes by halves, in a fixed tree. */
  void end(int v, int copies) {
    Kernel.RowReduce reduce = reduction(v);
    String type = Types.value(reduce.dtype());
    if (width == 1) {
      loops.line(2, "const %s v%d = a%d;", type, v, v);
      return;
    }
    for (int copy = 1; copy < copies; copy++) {
      String other = VectorLoops.copy("w" + v, copy);
      loops.line(2, "w%d = %s;", v, folded(reduce, width, "w" + v, other));
    }
    String lanes = halves(type, "w" + v, (half, a, b) -> folded(reduce, half, a, b));
    if (seeksNumbers(reduce)) {
      String mask = Types.mask(reduce.dtype(), 1);
      String none = halves(mask, "n" + v, (_, a, b) -> "%s | %s".formatted(a, b));
      loops.line(2, "const %s m%d = %s ? NAN : %s;", type, v, none, lanes);
      lanes = "m" + v;
    }
    loops.line(2, "const %s v%d = %s;", type, v, withNone(reduce, "a" + v, lanes));
  }

  /** How two vectors, given their width, become one. */
  private interface Fold {
    String of(int width, String a, String b);
  }

  /** Folds a vector's lanes, of a type; returns the result's name. */
  private String halves(String type, String vector, Fold fold) {
    String whole = vector;
    for (int half = width / 2; half > 0; half /= 2) {
      String part = "%s_of_%d".formatted(vector, half);
      String next = fold.of(half, whole + ".lo", whole + ".hi");
      loops.line(2, "const %s%s %s = %s;", type, half == 1 ? "" : half, part, next);
      whole = part;
    }
    return whole;
  }

  /** Two values as one, of which neither is NaN where numbers are sought. */
  private static String folded(Kernel.RowReduce reduce, int lanes, String a, String b) {
    Expressions expressions = new Expressions(lanes, true);
    return seeksNumbers(reduce)
        ? expressions.select(a, b, "%s > %s".formatted(b, a))
        : expressions.fold(reduce.maximum(), reduce.dtype(), a, b);
  }

  /** Two values as one, which passes NaN on. */
  private static String withNone(Kernel.RowReduce reduce, String a, String b) {
    return new Expressions(1, true).fold(reduce.maximum(), reduce.dtype(), a, b);
  }
}
