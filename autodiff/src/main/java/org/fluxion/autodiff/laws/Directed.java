package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
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
    return IntStream.range(0, drawn.size())
        .boxed()
        .flatMap(
            i ->
                Plainer.of(drawn.get(i))
                    .map(
                        value -> {
                          List<Tensor> changed = new ArrayList<>(drawn);
                          changed.set(i, value);
                          return new Directed(example, changed);
                        }));
  }

  @Override
  public String print() {
    return example.print();
  }
}
