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

  /**
   * Adds products of some elements.
   *
   * @param left the expressions of one factor, one a copy
   * @param right those of the other
   * @param lanes how many elements each has; 1 for one element
   */
  void add(int level, int v, List<String> left, List<String> right, int lanes) {
    for (int copy = 0; copy < left.size(); copy++) {
      String into = lanes > 1 ? VectorLoops.copy("w" + v, copy) : "a" + v;
      loops.line(level, "%s = fma(%s, %s, %1$s);", into, left.get(copy), right.get(copy));
    }
  }

  /**
   * Folds the copies, then a vector's lanes by halves, in a fixed tree, by way of memory of its
   * own: of halves of a vector in registers, which are faster, Oclgrind says that they were never
   * written.
   */
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
    loops.line(2, "%s l%d[%d];", type, v, width);
    loops.line(2, "vstore%d(w%d, 0, l%d);", width, v, v);
    for (int half = width / 2; half > 1; half /= 2) {
      loops.line(2, "{");
      loops.line(3, "const %s%d a = vload%d(0, l%d);", type, half, half, v);
      loops.line(3, "const %s%d b = vload%d(1, l%d);", type, half, half, v);
      loops.line(3, "vstore%d(%s, 0, l%d);", half, folded(reduce, half, "a", "b"), v);
      loops.line(2, "}");
    }
    String last = folded(reduce, 1, "l" + v + "[0]", "l" + v + "[1]");
    loops.line(2, "const %s t%d = %s;", type, v, last);
    String lanes = "t" + v;
    if (seeksNumbers(reduce)) {
      loops.line(2, "const %s m%d = any(n%d) ? NAN : t%d;", type, v, v, v);
      lanes = "m" + v;
    }
    loops.line(2, "const %s v%d = %s;", type, v, withNone(reduce, "a" + v, lanes));
  }

  /** Two values as one, of which neither is NaN where numbers are sought. */
  private static String folded(Kernel.RowReduce reduce, int lanes, String a, String b) {
    Expressions expressions = new Expressions(lanes, true);
    return seeksNumbers(reduce)
        ? expressions.select(a, b, Text.of("%s > %s", b, a))
        : expressions.fold(reduce.maximum(), reduce.dtype(), a, b);
  }

  /** Two values as one, which passes NaN on. */
  private static String withNone(Kernel.RowReduce reduce, String a, String b) {
    return new Expressions(1, true).fold(reduce.maximum(), reduce.dtype(), a, b);
  }
}
