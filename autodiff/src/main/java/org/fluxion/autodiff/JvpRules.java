package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * The derivative of every operation, forward: one formula per nonlinear operation, in one
 * exhaustive switch. x, y are operands, z is the result, d· is a tangent. A tangent of null is a
 * structural zero; a rule never builds one. Linear operations act on the tangent as on the value.
 */
final class JvpRules {
  private static final double TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

  private JvpRules() {}

  /**
   * The tangent of a node.
   *
   * @param z the node
   * @param d its operands' tangents, null for zero, at least one not null
   * @return its tangent, null for zero
   */
  static Tensor tangent(Tensor z, List<Tensor> d) {
    Op op = z.op();
    return switch (op) {
      case Op.Input o -> null;
      case Op.Constant o -> null;
      case Op.Iota o -> null;
      case Op.RandomBits o -> null;
      case Op.Sign o -> null;
      case Op.Floor o -> null;
      case Op.Not o -> null;
      case Op.Equal o -> null;
      case Op.Less o -> null;
      case Op.LessEqual o -> null;
      case Op.And o -> null;
      case Op.Or o -> null;
      case Op.ArgMax o -> null;
      case Op.ArgSort o -> null;
      case Op.StopGradient o -> null;
      case Op.Mark o -> d.get(0);
      // d(eˣ) = z·dx
      case Op.Exp o -> z.mul(d.get(0));
      // d(ln x) = dx/x
      case Op.Log o -> d.get(0).div(x(z));
      // d(ln(1+x)) = dx/(1+x)
      case Op.Log1p o -> d.get(0).div(x(z).add(1));
      // d(eˣ−1) = dx·(z+1)
      case Op.Expm1 o -> d.get(0).mul(z.add(1));
      // d(sin x) = cos x·dx
      case Op.Sin o -> x(z).cos().mul(d.get(0));
      // d(cos x) = −sin x·dx
      case Op.Cos o -> x(z).sin().neg().mul(d.get(0));
      // d(tanh x) = (1+z)(1−z)·dx, factored so that nothing cancels near saturation
      case Op.Tanh o -> d.get(0).mul(z.add(1).mul(one(z).sub(z)));
      // d(σ(x)) = z(1−z)·dx
      case Op.Sigmoid o -> d.get(0).mul(z.mul(one(z).sub(z)));
      // d(erf x) = 2/√π·e^(−x²)·dx
      case Op.Erf o -> x(z).square().neg().exp().mul(TWO_OVER_ROOT_PI).mul(d.get(0));
      // d(√x) = dx/(2z)
      case Op.Sqrt o -> d.get(0).div(z.mul(2));
      // d|x| = sign(x)·dx
      case Op.Abs o -> x(z).sign().mul(d.get(0));
      // d(x·y) = dx·y + x·dy
      case Op.Mul o -> sum(times(d.get(0), y(z)), times(d.get(1), x(z)));
      // d(x/y) = dx/y − z/y·dy
      case Op.Div o ->
          sum(
              d.get(0) == null ? null : d.get(0).div(y(z)),
              d.get(1) == null ? null : z.div(y(z)).neg().mul(d.get(1)));
      case Op.Pow o -> sum(powBase(z, d.get(0)), powExponent(z, d.get(1)));
      case Op.Max o -> sum(times(d.get(0), share(x(z), y(z))), times(d.get(1), share(y(z), x(z))));
      case Op.Min o -> sum(times(d.get(0), share(y(z), x(z))), times(d.get(1), share(x(z), y(z))));
      case Op.ReduceMax o -> reduceMax(z, o, d.get(0));
      // d(X·Y) = dX·Y + X·dY
      case Op.Matmul o ->
          sum(
              d.get(0) == null ? null : d.get(0).matmul(y(z)),
              d.get(1) == null ? null : x(z).matmul(d.get(1)));
      case Op.Attention o -> AttentionRules.tangent(z, o, d);
      case Op.Add o -> sum(d.get(0), d.get(1));
      case Op.Sub o -> sum(d.get(0), d.get(1) == null ? null : d.get(1).neg());
      case Op.Select o -> select(z, d);
      case Op.Cast o -> o.dtype().isFloating() ? d.get(0).cast(o.dtype()) : null;
      // Indices have no tangent: the first operand has one.
      case Op.Gather o -> Tensor.apply(op, List.of(d.get(0), y(z)));
      case Op.ScatterAdd o -> Tensor.apply(op, List.of(d.get(0), y(z)));
      case Op.Concat o -> Tensor.apply(op, zerosForNull(z.inputs(), d));
      case Op.Neg o -> linear(op, d);
      case Op.Sum o -> linear(op, d);
      case Op.Reshape o -> linear(op, d);
      case Op.Permute o -> linear(op, d);
      case Op.Broadcast o -> linear(op, d);
      case Op.Pad o -> linear(op, d);
      case Op.Slice o -> linear(op, d);
      case Op.Flip o -> linear(op, d);
      case Op.Unfold o -> linear(op, d);
      case Op.Fold o -> linear(op, d);
      case Op.Custom o -> o.function().jvp(z.inputs(), z, zerosForNull(z.inputs(), d));
    };
  }

