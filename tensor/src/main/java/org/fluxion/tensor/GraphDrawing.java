package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A layered drawing of a graph, after Sugiyama, Tagawa and Toda (1981): a node's layer is the
 * longest way to it from a leaf; an edge over several layers gets a bend in each; layers are
 * ordered by the mean position of their neighbours; positions come as near to that mean as the
 * boxes' widths allow.
 */
final class GraphDrawing {
  private static final int SWEEPS = 12;
  private static final double CHARACTER = 6.7;
  private static final double HEIGHT = 38;
  private static final double LAYER = 70;
  private static final double GAP = 16;
  private static final double MARGIN = 14;

  /** An edge over more layers than this is not drawn: the operand's name is in the box instead. */
  private static final int FAR = 24;

  /** A box, or where its node is null, the bend of a long edge. */
  private static final class Place {
    final Tensor node;
    final String label;
    final int layer;
    final double width;
    final List<Place> above = new ArrayList<>();
    final List<Place> below = new ArrayList<>();
    double x;

    Place(Tensor node, String label, int layer, double width) {
      this.node = node;
      this.label = label;
      this.layer = layer;
      this.width = width;
    }

    double top() {
      return MARGIN + layer * LAYER;
    }

    double bottom() {
      return top() + HEIGHT;
    }
  }

  private final GraphListing listing;
  private final List<Tensor> outputs;
  private final List<List<Place>> layers = new ArrayList<>();

  GraphDrawing(GraphListing listing, List<Tensor> outputs) {
    this.listing = listing;
    this.outputs = outputs.stream().map(listing::behindMarks).toList();
    build();
    arrange();
  }

  private List<Tensor> operands(Tensor node) {
    return listing.isVariable(node)
        ? List.of()
        : node.inputs().stream()
            .filter(operand -> !listing.isLiteral(operand))
            .map(listing::behindMarks)
            .toList();
  }

  private void build() {
    Map<Tensor, Place> places = new HashMap<>();
    for (Tensor node : listing.shown()) {
      int layer = 0;
      for (Tensor operand : operands(node)) {
        layer = Math.max(layer, places.get(operand).layer + 1);
      }
      List<Tensor> far = new ArrayList<>();
      for (Tensor operand : operands(node)) {
        if (layer - places.get(operand).layer > FAR) {
          far.add(operand);
        }
      }
      String label = label(node, far);
      int characters = Math.max(label.length(), GraphListing.type(node).length());
      Place place = add(new Place(node, label, layer, characters * CHARACTER + 18));
      places.put(node, place);
      for (Tensor operand : operands(node)) {
        if (far.contains(operand)) {
          continue;
        }
        Place from = places.get(operand);
        while (from.layer < layer - 1) {
          from = connect(from, add(new Place(null, "", from.layer + 1, 4)));
        }
        connect(from, place);
      }
    }
  }

  /** The operation with its attributes, and those operands that no edge leads to. */
  private String label(Tensor node, List<Tensor> far) {
    if (listing.isVariable(node)) {
      return listing.name(node);
    }
    List<String> arguments = new ArrayList<>();
    for (Tensor operand : node.inputs()) {
      boolean named = listing.isLiteral(operand) || far.contains(listing.behindMarks(operand));
      arguments.add(named ? listing.argument(node, operand) : "·");
    }
    if (arguments.stream().allMatch("·"::equals)) {
      arguments.clear();
    }
    String attributes = GraphListing.attributes(node.op());
    if (!attributes.isEmpty()) {
      arguments.add(attributes);
    }
    String label = listing.name(node) + " " + node.op().label();
    return arguments.isEmpty() ? label : label + "(" + String.join(", ", arguments) + ")";
  }

  private Place add(Place place) {
    while (layers.size() <= place.layer) {
      layers.add(new ArrayList<>());
    }
    layers.get(place.layer).add(place);
    return place;
  }

  private static Place connect(Place from, Place to) {
    from.below.add(to);
    to.above.add(from);
    return to;
  }

