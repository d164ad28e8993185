package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Tensors as text: small ones whole, of large ones the edges and what the rest looks like. */
final class Printing {
  private static final int WHOLE_ELEMENTS = 64;
  private static final int LINE = 72;

  private final HostData data;
  private final Shape shape;
  private final int edge;
  private final int width;

  private Printing(HostData data, Shape shape, boolean aligned) {
    this.data = data;
    this.shape = shape;
    this.edge =
        shape.elements() <= WHOLE_ELEMENTS ? Integer.MAX_VALUE / 2 : shape.rank() <= 2 ? 3 : 1;
    this.width = aligned ? widest(0, 0, shape.elements()) : 0;
  }

  /**
   * A tensor's text.
   *
   * @param tensor the tensor
   * @param known its value if it is computed, else null
   * @param compute computes it
   * @return value, dtype and shape
   */
  static String text(Tensor tensor, HostData known, Supplier<HostData> compute) {
    Shape shape = tensor.shape();
    String type = tensor.dtype() + " " + shape;
    boolean small = shape.elements() <= WHOLE_ELEMENTS;
    if (known == null && !small) {
      return "Tensor(%s, %s, not computed; value() computes it)"
          .formatted(tensor.op().label(), type);
    }
    try {
      HostData data = known == null ? compute.get() : known;
      String values = new Printing(data, shape, false).nested(0, 0, shape.elements(), ", ");
      if (values.length() > LINE && shape.rank() > 1) {
        values = new Printing(data, shape, true).nested(0, 0, shape.elements(), null);
      }
      return values + " " + type + (small ? "" : summary(data));
    } catch (TensorException unbound) {
      return "Tensor(%s, %s, not computed: %s)"
          .formatted(tensor.op().label(), type, unbound.getMessage());
    }
  }

  /** The indices shown along an axis; −1 stands for those left out. */
  private List<Integer> shown(int extent) {
    List<Integer> shown = new ArrayList<>();
    for (int i = 0; i < extent; i++) {
      if (i < edge || i >= extent - edge) {
        shown.add(i);
      } else if (i == edge) {
        shown.add(-1);
      }
    }
    return shown;
  }

  /** With no separator given, rows go on lines of their own, indented under their bracket. */
  private String nested(int axis, long from, long count, String separator) {
    if (axis == shape.rank()) {
      return pad(GraphListing.element(data, from));
    }
    int extent = shape.extent(axis);
    long step = extent == 0 ? 0 : count / extent;
    List<String> parts = new ArrayList<>();
    for (int i : shown(extent)) {
      parts.add(i < 0 ? "…" : nested(axis + 1, from + i * step, step, separator));
    }
    String between = separator;
    if (between == null) {
      boolean elements = axis == shape.rank() - 1;
      between = elements ? ", " : ",\n" + " ".repeat(axis + 1);
    }
    return "[" + String.join(between, parts) + "]";
  }

  private String pad(String element) {
    return " ".repeat(Math.max(0, width - element.length())) + element;
  }

  private int widest(int axis, long from, long count) {
    if (axis == shape.rank()) {
      return GraphListing.element(data, from).length();
    }
    int extent = shape.extent(axis);
    long step = extent == 0 ? 0 : count / extent;
    int widest = 0;
    for (int i : shown(extent)) {
      widest = i < 0 ? widest : Math.max(widest, widest(axis + 1, from + i * step, step));
    }
    return widest;
  }

  private static String summary(HostData data) {
    double sum = 0;
    long undefined = 0;
    long least = -1;
    long greatest = -1;
    for (long i = 0; i < data.elements(); i++) {
      double value = data.getDouble(i);
      if (Double.isNaN(value)) {
        undefined++;
        continue;
      }
      sum += value;
      least = least < 0 || value < data.getDouble(least) ? i : least;
      greatest = greatest < 0 || value > data.getDouble(greatest) ? i : greatest;
    }
    String range =
        least < 0
            ? ""
            : ", from %s to %s, mean %s"
                .formatted(
                    GraphListing.element(data, least),
                    GraphListing.element(data, greatest),
                    (float) (sum / (data.elements() - undefined)));
    return range + (undefined == 0 ? "" : ", %d NaN".formatted(undefined));
  }
}
