package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;

/**
 * Which elements are drawn.
 *
 * @param low the least of those that lie anywhere
 * @param high the largest of them
 * @param isBounded whether edges are within these bounds too
 * @param edges which edges are among them; none if elements lie anywhere
 */
record ElementRange(double low, double high, boolean isBounded, List<Edge> edges) {
  static final List<Edge> FINITE = List.of(Edge.KINK, Edge.NEIGHBOUR, Edge.TINY, Edge.LARGE);

  static final List<Edge> ALL = Stream.concat(FINITE.stream(), Stream.of(Edge.NOT_FINITE)).toList();

  ElementRange {
    edges = List.copyOf(edges);
  }

  ElementRange between(double least, double most) {
    return new ElementRange(least, most, true, edges);
  }

  ElementRange with(List<Edge> others) {
    return new ElementRange(low, high, isBounded, others);
  }

  /** Where a tensor's elements come from. */
  DoubleSupplier source(DType dtype, Random random) {
    DoubleSupplier anywhere = () -> low + (high - low) * random.nextDouble();
    List<List<Double>> kinds = new ArrayList<>();
    for (Edge edge : edges) {
      // One that is infinite makes whole sums so, and a huge one hides what is added to it: half of
      // the tensors have none of a kind.
      if (edge == Edge.KINK || random.nextBoolean()) {
        kinds.add(numbers(edge, dtype));
      }
    }
    kinds.removeIf(List::isEmpty);
    return kinds.isEmpty()
        ? anywhere
        : () -> random.nextBoolean() ? one(one(kinds, random), random) : anywhere.getAsDouble();
  }

  private static <T> T one(List<T> among, Random random) {
    return among.get(random.nextInt(among.size()));
  }

  /** Whether all of a tensor's elements are among them, as its dtype rounds them. */
  boolean holds(Tensor x, DType dtype) {
    HostData data = x.value();
    double least = rounded(low, dtype);
    double most = rounded(high, dtype);
    List<Double> special = edges.stream().flatMap(e -> numbers(e, dtype).stream()).toList();
    for (long i = 0; dtype != DType.BOOL && i < data.elements(); i++) {
      double element = data.getDouble(i);
      boolean isAnywhere = least <= element && element <= most;
      // A zero of either sign is a zero.
      if (!isAnywhere && !special.contains(element + 0.0)) {
        return false;
      }
    }
    return true;
  }

  private List<Double> numbers(Edge edge, DType dtype) {
    List<Double> numbers = edge.of(dtype);
    if (!isBounded || edge == Edge.NOT_FINITE) {
      return numbers;
    }
    double least = rounded(low, dtype);
    double most = rounded(high, dtype);
    Stream<Double> within = numbers.stream().filter(x -> least <= x && x <= most);
    Stream<Double> bounds = edge == Edge.KINK ? Stream.of(least, most) : Stream.empty();
    return Stream.concat(within, bounds).toList();
  }

  private static double rounded(double element, DType dtype) {
    if (!dtype.isFloating()) {
      return Math.floor(element);
    }
    HostData one = HostData.allocate(dtype, 1);
    one.setDouble(0, element);
    return one.getDouble(0);
  }
}
