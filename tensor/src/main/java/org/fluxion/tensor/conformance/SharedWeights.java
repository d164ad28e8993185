package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * How far attention and its tangent may be off, given what their parts are off by. With weights P,
 * scores' tangents S and D = Σ P∘S they are
 *
 * <pre>O = P·V        O' = (P∘(S − D))·V + P·V'</pre>
 *
 * in which the weights occur up to three times, and sum to 1. An error that is passed on through
 * each place by itself is counted several times; together they make of a relative error ρ of the
 * keys' exponentials, to first order,
 *
 * <pre>δO = P∘ρ·(V − O)        δO' = P∘ρ·((S − D)(V − O) + V' − O')</pre>
 *
 * for what all keys have in common cancels.
 */
final class SharedWeights {
  /** Where relative errors are larger, the first order is not enough. */
  private static final double SMALL = 0.01;

  /** The first order's error is itself off by a few times the relative errors. */
  private static final double SECOND_ORDER = 8;

  /** For a number per query, key and element of a value; of larger ones this tells nothing. */
  private static final long MOST_ELEMENTS = 1 << 16;

  private static final int VALUES = 2;

  private static final int TANGENT_OF_VALUES = 5;

  private final Function<Tensor, HostData> values;
  private final Function<Tensor, double[]> errors;

  /** Half a unit in the last place of 1. */
  private final double u;

  private final Map<Tensor, HostData> bindings = new HashMap<>();

  /**
   * What is known of the parts.
   *
   * @param values of the nodes of the operation's definition
   * @param errors of the nodes
   * @param unit half a unit in the last place of 1
   */
  SharedWeights(Function<Tensor, HostData> values, Function<Tensor, double[]> errors, double unit) {
    this.values = values;
    this.errors = errors;
    this.u = unit;
  }

  /**
   * The bound.
   *
   * @param op attention, or its tangent
   * @param nodes of its definition
   * @param operands the definition's inputs
   * @param division what a division may be off by, in units in the last place
   * @return for each element; infinite where this tells nothing
   */
  double[] bound(Op.Attention op, List<Tensor> nodes, List<Tensor> operands, double division) {
    Tensor exponential = only(nodes, t -> t.op() instanceof Op.Exp);
    Tensor weights = only(nodes, t -> t.op() instanceof Op.Mul && t.inputs().get(0) == exponential);
    Tensor result = nodes.getLast();
    Tensor p = value(weights);
    Tensor v = value(operands.get(VALUES));
    if (p.shape().elements() * v.shape().extent(-1) > MOST_ELEMENTS) {
      double[] unknown = new double[Math.toIntExact(result.shape().elements())];
      Arrays.fill(unknown, Double.POSITIVE_INFINITY);
      return unknown;
    }
    // A weight is its exponential by the total: what the exponential is off by, relative to it.
    Tensor e = value(exponential);
    Tensor off = error(exponential).div(Tensor.where(e.equal(0), e.onesLike(), e));
    // What is the same for all weights of a query: n − 1 roundings of the total, and a division.
    double common = p.shape().extent(-1) * u + 2 * division * u;
    Tensor all =
        op instanceof Op.AttentionTangent
            ? tangent(nodes, operands, exponential, p, p.mul(off), common)
            : output(p, v, operands, p.mul(off), common);
    return firstOrder(numbers(all), numbers(off));
  }

  private Tensor output(Tensor p, Tensor v, List<Tensor> operands, Tensor pr, double common) {
    Tensor o = p.matmul(v);
    Tensor shared = perValue(v).sub(perQuery(o)).abs().mul(perKey(pr)).sum(-2);
    Tensor own = p.matmul(v.abs()).mul((p.shape().extent(-1) + 1) * u).add(o.abs().mul(common));
    return shared.add(own).add(p.matmul(error(operands.get(VALUES))));
  }

