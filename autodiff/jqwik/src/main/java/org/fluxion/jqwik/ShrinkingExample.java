package org.fluxion.jqwik;

import java.util.function.Function;
import java.util.stream.Stream;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.ShrinkingDistance;
import org.fluxion.autodiff.laws.Example;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;

/** An example, or what is read from it, that shrinks to simpler ones. */
final class ShrinkingExample<T> implements Shrinkable<T> {
  private final Example example;
  private final Function<Example, T> read;

  /**
   * An example.
   *
   * @param example the example
   * @param read what is read from it
   */
  ShrinkingExample(Example example, Function<Example, T> read) {
    this.example = example;
    this.read = read;
  }

  @Override
  public T value() {
    return read.apply(example);
  }

  @Override
  public Stream<Shrinkable<T>> shrink() {
    return example.simpler().map(simpler -> new ShrinkingExample<>(simpler, read));
  }

  /** Operations count first, then elements, then elements that are not plain, then their digits. */
  @Override
  public ShrinkingDistance distance() {
    long lines = example instanceof RandomProgram program ? program.lines().size() : 0;
    long results = example instanceof RandomProgram program ? program.outputs().size() : 0;
    long elements = 0;
    long odd = 0;
    long digits = 0;
    for (Tensor value : example.values()) {
      HostData data = value.value();
      elements += data.elements();
      for (long i = 0; i < data.elements(); i++) {
        double element = data.getDouble(i);
        odd += element == 0 || element == 1 ? 0 : 1;
        digits += element == Math.rint(element) ? 0 : String.valueOf(element).length();
      }
    }
    return ShrinkingDistance.of(results, lines, elements, odd, digits);
  }
}
