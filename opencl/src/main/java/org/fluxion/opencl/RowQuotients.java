package org.fluxion.opencl;

import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.plan.Kernel;

/**
 * Floats divided by what does not vary along a row, as a softmax does: by the divisor's reciprocal,
 * which is computed once, since a division takes as long as ten products. OpenCL allows 2.5 of a
 * division, and so of a reciprocal, whatever a device's option for better ones: by it a quotient
 * could be off by 5.5. So one step of Newton's, with fused multiply-adds, makes of it what is
 * rounded correctly but for some 2⁻¹⁹ of a unit, on every device, and the quotient is off by no
 * more than 1.5 units in the last place and a millionth.
 *
 * <p>The reciprocal of a huge divisor is subnormal, of a tiny one infinite: such a divisor is
 * scaled, and the dividend by as much, before it is multiplied.
 */
final class RowQuotients {
  private final LoopSource loops;

  RowQuotients(LoopSource loops) {
    this.loops = loops;
  }

  /** Whether a value is such a quotient. */
  boolean is(int v) {
    return loops.body.get(v) instanceof Kernel.Compute compute
        && compute.op() instanceof Op.Div
        && compute.dtype() == DType.FLOAT32
        && loops.depth[v] == loops.lastLoop
        && loops.depth[compute.operands().get(1)] < loops.lastLoop;
  }

  /** Names what the quotient is made of, before the loop. */
  void hoist(int level, int v) {
    int divisor = ((Kernel.Compute) loops.body.get(v)).operands().get(1);
    loops.line(
        level,
        "const float h%d = fabs(v%2$d) > 0x1p64f ? 0x1p-64f : fabs(v%2$d) < 0x1p-64f ? 0x1p64f :"
            + " 1.0f;",
        v,
        divisor);
    loops.line(level, "const float d%d = v%d * h%1$d;", v, divisor);
    loops.line(level, "const float z%d = 1.0f / d%1$d;", v);
    loops.line(level, "const float y%d = fma(-d%1$d, z%1$d, 1.0f);", v);
    // Of a divisor of zero, or an infinite one, there is no remainder, and nothing to mend.
    loops.line(level, "const float u%d = y%1$d == y%1$d ? fma(y%1$d, z%1$d, z%1$d) : z%1$d;", v);
  }

  /** The quotient of some elements. */
  String of(int v, String dividend, int lanes) {
    String type = Types.value(DType.FLOAT32, lanes);
    return Text.of("%s * (%s) (h%d) * (%s) (u%d)", dividend, type, v, type, v);
  }
}
