package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Cuts sums in two stages where one stage would be slow, always at the same places for the same
 * shapes, so that the order of summation is a property of the graph. A sum over all leading axes (a
 * bias's gradient) first folds all but the outermost: that partial sum shares a kernel with those
 * per sample (the gradient of a modulation), so that what is summed is read once. A sum of very
 * many elements (a gradient's norm) folds pieces that fit the cache, which run at the same time. A
 * reduction of more elements than an int counts folds the outermost axis last.
 */
final class SplitSums {
  /** What the first stage folds at least, so that its results are few beside its operands. */
  private static final long FEWEST_FOLDED = 8;

  /** The elements that a piece of a long sum has. */
  private static final int PIECE = 2048;

  private static final long LONGEST = 16_384;
  private static final long FEW_ROWS = 64;

  private final Map<Tensor, Tensor> image = new HashMap<>();

  private SplitSums() {}

  static Graph run(Graph graph) {
    SplitSums pass = new SplitSums();
    Set<Tensor> variables = new HashSet<>(graph.inputs());
    for (Tensor node : graph.nodes()) {
      pass.image.put(node, variables.contains(node) ? node : pass.rewrite(node));
    }
    return new Graph(graph.inputs(), graph.outputs().stream().map(pass.image::get).toList());
  }

  private Tensor rewrite(Tensor node) {
    List<Tensor> in = node.inputs().stream().map(image::get).toList();
    return split(in.equals(node.inputs()) ? node : Tensor.apply(node.op(), in));
  }

  private static Tensor split(Tensor node) {
    return switch (node.op()) {
      case Op.Sum sum ->
          isCountable(node, sum.axes())
              ? split(node, sum)
              : inStages(node, sum.axes(), Op.Sum::new);
      case Op.ReduceMax max ->
          isCountable(node, max.axes()) ? node : inStages(node, max.axes(), Op.ReduceMax::new);
      default -> node;
    };
  }

  private static long folded(Tensor node, List<Integer> axes) {
    Shape shape = node.inputs().get(0).shape();
    return axes.stream().mapToLong(shape::extent).reduce(1, (a, b) -> a * b);
  }

  /** Whether a kernel can count what it folds into one element; along one axis it always can. */
  private static boolean isCountable(Tensor node, List<Integer> axes) {
    return folded(node, axes) <= Integer.MAX_VALUE;
  }

  /** All axes but the outermost, then that one. */
  private static Tensor inStages(
      Tensor node, List<Integer> axes, Function<List<Integer>, Op> reduction) {
    Op inner = reduction.apply(axes.subList(1, axes.size()));
    Op outer = reduction.apply(axes.subList(0, 1));
    return split(Tensor.apply(outer, List.of(split(Tensor.apply(inner, node.inputs())))));
  }

  private static Tensor split(Tensor node, Op.Sum sum) {
    List<Tensor> in = node.inputs();
    Shape shape = in.get(0).shape();
    long folded = folded(node, sum.axes());
    boolean leading = sum.axes().equals(axes(0, sum.axes().size()));
    long kept = node.shape().elements();
    if (leading && kept > 1) {
      long outermost = shape.extent(0);
      return outermost > 1 && folded / outermost >= FEWEST_FOLDED
          ? Tensor.apply(
              new Op.Sum(List.of(0)),
              List.of(Tensor.apply(new Op.Sum(axes(1, sum.axes().size())), in)))
          : node;
    }
    boolean trailing = sum.axes().equals(axes(shape.rank() - sum.axes().size(), shape.rank()));
    return trailing && folded > LONGEST && kept <= FEW_ROWS
        ? inPieces(in.get(0), kept, folded).reshape(node.shape())
        : node;
  }

  /** The sums of rows of a matrix, [rows]. */
  private static Tensor inPieces(Tensor operand, long rows, long folded) {
    int height = Math.toIntExact(rows);
    int width = Math.toIntExact(folded);
    Tensor matrix = operand.reshape(height, width);
    int whole = width / PIECE * PIECE;
    Tensor body = whole == width ? matrix : matrix.slice(1, 0, whole);
    Tensor pieces = sumLast(body.reshape(height, whole / PIECE, PIECE));
    Tensor total =
        whole / PIECE > LONGEST ? inPieces(pieces, rows, whole / PIECE) : sumLast(pieces);
    return whole == width ? total : total.add(sumLast(matrix.slice(1, whole, width)));
  }

  private static Tensor sumLast(Tensor operand) {
    return Tensor.apply(new Op.Sum(List.of(operand.shape().rank() - 1)), List.of(operand));
  }

  private static List<Integer> axes(int from, int to) {
    return new ArrayList<>(IntStream.range(from, to).boxed().toList());
  }
}
