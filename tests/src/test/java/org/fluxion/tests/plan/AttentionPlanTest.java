package org.fluxion.tests.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.Jvp;
import org.fluxion.autodiff.Vjp;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.junit.jupiter.api.Test;

/** How attention is planned for a backend that has kernels for it. */
class AttentionPlanTest {
  private static final int LENGTH = 4096;
  private static final int SIZE = 72;

  /** Queries, keys and values, or a tangent of each. */
  private record Operands(List<Tensor> leaves) implements Tree<Operands> {
    @Override
    public Operands withLeaves(List<Tensor> leaves) {
      return new Operands(leaves);
    }

    static Operands inputs(String prefix) {
      return new Operands(
          List.of("q", "k", "v").stream()
              .map(name -> Tensor.input(prefix + name, Shape.of(1, LENGTH, SIZE), DType.FLOAT32))
              .toList());
    }

    Tensor output() {
      return Attention.over(leaves.get(0), leaves.get(1), leaves.get(2)).output();
    }
  }

  private static final Operands X = Operands.inputs("");
  private static final Operands DX = Operands.inputs("d");
  private static final Tensor C = Tensor.input("c", Shape.of(1, LENGTH, SIZE), DType.FLOAT32);

  private static Plan plan(List<Tensor> outputs, PlanOptions options) {
    List<Tensor> inputs = new ArrayList<>(X.leaves());
    inputs.addAll(DX.leaves());
    inputs.add(C);
    int[] none = new int[outputs.size()];
    Arrays.fill(none, -1);
    return Plan.of(new Graph(inputs, outputs), none, options);
  }

  private static Plan fused(List<Tensor> outputs) {
    return plan(outputs, PlanOptions.ALL.withAttention(Map.of(DType.FLOAT32, 128)));
  }

  private static long matrices(Plan plan) {
    long square = (long) LENGTH * LENGTH;
    return plan.kernels().stream()
        .flatMap(kernel -> kernel.writes().stream())
        .filter(buffer -> buffer.elements() >= square)
        .distinct()
        .count();
  }

  private static List<Kernel> attentions(Plan plan) {
    return plan.kernels().stream().filter(Kernel.AttentionKernel.class::isInstance).toList();
  }

  @Test
  void outputAndTangentAreOneKernelWithoutAMatrix() {
    Jvp<Tensor> both = Autodiff.jvp(Operands::output, X, DX);
    Plan plan = fused(List.of(both.value(), both.tangent()));
    assertEquals(1, plan.kernels().size(), plan.kernels()::toString);
    assertEquals(1, attentions(plan).size());
    assertEquals(0, matrices(plan));
    // Without kernels for it, it is its definition.
    Plan composed = plan(List.of(both.value(), both.tangent()), PlanOptions.ALL);
    assertEquals(0, attentions(composed).size());
    assertTrue(matrices(composed) > 0);
  }

  @Test
  void theGradientIsThreeKernelsWithoutAMatrix() {
    Vjp<Operands, Tensor> vjp = Autodiff.vjp(Operands::output, X);
    List<Tensor> outputs = new ArrayList<>(vjp.pullback().apply(C).leaves());
    outputs.add(vjp.value());
    Plan plan = fused(outputs);
    List<String> names = plan.kernels().stream().map(Kernel::name).sorted().toList();
    assertEquals(
        List.of(
            "attention_key_cotangent+_value_cotangent",
            "attention_output+_log_sum_exp",
            "attention_query_cotangent"),
        names);
    assertEquals(0, matrices(plan));
  }

  @Test
  void aStepThatHoldsItsTangentStillHasNoMatrix() {
    // What a mean-flow step does: the target, made of the tangent, has no derivative.
    Vjp<Operands, Tensor> vjp =
        Autodiff.vjp(
            (Operands x) -> {
              Jvp<Tensor> both = Autodiff.jvp(Operands::output, x, DX);
              return both.value().sub(Autodiff.stopGradient(both.tangent())).square().sum();
            },
            X);
    Plan plan = fused(vjp.pullback().apply(Tensor.scalar(1, DType.FLOAT32)).leaves());
    assertEquals(3, attentions(plan).size(), plan.kernels()::toString);
    assertEquals(0, matrices(plan));
  }

  @Test
  void throughTheTangentTheFirstOrderStaysFused() {
    Vjp<Operands, Tensor> vjp =
        Autodiff.vjp(
            (Operands x) -> {
              Jvp<Tensor> both = Autodiff.jvp(Operands::output, x, DX);
              return both.value().mul(both.tangent()).sum();
            },
            X);
    List<Tensor> outputs =
        new ArrayList<>(vjp.pullback().apply(Tensor.scalar(1, DType.FLOAT32)).leaves());
    outputs.add(vjp.value());
    Plan plan = fused(outputs);
    List<String> names = attentions(plan).stream().map(Kernel::name).sorted().toList();
    assertTrue(names.contains("attention_query_cotangent"), names::toString);
    assertTrue(names.stream().anyMatch(name -> name.contains("_tangent")), names::toString);
    // The second order is that of the definition, whose matrices explain() lists.
    assertTrue(matrices(plan) > 0);
  }
}
