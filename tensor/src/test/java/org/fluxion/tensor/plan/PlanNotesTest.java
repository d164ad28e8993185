package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
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
    PlanOptions options = PlanOptions.ALL.withAttention(128);
    assertEquals(
        List.of(
            "attention of head size 129 is computed by its definition: the device's kernels take up"
                + " to 128"),
        notes(129, options));
    assertEquals(List.of(), notes(128, options));
    // Where nothing has such a kernel, nothing stands in for it.
    assertEquals(List.of(), notes(129, PlanOptions.ALL));
  }
}