  private static Tensor x(Tensor z) {
    return z.inputs().get(0);
  }

  private static Tensor y(Tensor z) {
    return z.inputs().get(1);
  }

  private static Tensor one(Tensor like) {
    return Tensor.scalar(1, like.dtype());
  }

  private static Tensor linear(Op op, List<Tensor> d) {
    return Tensor.apply(op, d);
  }

  private static Tensor times(Tensor tangent, Tensor factor) {
    return tangent == null ? null : tangent.mul(factor);
  }

  /** The sum of two tangents, either of which may be a structural zero. */
  static Tensor sum(Tensor a, Tensor b) {
    if (a == null) {
      return b;
    }
    return b == null ? a : a.add(b);
  }

  /** d(xʸ)/dx = y·x^(y−1); at y = 0 a clean zero also where 1/x is infinite. */
  private static Tensor powBase(Tensor z, Tensor dx) {
    if (dx == null) {
      return null;
    }
    Tensor y = y(z);
    // 0·∞ would be a NaN. Elsewhere x⁻¹ must stay at y = 0: it is the derivative of this in y.
    Tensor infinite = x(z).abs().lessEqual(largestOfInfiniteReciprocal(z.dtype()));
    Tensor exponent = Tensor.where(y.equal(0).and(infinite), one(z), y.sub(1));
    return dx.mul(y.mul(x(z).pow(exponent)));
  }

  /** The largest x whose reciprocal overflows: the next power of two has the largest one's. */
  private static double largestOfInfiniteReciprocal(DType dtype) {
    return dtype == DType.FLOAT64 ? 0x1p-1024 : 0x1p-128;
  }

  /** d(xʸ)/dy = ln x·xʸ; at x = 0 a clean zero. */
  private static Tensor powExponent(Tensor z, Tensor dy) {
    if (dy == null) {
      return null;
    }
    Tensor positive = x(z).equal(Tensor.scalar(0, z.dtype())).not();
    Tensor base = Tensor.where(positive, x(z), one(z));
    return dy.mul(base.log().mul(z));
  }

  /** The share of a's tangent in max(a, b): 1 where a is larger, 0 where smaller, ½ at a tie. */
  private static Tensor share(Tensor a, Tensor b) {
    Tensor larger = b.less(a).cast(a.dtype());
    Tensor notSmaller = b.lessEqual(a).cast(a.dtype());
    return larger.add(notSmaller).mul(0.5);
  }

  /** Elements that tie for the maximum share its tangent equally. */
  private static Tensor reduceMax(Tensor z, Op.ReduceMax op, Tensor dx) {
    Tensor peak = z;
    org.fluxion.tensor.Shape kept = x(z).shape();
    for (int axis : op.axes()) {
      kept = kept.with(axis, 1);
    }
    Tensor ties = x(z).equal(peak.reshape(kept)).cast(z.dtype());
    // Over no axes it is no sum of all, as the method without axes would have it.
    Op.Sum sum = new Op.Sum(op.axes());
    return Tensor.apply(sum, List.of(dx.mul(ties))).div(Tensor.apply(sum, List.of(ties)));
  }

  /** A condition has no tangent: one of the branches has. */
  private static Tensor select(Tensor z, List<Tensor> d) {
    Tensor zero = z.zerosLike();
    return Tensor.apply(
        z.op(),
        List.of(x(z), d.get(1) == null ? zero : d.get(1), d.get(2) == null ? zero : d.get(2)));
  }

  static List<Tensor> zerosForNull(List<Tensor> primals, List<Tensor> d) {
    List<Tensor> result = new ArrayList<>();
    for (int i = 0; i < d.size(); i++) {
      result.add(d.get(i) == null ? primals.get(i).zerosLike() : d.get(i));
    }
    return result;
  }
}
