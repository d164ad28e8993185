package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.stream.Stream;
import org.fluxion.tensor.Tensor;

/**
 * An example with the directions and cotangents that a law uses: what is simpler has plainer ones,
 * and is the same example.
 *
 * @param example the example
 * @param drawn the directions and cotangents, as a subject numbers them
 */
record Directed(Example example, List<Tensor> drawn) implements Example {
  Directed {
    drawn = List.copyOf(drawn);
  }

  /** With what a seed draws. */
  static Directed of(Example example, long seed) {
    return new Directed(example, Subject.of(example, seed).drawn());
  }

  @Override
  public List<Tensor> values() {
    return example.values();
  }

  @Override
  public List<Tensor> apply(List<Tensor> arguments) {
    return example.apply(arguments);
  }

  @Override
  public Stream<Example> simpler() {
    return Plainer.ofOne(drawn).map(changed -> new Directed(example, changed));
  }

  @Override
  public String print() {
    return example.print();
  }
}
