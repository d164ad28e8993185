package org.fluxion.nn;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * How named parameters lie one after another in one flat tensor per dtype. Flat parameters are
 * {@link Parameters} themselves, so that gradients, optimizers, clipping and averages take them as
 * they are: a training step that holds its state flat clips with one reduction and updates with one
 * kernel, however many layers there are. The model sees its parameters by name, as {@linkplain
 * #named views}, which cost nothing in a compiled program.
 *
 * <pre>{@code
 * var layout = FlatParameters.of(parameters);
 * Parameters flat = layout.flat(parameters);                     // the state to train
 * var out = valueAndGrad(p -> loss(layout.named(p), batch), flat); // the gradient is flat too
 * }</pre>
 */
public final class FlatParameters {
  /** Where a parameter lies. */
  private record Place(String buffer, int offset, Shape shape) {}

  private final Parameters example;
  private final Map<String, Place> places;
  private final Map<String, Integer> lengths;

  private FlatParameters(
      Parameters example, Map<String, Place> places, Map<String, Integer> lengths) {
    this.example = example;
    this.places = places;
    this.lengths = lengths;
  }

  /**
   * The layout of parameters: in their order, without gaps.
   *
   * @param parameters names, shapes and dtypes count, values do not
   * @return the layout
   */
  public static FlatParameters of(Parameters parameters) {
    Map<String, Place> places = new LinkedHashMap<>();
    Map<DType, Integer> ends = new EnumMap<>(DType.class);
    parameters
        .asMap()
        .forEach(
            (name, tensor) -> {
              int size = Math.toIntExact(tensor.shape().elements());
              int offset = ends.getOrDefault(tensor.dtype(), 0);
              places.put(name, new Place(buffer(tensor.dtype()), offset, tensor.shape()));
              ends.put(tensor.dtype(), Math.addExact(offset, size));
            });
    Map<String, Integer> lengths = new LinkedHashMap<>();
    ends.forEach((dtype, end) -> lengths.put(buffer(dtype), end));
    return new FlatParameters(parameters, places, lengths);
  }

  private static String buffer(DType dtype) {
    return dtype.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Puts named tensors one after another.
   *
   * @param named tensors with the layout's names, shapes and dtypes: parameters, gradients, moments
   * @return one tensor [elements] for each dtype, named after it
   * @throws TensorException if a shape or dtype is another
   */
  public Parameters flat(Parameters named) {
    Map<String, List<Tensor>> parts = new LinkedHashMap<>();
    lengths.keySet().forEach(buffer -> parts.put(buffer, new ArrayList<>()));
    places.forEach(
        (name, place) -> {
          Tensor tensor = named.get(name);
          if (!tensor.shape().equals(place.shape) || !buffer(tensor.dtype()).equals(place.buffer)) {
            throw new TensorException(
                "flat parameters: \"%s\" is %s %s, got %s %s"
                    .formatted(name, place.buffer, place.shape, tensor.dtype(), tensor.shape()));
          }
          parts.get(place.buffer).add(tensor.reshape(-1));
        });
    Parameters.Builder flat = Parameters.builder();
    parts.forEach(
        (buffer, list) -> flat.add(buffer, Tensor.concat(0, list.toArray(Tensor[]::new))));
    return flat.build();
  }

  /**
   * The named tensors in flat ones.
   *
   * @param flat what {@link #flat} gave, or values like it
   * @return the tensors by name, slices of the flat ones
   * @throws TensorException if a flat tensor has another length
   */
  public Parameters named(Parameters flat) {
    requireLengths(flat);
    List<Tensor> leaves = new ArrayList<>();
    places.forEach(
        (name, place) -> {
          int end = place.offset + Math.toIntExact(place.shape.elements());
          leaves.add(flat.get(place.buffer).slice(0, place.offset, end).reshape(place.shape));
        });
    return example.withLeaves(leaves);
  }

  /**
   * The named tensors in flat ones whose values are known, copied at once: for what reads values
   * and computes nothing, such as a checkpoint, where compiling a program of views would take
   * longer than the copy.
   *
   * @param flat what {@link #flat} gave, or values like it
   * @return leaves by name, of the same bits as {@link #named}
   * @throws TensorException if a flat tensor has another length
   */
  public Parameters copied(Parameters flat) {
    requireLengths(flat);
    List<Tensor> leaves = new ArrayList<>();
    places.forEach(
        (name, place) -> {
          Tensor from = flat.get(place.buffer);
          HostData part = HostData.allocate(from.dtype(), place.shape.elements());
          long start = (long) place.offset * from.dtype().bytes();
          MemorySegment.copy(
              from.value().segment(), start, part.segment(), 0, part.segment().byteSize());
          leaves.add(Tensor.of(part, place.shape));
        });
    return example.withLeaves(leaves);
  }

  private void requireLengths(Parameters flat) {
    lengths.forEach(
        (buffer, length) -> {
          if (!flat.get(buffer).shape().equals(Shape.of(length))) {
            throw new TensorException(
                "flat parameters: expected %s [%d], got %s; the layout is of other parameters"
                    .formatted(buffer, length, flat.get(buffer).shape()));
          }
        });
  }
}
