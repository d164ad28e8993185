package org.fluxion.autodiff;

import java.util.List;
import java.util.Random;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/** Whether a user's function is linear, and the transpose that comes with it is its transpose. */
final class LinearFunctionCheck {
  private LinearFunctionCheck() {}

  /**
   * Demands that a function and its transpose rule fit each other.
   *
   * @param function the function, which has a transpose rule
   * @param inputs the operands it is applied to
   * @param result the result
   * @throws TensorException if it has not one floating point operand, either is not linear, the
   *     transpose does not fit the operand, or is not the transpose
   */
  static void require(CustomOp function, List<Tensor> inputs, Tensor result) {
    String subject = "custom function '%s': ".formatted(function.name());
    if (inputs.size() != 1 || !inputs.get(0).dtype().isFloating()) {
      throw new TensorException(
          subject
              + "a linear function is of one floating point tensor, got %s; capture or cast the others"
                  .formatted(inputs.stream().map(x -> x.dtype() + " " + x.shape()).toList()));
    }
    Tensor x = Tensor.input("x", inputs.get(0).shape(), inputs.get(0).dtype());
    Graph forward = new Graph(List.of(x), List.of(function.expand(List.of(x))));
    Linearity.require(subject + "the function", "its operand", forward);
    Tensor c = Tensor.input("cotangent", result.shape(), result.dtype());
    Tensor pulled = function.transpose(x.shape(), c).orElseThrow();
    if (!pulled.shape().equals(x.shape()) || pulled.dtype() != x.dtype()) {
      throw new TensorException(
          subject
              + "the operand is %s %s, the transpose gives %s %s; they must be alike"
                  .formatted(x.dtype(), x.shape(), pulled.dtype(), pulled.shape()));
    }
    Graph backward = new Graph(List.of(c), List.of(pulled));
    Linearity.require(subject + "the transpose", "the cotangent", backward);
    if (isClosed(forward) && isClosed(backward)) {
      requireDual(subject, forward, backward);
    }
  }

  /** Whether nothing but the graph's own variable lacks a value. */
  private static boolean isClosed(Graph graph) {
    return graph.nodes().stream()
        .noneMatch(node -> node.op() instanceof Op.Input && !graph.inputs().contains(node));
  }

  /**
   * ⟨f(x), c⟩ = ⟨x, fᵀ(c)⟩. Rounding is worth a few ε of the magnitudes; a wrong transpose is off
   * by about as much as they are, so that √ε of them tells the two apart.
   */
  private static void requireDual(String subject, Graph forward, Graph backward) {
    Random random = new Random(0);
    Tensor x = random(forward.inputs().get(0), random);
    Tensor c = random(backward.inputs().get(0), random);
    Tensor value = forward.apply(List.of(x)).get(0);
    Tensor pulled = backward.apply(List.of(c)).get(0);
    Tensor.evaluate(List.of(x, c, value, pulled));
    double left = dot(value, c);
    double right = dot(x, pulled);
    double size = Math.sqrt(dot(value, value)) + Math.sqrt(dot(pulled, pulled));
    double epsilon = x.dtype() == DType.FLOAT64 ? Math.ulp(1.0) : Math.ulp(1f);
    if (Math.abs(left - right) > Math.sqrt(epsilon) * size) {
      throw new TensorException(
          subject
              + "the transpose is none: ⟨f(x), c⟩ is %s, ⟨x, fᵀ(c)⟩ is %s for a random x and c; they must be equal"
                  .formatted((float) left, (float) right));
    }
  }

  private static Tensor random(Tensor like, Random random) {
    double[] values = random.doubles(like.shape().elements(), -1, 1).toArray();
    return Tensor.of(values, like.shape().extents()).cast(like.dtype());
  }

  private static double dot(Tensor a, Tensor b) {
    double[] left = a.toDoubleArray();
    double[] right = b.toDoubleArray();
    double sum = 0;
    for (int i = 0; i < left.length; i++) {
      sum += left[i] * right[i];
    }
    return sum;
  }
}
