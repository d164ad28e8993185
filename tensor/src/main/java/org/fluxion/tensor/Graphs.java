package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Graphs made visible: as text to read, as JSON for other programs, as an SVG drawing. A derivative
 * is a function over tensors like any other, so its graph prints the same way:
 *
 * <pre>{@code
 * System.out.println(Graphs.text(grad(a -> a.sin().mul(a).sum()), x));
 * }</pre>
 */
public final class Graphs {
  private static final int JSON_ELEMENTS = 64;

  private Graphs() {}

  /**
   * The graph of a function, built by calling it once on unbound inputs of x's shapes and dtypes.
   *
   * @param f the function, primal or derived
   * @param x an example of its argument, of which only the structure, shapes and dtypes matter
   * @param <A> what f takes
   * @param <B> what f returns
   * @return the graph, with an input {@code x}, or inputs {@code x.NAME}, by the leaves'
   *     {@linkplain Tree#leafNames names}
   */
  public static <A extends Tree<A>, B extends Tree<B>> Graph trace(Function<A, B> f, A x) {
    List<Tensor> leaves = x.leaves();
    List<String> names = Tree.namesUnder("x", x);
    List<Tensor> inputs = new ArrayList<>();
    for (int i = 0; i < leaves.size(); i++) {
      inputs.add(Tensor.input(names.get(i), leaves.get(i).shape(), leaves.get(i).dtype()));
    }
    return new Graph(inputs, f.apply(x.withLeaves(inputs)).leaves());
  }

  /**
   * A graph as text: a line per input, a numbered line per node, operands before users, and the
   * outputs last. Small constants stand where they are used; the marks that transforms put on their
   * variables are left out.
   *
   * @param graph the graph
   * @return lines such as {@code %3 = mul(%1, %2) : float32[4, 3]}
   */
  public static String text(Graph graph) {
    GraphListing listing = new GraphListing(graph);
    StringBuilder text = new StringBuilder();
    for (Tensor node : listing.shown()) {
      text.append(listing.name(node))
          .append(" = ")
          .append(expression(listing, node))
          .append(" : ")
          .append(GraphListing.type(node))
          .append('\n');
    }
    return text.append("return ")
        .append(graph.outputs().stream().map(listing::name).collect(Collectors.joining(", ")))
        .append('\n')
        .toString();
  }

  private static String expression(GraphListing listing, Tensor node) {
    if (listing.isVariable(node)) {
      return "input";
    }
    if (node.op() instanceof Op.Constant) {
      return "constant";
    }
    List<String> arguments =
        new ArrayList<>(node.inputs().stream().map(o -> listing.argument(node, o)).toList());
    String attributes = GraphListing.attributes(node.op());
    if (!attributes.isEmpty()) {
      arguments.add(attributes);
    }
    return node.op().label() + "(" + String.join(", ", arguments) + ")";
  }

  /**
   * The graph of a function as text; see {@link #trace} and {@link #text(Graph)}.
   *
   * @param f the function, primal or derived
   * @param x an example of its argument
   * @param <A> what f takes
   * @param <B> what f returns
   * @return the text
   */
  public static <A extends Tree<A>, B extends Tree<B>> String text(Function<A, B> f, A x) {
    return text(trace(f, x));
  }

  /**
   * A graph as JSON, with every node, marks and constants included. Inputs and outputs are node
   * numbers; a node has {@code id}, {@code op}, {@code kind}, {@code operands}, {@code dtype},
   * {@code shape}, and where it applies {@code name}, {@code attributes} (as text) and {@code
   * values} (a constant of at most 64 elements; a number that JSON lacks is a string).
   *
   * @param graph the graph
   * @return one JSON object
   */
  public static String json(Graph graph) {
    List<Tensor> nodes = new ArrayList<>(graph.inputs());
    for (Tensor node : graph.nodes()) {
      if (!graph.inputs().contains(node)) {
        nodes.add(node);
      }
    }
    Map<Tensor, Integer> ids = new HashMap<>();
    nodes.forEach(node -> ids.putIfAbsent(node, ids.size()));
    return "{\"inputs\": %s,\n \"nodes\": [\n%s\n ],\n \"outputs\": %s}\n"
        .formatted(
            numbers(graph.inputs(), ids),
            nodes.stream()
                .distinct()
                .map(n -> jsonNode(graph, n, ids))
                .collect(Collectors.joining(",\n")),
            numbers(graph.outputs(), ids));
  }

  private static String numbers(List<Tensor> nodes, Map<Tensor, Integer> ids) {
    return nodes.stream().map(ids::get).toList().toString();
  }

  private static String jsonNode(Graph graph, Tensor node, Map<Tensor, Integer> ids) {
    StringBuilder json = new StringBuilder("  {\"id\": ").append(ids.get(node));
    boolean variable = graph.inputs().contains(node);
    json.append(", \"op\": ").append(quoted(variable ? "input" : node.op().label()));
    json.append(", \"kind\": ").append(quoted(variable ? "input" : GraphListing.kind(node.op())));
    if (node.op() instanceof Op.Input input) {
      json.append(", \"name\": ").append(quoted(input.name()));
    }
    json.append(", \"operands\": ").append(variable ? "[]" : numbers(node.inputs(), ids));
    String attributes = GraphListing.attributes(node.op());
    if (!attributes.isEmpty() && !variable) {
      json.append(", \"attributes\": ").append(quoted(attributes));
    }
    json.append(", \"dtype\": ").append(quoted(node.dtype().toString()));
    json.append(", \"shape\": ").append(node.shape());
    if (node.op() instanceof Op.Constant constant && node.shape().elements() <= JSON_ELEMENTS) {
      json.append(", \"values\": ").append(values(constant.data()));
    }
    return json.append('}').toString();
  }

  private static String values(HostData data) {
    return IntStream.range(0, (int) data.elements())
        .mapToObj(
            i ->
                Double.isFinite(data.getDouble(i))
                    ? GraphListing.element(data, i)
                    : quoted(GraphListing.element(data, i)))
        .collect(Collectors.joining(", ", "[", "]"));
  }

  /** A JSON string: quotes, backslashes and control characters escaped. */
  private static String quoted(String text) {
    StringBuilder result = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        result.append('\\').append(c);
      } else if (c < ' ') {
        result.append("\\u%04x".formatted((int) c));
      } else {
        result.append(c);
      }
    }
    return result.append('"').toString();
  }

  /**
   * The graph of a function as JSON; see {@link #trace} and {@link #json(Graph)}.
   *
   * @param f the function, primal or derived
   * @param x an example of its argument
   * @param <A> what f takes
   * @param <B> what f returns
   * @return one JSON object
   */
  public static <A extends Tree<A>, B extends Tree<B>> String json(Function<A, B> f, A x) {
    return json(trace(f, x));
  }

  /**
   * A graph as a drawing: inputs on top, outputs at the bottom, a box per node with its number,
   * operation, dtype and shape, coloured by kind. Self-contained, and legible on light and dark
   * pages.
   *
   * @param graph the graph
   * @return an SVG document
   */
  public static String svg(Graph graph) {
    return new GraphDrawing(new GraphListing(graph), graph.outputs()).svg();
  }

  /**
   * The graph of a function as a drawing; see {@link #trace} and {@link #svg(Graph)}.
   *
   * @param f the function, primal or derived
   * @param x an example of its argument
   * @param <A> what f takes
   * @param <B> what f returns
   * @return an SVG document
   */
  public static <A extends Tree<A>, B extends Tree<B>> String svg(Function<A, B> f, A x) {
    return svg(trace(f, x));
  }
}
