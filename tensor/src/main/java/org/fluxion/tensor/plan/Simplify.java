package org.fluxion.tensor.plan;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * The first pass of compilation: expands custom functions, drops the markers that only transforms
 * care about, merges common subexpressions, and applies identities that change no bit of any result
 * (x·1 is x; x·0 is not 0, since x may be NaN; x + 0 is not x, since −0 + 0 is +0). What has no
 * elements is not computed: it becomes a constant, and what is made of nothing else becomes zeros,
 * so that no later pass and no kernel meets an empty axis.
 */
final class Simplify {
  /** What makes two nodes the same computation: operation and operands, constants by value. */
  private record Key(Object operation, List<Tensor> inputs) {}

  /** A constant's bytes, so that numbers and tables made anew in every call of a layer are one. */
  private record TableKey(DType dtype, ByteBuffer bytes, Shape shape) {}

  /** Comparing larger constants by value would cost more than finding two of them alike saves. */
  private static final long LARGEST_TABLE = 1 << 20;

  private final Map<Tensor, Tensor> image = new HashMap<>();
  private final Map<Key, Tensor> known = new HashMap<>();
  private final Map<Tensor, Integer> readers = new HashMap<>();
  private final Set<Tensor> inputs;

  private final boolean identities;
  private final Map<DType, Integer> attentionSizes;
  private final Consumer<String> notes;

  private Simplify(
      Graph graph, boolean identities, Map<DType, Integer> attentionSizes, Consumer<String> notes) {
    this.identities = identities;
    this.notes = notes;
    this.attentionSizes = attentionSizes;
    this.inputs = new HashSet<>(graph.inputs());
  }

  static Graph run(Graph graph) {
    return run(graph, true, Map.of(), note -> {});
  }

  /**
   * Runs the pass.
   *
   * @param graph the graph
   * @param identities whether it does more than it must: merges and removes nodes
   * @param attentionSizes the largest head or value size for which attention has kernels
   * @param notes told what is not computed as people would expect
   */
  static Graph run(
      Graph graph, boolean identities, Map<DType, Integer> attentionSizes, Consumer<String> notes) {
    Simplify pass = new Simplify(graph, identities, attentionSizes, notes);
    List<Tensor> nodes = graph.nodes();
    for (Tensor node : nodes) {
      node.inputs().forEach(operand -> pass.readers.merge(operand, 1, Integer::sum));
    }
    graph.outputs().forEach(output -> pass.readers.merge(output, 1, Integer::sum));
    pass.visit(nodes);
    Graph result =
        new Graph(graph.inputs(), graph.outputs().stream().map(pass.image::get).toList());
    verify(result);
    return result;
  }

  /**
   * States what is legal after this pass, on every node.
   *
   * @throws TensorException if a marker, a custom function, a foreign input or an operation on
   *     empty axes is left
   */
  static void verify(Graph graph) {
    Set<Tensor> variables = new HashSet<>(graph.inputs());
    for (Tensor node : graph.nodes()) {
      if (variables.contains(node)) {
        continue;
      }
      switch (node.op()) {
        case Op.Marker marker ->
            throw new IllegalStateException("simplify left a marker: " + marker.label());
        case Op.Custom custom ->
            throw new IllegalStateException("simplify left a custom function: " + custom.label());
        case Op.Input input ->
            throw new TensorException(
                "compile: input '%s' %s %s is not among the program's inputs; add it to them"
                    .formatted(input.name(), input.dtype(), input.shape()));
        case Op.Constant constant -> {
          // It may be empty, as inputs may be.
        }
        default -> {
          if (isEmpty(node) || node.inputs().stream().anyMatch(Simplify::isEmpty)) {
            throw new IllegalStateException("simplify left an empty axis: " + node);
          }
        }
      }
    }
  }

  private void visit(List<Tensor> nodes) {
    for (Tensor node : nodes) {
      if (inputs.contains(node)) {
        image.put(node, node);
      } else if (!image.containsKey(node)) {
        image.put(node, rewrite(node, node.inputs().stream().map(image::get).toList()));
      }
    }
  }

  private Tensor rewrite(Tensor node, List<Tensor> in) {
    if (isEmpty(node) && !(node.op() instanceof Op.Input)) {
      HostData nothing = HostData.allocate(node.dtype(), 0);
      return merged(new Op.Constant(nothing, node.shape()), List.of());
    }
    if (node.op() instanceof Op.Custom custom) {
      // Whatever its operands: it may make something of nothing.
      return expand(custom.function().expand(in), in);
    }
    if (in.stream().anyMatch(Simplify::isEmpty)) {
      return madeOfNothing(node, in);
    }
    return switch (node.op()) {
      case Op.Mark o -> in.get(0);
      case Op.StopGradient o -> in.get(0);
      case Op.Attention o when !hasKernel(o, in) -> expand(Attention.definition(o, in), in);
      // Kernels have no reductions that fold nothing.
      case Op.Sum o when trivial(o.axes(), in.get(0)) -> dropped(node, in.get(0));
      case Op.ReduceMax o when trivial(o.axes(), in.get(0)) -> dropped(node, in.get(0));
      default -> identities ? simplified(node, in) : Tensor.apply(node.op(), in);
    };
  }

  private static boolean isEmpty(Tensor tensor) {
    return tensor.shape().elements() == 0;
  }

