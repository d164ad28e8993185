package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * The transpose of every linear operation, in one exhaustive switch: given the cotangent of the
 * result, the cotangents of the operands it is linear in. Reverse mode is nothing else than the jvp
 * rules' output walked backwards through these.
 */
final class TransposeRules {
  private TransposeRules() {}

  /**
   * The cotangents of a node's operands.
   *
   * @param z the node
   * @param c its cotangent
   * @param linear which operands depend on the linear inputs; at least one does
   * @return a cotangent per operand; of those that do not depend on the linear inputs null, or what
   *     nobody asks for
   * @throws TensorException if the operation is not linear in those operands
   */
  static List<Tensor> cotangents(Tensor z, Tensor c, Predicate<Tensor> linear) {
    Op op = z.op();
    return switch (op) {
      case Op.Add o -> List.of(c, c);
      case Op.Sub o -> List.of(c, c.neg());
      case Op.Neg o -> one(c.neg());
      case Op.Mul o -> {
        bilinear(z, linear);
        yield linear.test(x(z)) ? first(c.mul(y(z))) : second(c.mul(x(z)));
      }
      case Op.Div o -> {
        if (linear.test(y(z))) {
          throw notLinear(z);
        }
        yield first(c.div(y(z)));
      }
      case Op.Select o -> {
        if (linear.test(x(z))) {
          throw notLinear(z);
        }
        Tensor zero = c.zerosLike();
        yield Arrays.asList(null, Tensor.where(x(z), c, zero), Tensor.where(x(z), zero, c));
      }
      case Op.Cast o -> {
        if (!o.dtype().isFloating()) {
          throw notLinear(z);
        }
        yield one(c.cast(x(z).dtype()));
      }
      case Op.Sum o -> one(c.reshape(kept(x(z).shape(), o.axes())).broadcastTo(x(z).shape()));
      case Op.Reshape o -> one(c.reshape(x(z).shape()));
      case Op.Permute o -> one(c.permute(inverse(o.axes())));
      case Op.Broadcast o -> one(broadcast(x(z).shape(), c));
      case Op.Pad o -> one(Tensor.apply(unpad(o, z.shape()), List.of(c)));
      case Op.Slice o -> one(Tensor.apply(unslice(o, x(z).shape(), z.shape()), List.of(c)));
      case Op.Flip o -> one(Tensor.apply(o, List.of(c)));
      case Op.Concat o -> concat(z, o, c);
      case Op.Matmul o -> {
        bilinear(z, linear);
        // Z = X·Y: X̄ = Z̄·Yᵀ, Ȳ = Xᵀ·Z̄
        yield linear.test(x(z))
            ? first(c.matmul(y(z).transpose()))
            : second(x(z).transpose().matmul(c));
      }
      case Op.Attention o -> AttentionRules.cotangents(z, o, c, linear);
      case Op.Unfold o -> {
        Shape image = x(z).shape();
        Op.Fold fold = new Op.Fold(o.window(), image.extent(2), image.extent(3));
        yield one(Contributions.sum(c, wide -> Tensor.apply(fold, List.of(wide))));
      }
      case Op.Fold o -> one(Tensor.apply(new Op.Unfold(o.window()), List.of(c)));
      case Op.Gather o -> {
        constantIndices(z, linear);
        Op.ScatterAdd scatter = new Op.ScatterAdd(x(z).shape().extent(1));
        yield first(Contributions.sum(c, wide -> Tensor.apply(scatter, List.of(wide, y(z)))));
      }
      case Op.ScatterAdd o -> {
        constantIndices(z, linear);
        yield first(Tensor.apply(new Op.Gather(), List.of(c, y(z))));
      }
      case Op.Mark o -> one(c);
      case Op.Custom o ->
          one(o.function().transpose(x(z).shape(), c).orElseThrow(() -> notLinear(z)));
      case Op.Input o -> throw notLinear(z);
      case Op.Constant o -> throw notLinear(z);
      case Op.Iota o -> throw notLinear(z);
      case Op.RandomBits o -> throw notLinear(z);
      case Op.Exp o -> throw notLinear(z);
      case Op.Log o -> throw notLinear(z);
      case Op.Log1p o -> throw notLinear(z);
      case Op.Expm1 o -> throw notLinear(z);
      case Op.Sin o -> throw notLinear(z);
      case Op.Cos o -> throw notLinear(z);
      case Op.Tanh o -> throw notLinear(z);
      case Op.Sigmoid o -> throw notLinear(z);
      case Op.Erf o -> throw notLinear(z);
      case Op.Sqrt o -> throw notLinear(z);
      case Op.Abs o -> throw notLinear(z);
      case Op.Sign o -> throw notLinear(z);
      case Op.Floor o -> throw notLinear(z);
      case Op.Not o -> throw notLinear(z);
      case Op.Pow o -> throw notLinear(z);
      case Op.Max o -> throw notLinear(z);
      case Op.Min o -> throw notLinear(z);
      case Op.Equal o -> throw notLinear(z);
      case Op.Less o -> throw notLinear(z);
      case Op.LessEqual o -> throw notLinear(z);
      case Op.And o -> throw notLinear(z);
      case Op.Or o -> throw notLinear(z);
      case Op.ReduceMax o -> throw notLinear(z);
      case Op.ArgMax o -> throw notLinear(z);
      case Op.ArgSort o -> throw notLinear(z);
      case Op.StopGradient o -> throw notLinear(z);
    };
  }

