package org.fluxion.autodiff.laws;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Tensors;

/**
 * A function whose stopped values stay what they are at a point. A derivative takes them for
 * constants, so that it is this function's slope, to any order; the function's own slope is another
 * one.
 */
final class Stopped {
  private Stopped() {}

  /**
   * A function that stops nothing: what it stopped is held.
   *
   * @param f the function
   * @param x the point at which what it stops is held
   * @param y what it is there
   * @return the function of other points, the same at x; f itself if it stops nothing
   */
  static Function<Tensors, Tensors> held(Function<Tensors, Tensors> f, Tensors x, Tensors y) {
    List<Tensor> nodes = Graph.topological(y.leaves(), new HashSet<>(x.leaves()));
    if (nodes.stream().noneMatch(node -> node.op() instanceof Op.StopGradient)) {
      return f;
    }
    return other -> {
      Map<Tensor, Tensor> images = new HashMap<>();
      for (int i = 0; i < x.leaves().size(); i++) {
        images.put(x.leaves().get(i), other.leaves().get(i));
      }
      for (Tensor node : nodes) {
        images.computeIfAbsent(node, n -> image(n, images));
      }
      return new Tensors(y.leaves().stream().map(images::get).toList());
    };
  }

  private static Tensor image(Tensor node, Map<Tensor, Tensor> images) {
    List<Tensor> operands = node.inputs().stream().map(images::get).toList();
    boolean stays = node.op() instanceof Op.StopGradient || operands.equals(node.inputs());
    return stays ? node : Tensor.apply(node.op(), operands);
  }
}