  /**
   * What an operation makes of operands without elements: sums and products of nothing, padding,
   * and rows that no index picks or none is added to are zeros, and joining nothing changes
   * nothing.
   */
  private Tensor madeOfNothing(Tensor node, List<Tensor> in) {
    if (node.op() instanceof Op.Concat) {
      List<Tensor> parts = in.stream().filter(operand -> !isEmpty(operand)).toList();
      return parts.size() == 1 ? parts.get(0) : merged(node.op(), parts);
    }
    HostData zero = HostData.allocate(node.dtype(), 1);
    int[] ones = new int[node.shape().rank()];
    Arrays.fill(ones, 1);
    Tensor element = merged(new Op.Constant(zero, Shape.of(ones)), List.of());
    return merged(new Op.Broadcast(node.shape()), List.of(element));
  }

  private Tensor simplified(Tensor node, List<Tensor> in) {
    return switch (node.op()) {
      case Op.Reshape o ->
          in.get(0).op() instanceof Op.Reshape
              ? merged(o, List.of(in.get(0).inputs().get(0)))
              : merged(o, in);
      case Op.Permute o ->
          permute(o, in.get(0), readers.getOrDefault(node.inputs().get(0), 1) == 1);
      case Op.Mul o when isOne(in.get(1)) -> in.get(0);
      case Op.Mul o when isOne(in.get(0)) -> in.get(1);
      case Op.Div o when isOne(in.get(1)) -> in.get(0);
      case Op.Neg o when in.get(0).op() instanceof Op.Neg -> in.get(0).inputs().get(0);
      default -> merged(node.op(), in);
    };
  }

  /** Whether a reduction folds single elements only. */
  private static boolean trivial(List<Integer> axes, Tensor operand) {
    return axes.stream().allMatch(axis -> operand.shape().extent(axis) == 1);
  }

  private Tensor dropped(Tensor node, Tensor operand) {
    Tensor source = operand.op() instanceof Op.Reshape ? operand.inputs().get(0) : operand;
    return merged(new Op.Reshape(node.shape()), List.of(source));
  }

  /** Whether the backend has kernels for attention over such operands. */
  private boolean hasKernel(Op.Attention op, List<Tensor> in) {
    int size = in.get(0).shape().extent(-1);
    int valueSize = op.operands() > 2 ? in.get(2).shape().extent(-1) : 0;
    int wanted = Math.max(size, valueSize);
    int largest = attentionSizes.getOrDefault(in.get(0).dtype(), 0);
    // Where there are no kernels for attention at all, its definition is what one expects.
    if (wanted > largest && !attentionSizes.isEmpty()) {
      notes.accept(
          "attention of head size %d in %s is computed by its definition: the device's kernels take up to %d"
              .formatted(wanted, in.get(0).dtype(), largest));
    }
    return wanted <= largest;
  }

  private Tensor expand(Tensor body, List<Tensor> in) {
    List<Tensor> fresh = new ArrayList<>();
    Set<Tensor> operands = new HashSet<>(in);
    for (Tensor node : Graph.topological(List.of(body), operands)) {
      if (operands.contains(node)) {
        image.put(node, node);
      } else {
        fresh.add(node);
      }
    }
    visit(fresh);
    return image.get(body);
  }

  private Tensor permute(Op.Permute outer, Tensor operand, boolean onlyReader) {
    if (operand.op() instanceof Op.Permute inner) {
      List<Integer> axes = outer.axes().stream().map(inner.axes()::get).toList();
      return permute(new Op.Permute(axes), operand.inputs().get(0), false);
    }
    if (outer.axes().equals(outer.axes().stream().sorted().toList())) {
      return operand;
    }
    if (operand.op() instanceof Op.Matmul && onlyReader && outer.equals(transposition(operand))) {
      // (A·B)ᵀ is Bᵀ·Aᵀ: the same sums of the same products, and no copy.
      List<Tensor> swapped = operand.inputs().reversed().stream().map(this::transposed).toList();
      return merged(operand.op(), swapped);
    }
    return merged(outer, List.of(operand));
  }

  private Tensor transposed(Tensor matrix) {
    return permute(transposition(matrix), matrix, false);
  }

  /** What exchanges the last two axes of a matrix or a batch of them. */
  private static Op.Permute transposition(Tensor matrix) {
    int rank = matrix.shape().rank();
    return new Op.Permute(
        IntStream.range(0, rank)
            .map(axis -> axis < rank - 2 ? axis : 2 * rank - 3 - axis)
            .boxed()
            .toList());
  }

  /** The one node of an operation over operands; trivial movement disappears. */
  private Tensor merged(Op op, List<Tensor> in) {
    Object operation = op instanceof Op.Constant constant ? constantKey(constant) : op;
    return known.computeIfAbsent(
        new Key(operation, in),
        key -> {
          Tensor made = Tensor.apply(op, in);
          boolean moves = op instanceof Op.Reshape || op instanceof Op.Broadcast;
          return moves && made.shape().equals(in.get(0).shape()) ? in.get(0) : made;
        });
  }

  private static Object constantKey(Op.Constant constant) {
    HostData data = constant.data();
    return data.segment().byteSize() <= LARGEST_TABLE
        ? new TableKey(
            data.dtype(),
            ByteBuffer.wrap(data.segment().toArray(ValueLayout.JAVA_BYTE)),
            constant.shape())
        : constant;
  }

  /** Whether every element is the constant 1, seen through broadcasts and reshapes. */
  private static boolean isOne(Tensor tensor) {
    Tensor source = tensor;
    while (source.op() instanceof Op.Broadcast || source.op() instanceof Op.Reshape) {
      source = source.inputs().get(0);
    }
    return source.op() instanceof Op.Constant constant
        && constant.data().elements() == 1
        && constant.data().getDouble(0) == 1;
  }
}
