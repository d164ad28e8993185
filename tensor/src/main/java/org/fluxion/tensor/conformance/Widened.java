package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * A function without the roundings of a dtype of few digits: the same operations, all of them in
 * float64. What is computed in fewer digits is a staircase, whose slope is zero nearly everywhere;
 * this is the function that it approximates, which has one.
 */
public final class Widened {
  private Widened() {}

  /**
   * A function in float64, whatever dtypes it is written for: it need not know how.
   *
   * @param f the function
   * @param example an example of its argument: shapes and dtypes count, values do not
   * @return the function of arguments in float64, integers excepted, with such results; f itself if
   *     it computes in float64 alone
   */
  public static Function<Tensors, Tensors> of(Function<Tensors, Tensors> f, Tensors example) {
    List<Tensor> inputs = new ArrayList<>();
    List<Tensor> wide = new ArrayList<>();
    Map<Tensor, Tensor> images = new HashMap<>();
    for (Tensor leaf : example.leaves()) {
      String name = "x" + inputs.size();
      inputs.add(Tensor.input(name, leaf.shape(), leaf.dtype()));
      wide.add(
          Tensor.input(
              name, leaf.shape(), leaf.dtype().isFloating() ? DType.FLOAT64 : leaf.dtype()));
      images.put(inputs.getLast(), wide.getLast());
    }
    List<Tensor> outputs = f.apply(new Tensors(inputs)).leaves();
    if (inputs.stream().noneMatch(input -> isNarrow(input.dtype()))
        && !isNarrow(new Graph(inputs, outputs))) {
      return f;
    }
    Graph graph = new Graph(wide, images(outputs, images));
    return x -> new Tensors(graph.apply(x.leaves().stream().map(Widened::wide).toList()));
  }

  /**
   * Whether some of a graph is floating point of fewer digits than float64 has.
   *
   * @param graph the graph
   * @return true if any of its nodes is float32, or only stores values
   */
  public static boolean isNarrow(Graph graph) {
    return graph.nodes().stream().anyMatch(node -> isNarrow(node.dtype()));
  }

  static boolean isNarrow(DType dtype) {
    return dtype.isFloating() && dtype != DType.FLOAT64;
  }

  /**
   * A tensor in float64, if it is floating point.
   *
   * @param x the tensor
   * @return the same elements
   */
  public static Tensor wide(Tensor x) {
    return x.dtype().isFloating() ? x.cast(DType.FLOAT64) : x;
  }

  private static List<Tensor> images(List<Tensor> outputs, Map<Tensor, Tensor> images) {
    for (Tensor node : Graph.topological(outputs, images.keySet())) {
      if (!images.containsKey(node)) {
        images.put(node, image(node, images));
      }
    }
    return outputs.stream().map(images::get).toList();
  }

  private static Tensor image(Tensor node, Map<Tensor, Tensor> images) {
    List<Tensor> operands = node.inputs().stream().map(images::get).toList();
    return switch (node.op()) {
      case Op.Leaf o -> wide(node);
      case Op.Cast o when o.dtype().isFloating() -> operands.get(0).cast(DType.FLOAT64);
      // It may have been written for its dtype alone; its operations are not.
      case Op.Custom o -> images(List.of(o.function().expand(node.inputs())), images).get(0);
      default -> Tensor.apply(node.op(), operands);
    };
  }
}
