package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class OnDemandTest {
  private static final int ROUNDS = 10_000;

  @Test
  void aLoopThatAsksEachRoundLooksAtThatRoundAlone() {
    Tensor w = Tensor.scalar(0, DType.FLOAT64);
    Tensor step = Tensor.scalar(1, DType.FLOAT64);
    for (int i = 0; i < ROUNDS; i++) {
      w = w.sub(step);
      w.item();
      Tensor asked = w;
      // The node itself, which is known, and nothing behind it.
      assertEquals(List.of(asked), Graph.topological(List.of(asked), node -> node.known() != null));
    }
    assertEquals(-ROUNDS, w.item());
  }

  @Test
  void memoryStaysFlatWhereALargeTensorIsDetached() {
    Tensor w = Tensor.zeros(1 << 16);
    long limit = 64L << 20;
    long before = used();
    // 1,000 rounds of 256 KB would be 256 MB.
    for (int i = 0; i < 1_000; i++) {
      w = w.add(1).detach();
    }
    assertEquals(1_000, w.slice(0, 0, 1).reshape().item());
    assertTrue(used() - before < limit);
  }

  private static long used() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  @Test
  void aKnownTensorStaysDifferentiable() {
    Tensor x = Tensor.scalar(2, DType.FLOAT64);
    Tensor y = x.square();
    assertEquals(4, y.item());
    assertSame(x, y.inputs().get(0));
  }

  @Property(tries = 5, seed = "612")
  void muchWorkIsDoneByAProgramWithTheSameResult(@ForAll @IntRange(min = 110, max = 130) int n) {
    Tensor a = RandomKey.of(n).normal(Shape.of(n, n), DType.FLOAT64);
    a.value();
    Tensor b = a.add(1);
    Tensor product = a.matmul(b);
    double[] expected = toDoubles(reference(product));
    assertTrue(Tensor.of(expected, n, n).allClose(product, 1e-12, 1e-12 * n));
  }

  /** Queries and keys of which each alone is small, and their products are not. */
  @Test
  void whatAttentionAndCustomFunctionsDoInsideCounts() {
    int length = 512;
    Tensor x = RandomKey.of(1).normal(Shape.of(1, length, 8), DType.FLOAT32);
    x.value();
    Tensor attended = Attention.over(x, x, x).output();
    assertTrue(OnDemand.work(List.of(attended)) >= 16.0 * length * length);
    CustomOp square =
        new CustomOp() {
          @Override
          public String name() {
            return "square";
          }

          @Override
          public Tensor expand(List<Tensor> inputs) {
            return inputs.get(0).matmul(inputs.get(0).transpose()).sum();
          }

          @Override
          public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
            throw new UnsupportedOperationException();
          }
        };
    Tensor custom = Tensor.apply(new Op.Custom(square), List.of(x.exp()));
    assertTrue(OnDemand.work(List.of(custom)) >= 8.0 * length * length);
    Tensor large = Tensor.of(HostData.allocate(DType.FLOAT32, 1 << 21), Shape.of(1 << 21));
    assertTrue(OnDemand.work(List.of(large.sum())) >= 1 << 21);
    // What is known costs nothing.
    assertEquals(0, OnDemand.work(List.of(x)));
  }

  private static HostData reference(Tensor tensor) {
    return ReferenceInterpreter.evaluate(List.of(tensor), Map.of()).get(0);
  }

  private static double[] toDoubles(HostData data) {
    double[] result = new double[(int) data.elements()];
    for (int i = 0; i < result.length; i++) {
      result[i] = data.getDouble(i);
    }
    return result;
  }

  @Test
  void anInputHasNoValueHoweverMuchWorkThereIs() {
    Tensor x = Tensor.input("image", Shape.of(1 << 11, 1 << 11), DType.FLOAT32);
    TensorException thrown = assertThrows(TensorException.class, () -> x.add(1).sum().item());
    assertTrue(thrown.getMessage().contains("input 'image' float32 [2048, 2048] has no value"));
    assertFalse(thrown.getMessage().contains("null"));
  }

  @Test
  void aPartOfALargeConstantDoesNotReadTheWhole() {
    HostData data = HostData.allocate(DType.FLOAT32, 1 << 20);
    data.setDouble(3, 7);
    Values.Stored stored = new Values.Stored(data);
    assertEquals(7, stored.pick(new int[] {3}).real(0));
    assertFalse(stored.isLoaded());
  }
}