  private void arrange() {
    layers.forEach(layer -> settle(layer, new double[layer.size()]));
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      boolean down = sweep % 2 == 0;
      // The first sweeps also change the order; the last ones only straighten.
      boolean order = sweep < SWEEPS / 2;
      for (List<Place> layer : down ? layers : layers.reversed()) {
        Map<Place, Double> wanted = new HashMap<>();
        for (Place place : layer) {
          List<Place> neighbours = new ArrayList<>(down ? place.above : place.below);
          if (!order) {
            neighbours.addAll(down ? place.below : place.above);
          }
          wanted.put(place, neighbours.stream().mapToDouble(p -> p.x).average().orElse(place.x));
        }
        if (order) {
          layer.sort(Comparator.comparingDouble(wanted::get));
        }
        settle(layer, layer.stream().mapToDouble(wanted::get).toArray());
      }
    }
    double left =
        layers.stream().flatMap(List::stream).mapToDouble(p -> p.x - p.width / 2).min().orElse(0);
    layers.forEach(layer -> layer.forEach(place -> place.x += MARGIN - left));
  }

  /**
   * Puts a layer's places as near as possible (least squares) to the wanted positions without
   * overlap: runs that would collide are merged and centred on their mean.
   */
  private static void settle(List<Place> layer, double[] wanted) {
    double[] shift = new double[layer.size()];
    List<double[]> runs = new ArrayList<>(); // each: sum of wanted starts, count
    double reach = 0;
    for (int i = 0; i < shift.length; i++) {
      Place place = layer.get(i);
      reach += place.width / 2;
      shift[i] = reach;
      reach += place.width / 2 + GAP;
      double[] run = {wanted[i] - shift[i], 1};
      while (!runs.isEmpty() && mean(runs.getLast()) > mean(run)) {
        double[] left = runs.removeLast();
        run[0] += left[0];
        run[1] += left[1];
      }
      runs.add(run);
    }
    int i = 0;
    for (double[] run : runs) {
      for (int k = 0; k < run[1]; k++, i++) {
        layer.get(i).x = mean(run) + shift[i];
      }
    }
  }

  private static double mean(double[] run) {
    return run[0] / run[1];
  }

  String svg() {
    List<Place> all = layers.stream().flatMap(List::stream).toList();
    double width = all.stream().mapToDouble(p -> p.x + p.width / 2).max().orElse(0) + MARGIN;
    double height = Math.max(1, layers.size()) * LAYER - (LAYER - HEIGHT) + 2 * MARGIN;
    StringBuilder svg = new StringBuilder();
    put(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\"", width, height);
    put(svg, " width=\"%.0f\" height=\"%.0f\"", width, height);
    svg.append(" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"11\">\n");
    // Boxes carry their own light fill and dark text; the grey of edges shows on white and black.
    svg.append("<g fill=\"none\" stroke=\"#7d8590\" stroke-width=\"1.3\">\n");
    for (Place place : all) {
      for (Place user : place.below) {
        double from = place.bottom();
        double to = user.top();
        double bend = (to - from) / 2;
        put(
            svg,
            "<path d=\"M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f",
            place.x,
            from,
            place.x,
            from + bend,
            user.x,
            to - bend,
            user.x,
            to);
        if (user.node == null) {
          put(svg, " V%.1f\"/>\n", user.bottom());
        } else {
          put(
              svg,
              "\"/><path d=\"M%.1f %.1f l3.5 -6 h-7 z\" fill=\"#7d8590\" stroke=\"none\"/>\n",
              user.x,
              to);
        }
      }
    }
    svg.append("</g>\n");
    all.stream().filter(place -> place.node != null).forEach(place -> box(svg, place));
    return svg.append("</svg>\n").toString();
  }

  private void box(StringBuilder svg, Place place) {
    boolean output = outputs.contains(place.node);
    String kind = listing.isVariable(place.node) ? "input" : GraphListing.kind(place.node.op());
    put(svg, "<g class=\"%s\">", kind);
    put(
        svg,
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\" rx=\"6\"",
        place.x - place.width / 2,
        place.top(),
        place.width,
        HEIGHT);
    put(
        svg,
        " fill=\"%s\" stroke=\"%s\" stroke-width=\"%s\"/>",
        fill(kind),
        output ? "#c0392b" : "#57606a",
        output ? "2.5" : "1");
    text(svg, place.x, place.top() + 16, "bold", place.label);
    text(svg, place.x, place.top() + 30, "normal", GraphListing.type(place.node));
    svg.append("</g>\n");
  }

  private static void text(StringBuilder svg, double x, double y, String weight, String text) {
    put(svg, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"#1f2328\"", x, y);
    put(svg, " font-weight=\"%s\">%s</text>", weight, escaped(text));
  }

  private static String escaped(String text) {
    // XML has no way to write most control characters.
    return text.replaceAll("\\p{Cntrl}", "\uFFFD")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;");
  }

  private static void put(StringBuilder svg, String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values));
  }

  private static String fill(String kind) {
    return switch (kind) {
      case "input" -> "#a5d6ff";
      case "constant" -> "#d8dee4";
      case "unary" -> "#b4f1b4";
      case "binary" -> "#fff0a8";
      case "reduction" -> "#ffcca8";
      case "movement" -> "#e6dcf7";
      case "contraction" -> "#ffc1cc";
      case "indexing" -> "#b8eae6";
      case "custom" -> "#f7c8f0";
      default -> "#f0f0f0";
    };
  }
}