  /** Indices that depend on the variables, such as an order of sorting, make a step function. */
  private static void constantIndices(Tensor z, Predicate<Tensor> linear) {
    if (linear.test(y(z))) {
      throw notLinear(z);
    }
  }

  private static TensorException notLinear(Tensor z) {
    return new TensorException(
        "transpose: %s is not linear in its operands; linearize the function first"
            .formatted(z.op().label()));
  }

  private static void bilinear(Tensor z, Predicate<Tensor> linear) {
    if (linear.test(x(z)) && linear.test(y(z))) {
      throw new TensorException(
          "transpose: %s of two operands that both depend on the linear inputs is not linear"
              .formatted(z.op().label()));
    }
  }

  private static Tensor x(Tensor z) {
    return z.inputs().get(0);
  }

  private static Tensor y(Tensor z) {
    return z.inputs().get(1);
  }

  private static List<Tensor> one(Tensor c) {
    return Collections.singletonList(c);
  }

  private static List<Tensor> first(Tensor c) {
    return Arrays.asList(c, null);
  }

  private static List<Tensor> second(Tensor c) {
    return Arrays.asList(null, c);
  }

  private static Shape kept(Shape shape, List<Integer> axes) {
    Shape kept = shape;
    for (int axis : axes) {
      kept = kept.with(axis, 1);
    }
    return kept;
  }

  /** What was repeated is summed. */
  private static Tensor broadcast(Shape operand, Tensor c) {
    // Over no axes it is no sum of all, as the method without axes would have it.
    Op.Sum sum =
        new Op.Sum(
            java.util.stream.IntStream.range(0, operand.rank())
                .filter(axis -> operand.extent(axis) != c.shape().extent(axis))
                .boxed()
                .toList());
    return Contributions.sum(c, wide -> Tensor.apply(sum, List.of(wide))).reshape(operand);
  }

  private static int[] inverse(List<Integer> axes) {
    int[] inverse = new int[axes.size()];
    for (int i = 0; i < inverse.length; i++) {
      inverse[axes.get(i)] = i;
    }
    return inverse;
  }

  private static Op.Slice unpad(Op.Pad pad, Shape padded) {
    List<Integer> end = new ArrayList<>();
    List<Integer> stride = new ArrayList<>();
    for (int axis = 0; axis < padded.rank(); axis++) {
      end.add(Math.max(pad.low().get(axis), padded.extent(axis) - pad.high().get(axis)));
      stride.add(pad.interior().get(axis) + 1);
    }
    return new Op.Slice(pad.low(), end, stride);
  }

  private static Op.Pad unslice(Op.Slice slice, Shape operand, Shape sliced) {
    List<Integer> high = new ArrayList<>();
    List<Integer> low = new ArrayList<>();
    List<Integer> interior = new ArrayList<>();
    for (int axis = 0; axis < operand.rank(); axis++) {
      int step = slice.stride().get(axis);
      int count = sliced.extent(axis);
      int covered = Math.max(0, (count - 1) * step + 1);
      low.add(slice.start().get(axis));
      high.add(operand.extent(axis) - slice.start().get(axis) - covered);
      interior.add(step - 1);
    }
    return new Op.Pad(low, high, interior);
  }

  private static List<Tensor> concat(Tensor z, Op.Concat op, Tensor c) {
    List<Tensor> result = new ArrayList<>();
    int start = 0;
    for (Tensor operand : z.inputs()) {
      int end = start + operand.shape().extent(op.axis());
      result.add(c.slice(op.axis(), start, end));
      start = end;
    }
    return result;
  }
}
