package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A graph as people read it: which nodes get a line of their own, and what each is called. Marks
 * pass their operand on and are left out; a small constant, also a broadcast one, stands where it
 * is used; inputs go by their names, all else by numbers in an order that depends on the graph
 * alone.
 */
final class GraphListing {
  private static final int INLINE_ELEMENTS = 4;

  private final Graph graph;
  private final List<Tensor> shown = new ArrayList<>();
  private final Map<Tensor, String> names = new HashMap<>();
  private final Map<Tensor, String> literals = new HashMap<>();

  GraphListing(Graph graph) {
    this.graph = graph;
    Set<String> taken = new HashSet<>();
    for (int i = 0; i < graph.inputs().size(); i++) {
      Tensor input = graph.inputs().get(i);
      String name = input.op() instanceof Op.Input named ? named.name() : "x" + i;
      names.put(input, unique(name, taken));
      shown.add(input);
    }
    int number = 0;
    for (Tensor node : graph.nodes()) {
      if (names.containsKey(node)) {
        continue;
      }
      String literal = literalOf(node);
      if (literal != null) {
        literals.put(node, literal);
        continue;
      }
      if (node.op() instanceof Op.Mark) {
        continue;
      }
      names.put(node, node.op() instanceof Op.Input o ? unique(o.name(), taken) : "%" + ++number);
      shown.add(node);
    }
  }

  private static String unique(String name, Set<String> taken) {
    String candidate = name;
    for (int i = 2; !taken.add(candidate); i++) {
      candidate = name + "_" + i;
    }
    return candidate;
  }

  /** What stands in a node's place where it is used, or null if it needs a line of its own. */
  private String literalOf(Tensor node) {
    return switch (node.op()) {
      case Op.Constant o when o.shape().elements() <= INLINE_ELEMENTS -> elements(o.data());
      case Op.Reshape o -> uniform(node);
      case Op.Broadcast o -> uniform(node);
      case Op.Mark o -> literals.get(node.inputs().get(0));
      default -> null;
    };
  }

  /** One number repeated reads as that number. */
  private String uniform(Tensor node) {
    Tensor operand = node.inputs().get(0);
    return operand.shape().elements() == 1 ? literals.get(operand) : null;
  }

  static String elements(HostData data) {
    String joined =
        IntStream.range(0, (int) data.elements())
            .mapToObj(i -> element(data, i))
            .collect(Collectors.joining(", "));
    return data.elements() == 1 ? joined : "[" + joined + "]";
  }

  static String element(HostData data, long index) {
    return switch (data.dtype()) {
      case BOOL -> data.getLong(index) != 0 ? "true" : "false";
      case INT32, INT64 -> Long.toString(data.getLong(index));
      case FLOAT64 -> Double.toString(data.getDouble(index));
      case FLOAT32, FLOAT16, BFLOAT16 -> Float.toString((float) data.getDouble(index));
    };
  }

  /** The nodes with a line of their own: the inputs, then the rest, operands before users. */
  List<Tensor> shown() {
    return shown;
  }

  /** The node that a mark stands for. */
  Tensor behindMarks(Tensor node) {
    Tensor seen = node;
    while (seen.op() instanceof Op.Mark && !names.containsKey(seen)) {
      seen = seen.inputs().get(0);
    }
    return seen;
  }

  /**
   * What an operand is called where it is used. Elementwise operations take a repeated number as
   * the number; to others its shape matters.
   */
  String argument(Tensor user, Tensor operand) {
    boolean elementwise =
        user.op() instanceof Op.Unary
            || user.op() instanceof Op.Binary
            || user.op() instanceof Op.Select;
    return elementwise && isLiteral(operand) ? literals.get(behindMarks(operand)) : name(operand);
  }

  /** What a node is called by itself. */
  String name(Tensor node) {
    Tensor seen = behindMarks(node);
    if (names.containsKey(seen)) {
      return names.get(seen);
    }
    String literal = literals.get(seen);
    return seen.op() instanceof Op.Constant
        ? literal
        : "full(" + literal + ", " + seen.shape() + ")";
  }

  /** Whether a node is written out where it is used. */
  boolean isLiteral(Tensor node) {
    return literals.containsKey(behindMarks(node));
  }

  /** Whether a node is a variable: the graph's own, or one that it captured unbound. */
  boolean isVariable(Tensor node) {
    return node.op() instanceof Op.Input || graph.inputs().contains(node);
  }

  static String type(Tensor node) {
    return node.dtype() + node.shape().toString();
  }

  /** What an operation is besides its name, as {@code axes=[1]}; empty if nothing. */
  static String attributes(Op op) {
    return switch (op) {
      case Op.Iota o -> "axis=" + o.axis();
      case Op.RandomBits o -> "offset=" + o.offset();
      case Op.Sum o -> "axes=" + o.axes();
      case Op.ReduceMax o -> "axes=" + o.axes();
      case Op.ArgMax o -> "axis=" + o.axis();
      case Op.Permute o -> "axes=" + o.axes();
      case Op.Pad o ->
          "low="
              + o.low()
              + ", high="
              + o.high()
              + (o.interior().stream().allMatch(i -> i == 0) ? "" : ", interior=" + o.interior());
      case Op.Slice o ->
          "start="
              + o.start()
              + ", end="
              + o.end()
              + (o.stride().stream().allMatch(i -> i == 1) ? "" : ", stride=" + o.stride());
      case Op.Concat o -> "axis=" + o.axis();
      case Op.Flip o -> "axes=" + o.axes();
      case Op.Attention o -> "scale=" + (float) o.scale() + (o.causal() ? ", causal" : "");
      case Op.Unfold o -> window(o.window());
      case Op.Fold o -> window(o.window());
      default -> "";
    };
  }

  private static String window(Op.Window w) {
    return String.format(
        Locale.ROOT,
        "kernel=[%d, %d], stride=%d, padding=%d",
        w.kernelHeight(),
        w.kernelWidth(),
        w.stride(),
        w.padding());
  }

  /** The family of an operation, which decides its colour. */
  static String kind(Op op) {
    return switch (op) {
      case Op.Input o -> "input";
      case Op.Leaf o -> "constant";
      case Op.Unary o -> "unary";
      case Op.Binary o -> "binary";
      case Op.Reduction o -> "reduction";
      case Op.Movement o -> "movement";
      case Op.Marker o -> "marker";
      case Op.Select o -> "binary";
      case Op.Cast o -> "movement";
      case Op.RandomBits o -> "random";
      case Op.ArgSort o -> "reduction";
      case Op.Matmul o -> "contraction";
      case Op.Attention o -> "contraction";
      case Op.Unfold o -> "indexing";
      case Op.Fold o -> "indexing";
      case Op.Gather o -> "indexing";
      case Op.ScatterAdd o -> "indexing";
      case Op.Custom o -> "custom";
    };
  }
}
