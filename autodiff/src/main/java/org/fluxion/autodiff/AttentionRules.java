package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * The derivatives of attention. The output's tangent and its transpose, the three cotangents, are
 * operations of the family, for which backends have kernels. Every further derivative is that of
 * the definition in primitives: exact, to any order, with a matrix of queries by keys in memory.
 */
final class AttentionRules {
  /** The first operand of {@link Op.AttentionTangent} that is a tangent. */
  private static final int FIRST_TANGENT = 3;

  private AttentionRules() {}

  /**
   * The tangent of a node of the family.
   *
   * @param z the node
   * @param op its operation
   * @param d its operands' tangents, null for zero, at least one not null
   * @return its tangent, null for zero
   */
  static Tensor tangent(Tensor z, Op.Attention op, List<Tensor> d) {
    boolean masked = d.size() > op.operands();
    if (op instanceof Op.AttentionOutput && !(masked && d.getLast() != null)) {
      List<Tensor> operands = new ArrayList<>(z.inputs().subList(0, FIRST_TANGENT));
      operands.addAll(
          JvpRules.zerosForNull(z.inputs().subList(0, FIRST_TANGENT), d.subList(0, FIRST_TANGENT)));
      return apply(new Op.AttentionTangent(op.scale(), op.causal()), operands, z, op);
    }
    Map<Tensor, Tensor> tangents = new HashMap<>();
    for (int i = 0; i < d.size(); i++) {
      tangents.put(z.inputs().get(i), d.get(i));
    }
    List<Tensor> inputs = List.copyOf(new LinkedHashSet<>(z.inputs()));
    Graph graph = new Graph(inputs, List.of(Attention.definition(op, z.inputs())));
    List<Tensor> each = Arrays.asList(inputs.stream().map(tangents::get).toArray(Tensor[]::new));
    return Transforms.jvp(graph, each).get(0);
  }

  /**
   * The cotangents of a node's operands.
   *
   * @param z the node
   * @param op its operation
   * @param c its cotangent
   * @param linear which operands depend on the linear inputs; at least one does
   * @return a cotangent per operand; of those that do not depend on the linear inputs null, or what
   *     nobody asks for
   * @throws TensorException if the operation is not linear in those operands
   */
  static List<Tensor> cotangents(Tensor z, Op.Attention op, Tensor c, Predicate<Tensor> linear) {
    List<Tensor> in = z.inputs();
    if (op instanceof Op.AttentionTangent
        && in.subList(0, FIRST_TANGENT).stream().noneMatch(linear)
        && in.subList(op.operands(), in.size()).stream().noneMatch(linear)) {
      Op.Attention output = new Op.AttentionOutput(op.scale(), op.causal());
      Op.Attention logSumExp = new Op.AttentionLogSumExp(op.scale(), op.causal());
      List<Tensor> residuals = new ArrayList<>(in.subList(0, FIRST_TANGENT));
      residuals.add(apply(output, in.subList(0, output.operands()), z, op));
      residuals.add(apply(logSumExp, in.subList(0, logSumExp.operands()), z, op));
      residuals.add(c);
      Op.Attention[] rules = {
        new Op.AttentionQueryCotangent(op.scale(), op.causal()),
        new Op.AttentionKeyCotangent(op.scale(), op.causal()),
        new Op.AttentionValueCotangent(op.scale(), op.causal())
      };
      Tensor[] cotangents = new Tensor[in.size()];
      for (int i = 0; i < rules.length; i++) {
        cotangents[FIRST_TANGENT + i] = apply(rules[i], residuals, z, op);
      }
      return Arrays.asList(cotangents);
    }
    Set<Tensor> variables = new LinkedHashSet<>(in.stream().filter(linear).toList());
    Graph graph = new Graph(List.copyOf(variables), List.of(Attention.definition(op, in)));
    List<Tensor> pulled = Transforms.transpose(graph, List.of(c));
    Map<Tensor, Tensor> left = new HashMap<>();
    for (int i = 0; i < pulled.size(); i++) {
      left.put(graph.inputs().get(i), pulled.get(i));
    }
    // What is an operand twice gets the whole cotangent at its first place.
    return Arrays.asList(in.stream().map(left::remove).toArray(Tensor[]::new));
  }

  /** Another operation of the family, under the same mask. */
  private static Tensor apply(Op op, List<Tensor> operands, Tensor z, Op.Attention from) {
    List<Tensor> all = new ArrayList<>(operands);
    all.addAll(z.inputs().subList(from.operands(), z.inputs().size()));
    return Tensor.apply(op, all);
  }
}
