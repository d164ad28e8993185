package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;

class SimplifyTest {
  private final Tensor x = Tensor.input("x", Shape.of(2, 3), DType.FLOAT64);

  private Graph simplified(Tensor... outputs) {
    return Simplify.run(new Graph(List.of(x), List.of(outputs)));
  }

  @Test
  void equalComputationsBecomeOneNode() {
    Graph graph = simplified(x.exp().mul(2), x.exp().mul(2).add(1));
    assertSame(graph.outputs().get(0), graph.outputs().get(1).inputs().get(0));
  }

  @Test
  void tablesMadeAnewAreOne() {
    Graph graph = simplified(x.mul(table(0.5)).exp(), x.mul(table(0.5)), x.mul(table(0.25)));
    Tensor scaled = graph.outputs().get(1);
    assertSame(scaled, graph.outputs().get(0).inputs().get(0));
    assertNotSame(scaled, graph.outputs().get(2));
  }

  private static Tensor table(double last) {
    return Tensor.of(new double[] {1, 2, last}, 3);
  }

  @Test
  void whatChangesNoBitIsRemoved() {
    assertSame(x, simplified(x.mul(1)).outputs().get(0));
    assertSame(x, simplified(x.div(1)).outputs().get(0));
    assertSame(x, simplified(x.transpose().transpose()).outputs().get(0));
    assertSame(x, simplified(x.neg().neg()).outputs().get(0));
    assertSame(x, simplified(x.reshape(6).reshape(2, 3)).outputs().get(0));
    assertSame(x, simplified(Tensor.apply(new Op.StopGradient(), List.of(x))).outputs().get(0));
  }

  @Test
  void whatMightChangeABitStays() {
    assertEquals(new Op.Mul(), simplified(x.mul(0)).outputs().get(0).op());
    assertEquals(new Op.Sub(), simplified(x.sub(x)).outputs().get(0).op());
    assertEquals(new Op.Add(), simplified(x.add(0)).outputs().get(0).op());
  }

  @Test
  void theSimplifiedGraphComputesTheSame() {
    Tensor y = x.mul(1).exp().transpose().transpose().add(x.exp()).neg().neg().softmax(1);
    Tensor value = Tensor.of(new double[] {1, -2, 3, 0.5, 0, -1}, 2, 3);
    Graph before = new Graph(List.of(x), List.of(y));
    Graph after = Simplify.run(before);
    assertArrayEquals(
        before.apply(List.of(value)).get(0).toDoubleArray(),
        after.apply(List.of(value)).get(0).toDoubleArray());
    assertTrue(after.nodes().size() < before.nodes().size());
  }

  @Test
  void aCustomFunctionMayMakeSomethingOfNothing() {
    CustomOp sumAndOne =
        new CustomOp() {
          @Override
          public String name() {
            return "sum and one";
          }

          @Override
          public Tensor expand(List<Tensor> inputs) {
            return inputs.get(0).sum().add(1);
          }

          @Override
          public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
            return tangents.get(0).sum();
          }
        };
    Tensor none = Tensor.input("none", Shape.of(0), DType.FLOAT64);
    Tensor result = Tensor.apply(new Op.Custom(sumAndOne), List.of(none));
    Graph graph = Simplify.run(new Graph(List.of(none), List.of(result)));
    assertEquals(1, graph.apply(List.of(Tensor.of(new double[0], 0))).get(0).item());
  }

  @Test
  void anInputThatIsNotTheProgramsIsNamed() {
    Tensor foreign = Tensor.input("noise", Shape.of(2, 3), DType.FLOAT64);
    TensorException e = assertThrows(TensorException.class, () -> simplified(x.add(foreign)));
    assertTrue(e.getMessage().contains("'noise'"));
  }
}