  private Tensor tangent(
      List<Tensor> nodes,
      List<Tensor> operands,
      Tensor exponential,
      Tensor p,
      Tensor pr,
      double common) {
    // The other difference is that of scores and the largest of them.
    Tensor centred = only(nodes, t -> t.op() instanceof Op.Sub && t != exponential.inputs().get(0));
    Tensor slopes = centred.inputs().get(0);
    Tensor away = value(centred);
    Tensor s = value(slopes);
    Tensor v = value(operands.get(VALUES));
    Tensor dv = value(operands.get(TANGENT_OF_VALUES));
    Tensor o = p.matmul(v);
    Tensor d = p.mul(s).sumKeep(-1);
    Tensor result = value(nodes.getLast());
    Tensor apart = perValue(v).sub(perQuery(o));
    int n = p.shape().extent(-1);

    Tensor shared =
        perKey(away)
            .mul(apart)
            .add(perValue(dv))
            .sub(perQuery(result))
            .abs()
            .mul(perKey(pr))
            .sum(-2)
            .add(result.abs().add(d.mul(o).abs()).mul(common));
    // Each weight's own rounding, the difference's, the product's, and those of the sums.
    Tensor own =
        p.mul(away.abs())
            .matmul(v.abs())
            .mul((n + 3) * u)
            .add(p.matmul(dv.abs()).mul((n + 1) * u))
            .add(o.abs().mul(p.mul(s.abs()).sumKeep(-1)).mul((n + 1) * u))
            .add(result.abs().mul(u));
    Tensor passed =
        apart
            .abs()
            .mul(perKey(p.mul(error(slopes))))
            .sum(-2)
            .add(p.mul(away.abs()).matmul(error(operands.get(VALUES))))
            .add(p.matmul(error(operands.get(TANGENT_OF_VALUES))));
    return shared.add(own).add(passed);
  }

  private static double[] firstOrder(double[] all, double[] ratios) {
    double most = 0;
    for (double ratio : ratios) {
      // NaN is larger than any number.
      most = Math.max(most, ratio);
    }
    double[] bound = new double[all.length];
    for (int i = 0; i < all.length; i++) {
      bound[i] =
          most < SMALL && Double.isFinite(all[i])
              ? all[i] * (1 + SECOND_ORDER * most)
              : Double.POSITIVE_INFINITY;
    }
    return bound;
  }

  /** [..., queries, keys] as [..., queries, keys, 1]. */
  private static Tensor perKey(Tensor x) {
    return with(x, x.shape().rank());
  }

  /** [..., keys, size] as [..., 1, keys, size]. */
  private static Tensor perValue(Tensor x) {
    return with(x, x.shape().rank() - 2);
  }

  /** [..., queries, size] as [..., queries, 1, size]. */
  private static Tensor perQuery(Tensor x) {
    return with(x, x.shape().rank() - 1);
  }

  /** With one more axis. */
  private static Tensor with(Tensor x, int place) {
    List<Integer> extents = new ArrayList<>();
    for (int extent : x.shape().extents()) {
      extents.add(extent);
    }
    extents.add(place, 1);
    return x.reshape(Shape.of(extents));
  }

  private static Tensor only(List<Tensor> nodes, Predicate<Tensor> which) {
    List<Tensor> found = nodes.stream().filter(which).toList();
    if (found.size() != 1) {
      throw new IllegalStateException(
          "the definition of attention is not what its error bound expects: one such node, got "
              + found);
    }
    return found.get(0);
  }

  private Tensor value(Tensor node) {
    return bind(node, values.apply(node));
  }

  private Tensor error(Tensor node) {
    double[] e = errors.apply(node);
    HostData data = HostData.allocate(DType.FLOAT64, node.shape().elements());
    for (int i = 0; e != null && i < e.length; i++) {
      data.setDouble(i, e[i]);
    }
    return bind(node, data);
  }

  private Tensor bind(Tensor node, HostData data) {
    Tensor input = Tensor.input("x", node.shape(), DType.FLOAT64);
    bindings.put(input, data);
    return input;
  }

  private double[] numbers(Tensor t) {
    return ReferenceInterpreter.evaluate(List.of(t), bindings).get(0).toDoubles();
  }
}
