package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** A plan says what it has no kernel for. */
class PlanNotesTest {
  private static List<String> notes(int headSize, PlanOptions options) {
    Tensor x = Tensor.input("x", Shape.of(2, 5, headSize), DType.FLOAT32);
    Tensor y = Attention.over(x, x, x).output();
    Tensor z = Attention.over(y, x, y).output();
    return Plan.of(new Graph(List.of(x), List.of(z)), new int[] {-1}, options).notes();
  }

  @Test
  void attentionThatIsTooLargeForItsKernelIsALine() {
    PlanOptions options = PlanOptions.ALL.withAttention(Map.of(DType.FLOAT32, 128));
    assertEquals(
        List.of(
            "attention of head size 129 in float32 is computed by its definition: the device's"
                + " kernels take up to 128"),
        notes(129, options));
    assertEquals(List.of(), notes(128, options));
    // Where nothing has such a kernel, nothing stands in for it.
    assertEquals(List.of(), notes(129, PlanOptions.ALL));
  }

  @Test
  void whatGoesBeyondTheFamilyIsALine() {
    Tensor q = Tensor.input("q", Shape.of(2, 5, 4), DType.FLOAT32);
    Tensor k = Tensor.input("k", Shape.of(2, 7, 4), DType.FLOAT32);
    Tensor output = Attention.over(q, k, k).output();
    // As the derivative of a tangent computes them.
    Tensor scores = q.matmul(k.transpose()).exp();
    Graph graph = new Graph(List.of(q, k), List.of(output, scores));
    PlanOptions options = PlanOptions.ALL.withAttention(Map.of(DType.FLOAT32, 128));
    assertEquals(
        List.of(
            "a derivative of attention beyond first order is computed by its definition, with"
                + " scores of float32 [2, 5, 7] in memory"),
        Plan.of(graph, new int[] {-1, -1}, options).notes());
    assertEquals(List.of(), Plan.of(graph, new int[] {-1, -1}, PlanOptions.ALL).notes());
  }
}
