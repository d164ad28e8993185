package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * A function at a point: its value there, and its derivative as a linear map that can be applied
 * forward to directions and, transposed, backward to cotangents.
 *
 * @param <A> what the function takes
 * @param <B> what the function returns
 */
public final class Linearized<A extends Tree<A>, B extends Tree<B>> {
  private final A point;
  private final B value;
  private final List<Tensor> variables;
  private final List<Tensor> tangents;

  Linearized(A point, B value, List<Tensor> variables, List<Tensor> tangents) {
    this.point = point;
    this.value = value;
    this.variables = variables;
    this.tangents = tangents;
  }

  /**
   * The function's value at the point.
   *
   * @return the value
   */
  public B value() {
    return value;
  }

  /**
   * The derivative along a direction.
   *
   * @param v the direction, of the point's structure
   * @return the tangent of the value
   */
  public B apply(A v) {
    Autodiff.fits("linearize", "point", point, "direction", v);
    List<Tensor> present = tangents.stream().filter(t -> t != null).toList();
    List<Tensor> applied = new Graph(variables, present).apply(v.leaves());
    List<Tensor> result = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < tangents.size(); i++) {
      result.add(tangents.get(i) == null ? value.leaves().get(i).zerosLike() : applied.get(next++));
    }
    return value.withLeaves(result);
  }

  /**
   * The transposed derivative: pulls a cotangent of the value back to the point.
   *
   * @param cotangent of the value's structure
   * @return the cotangent of the argument, zeros where it is not used
   */
  public A transpose(B cotangent) {
    Autodiff.fits("vjp", "value", value, "cotangent", cotangent);
    List<Tensor> outputs = new ArrayList<>();
    List<Tensor> cotangents = new ArrayList<>();
    for (int i = 0; i < tangents.size(); i++) {
      if (tangents.get(i) != null) {
        outputs.add(tangents.get(i));
        cotangents.add(cotangent.leaves().get(i));
      }
    }
    List<Tensor> pulled = Transforms.transpose(new Graph(variables, outputs), cotangents);
    return point.withLeaves(JvpRules.zerosForNull(point.leaves(), pulled));
  }
}
