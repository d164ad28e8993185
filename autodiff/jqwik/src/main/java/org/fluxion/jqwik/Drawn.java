package org.fluxion.jqwik;

import java.util.List;
import java.util.stream.Stream;
import org.fluxion.autodiff.laws.ArgumentsGenerator;
import org.fluxion.autodiff.laws.Example;
import org.fluxion.tensor.Tensor;

/**
 * What a generator drew, of no function.
 *
 * @param generator the generator, which draws what is simpler as well
 * @param values what it drew
 */
record Drawn(ArgumentsGenerator generator, List<Tensor> values) implements Example {
  Drawn {
    values = List.copyOf(values);
  }

  @Override
  public List<Tensor> apply(List<Tensor> arguments) {
    return arguments;
  }

  @Override
  public Stream<Example> simpler() {
    return generator.simpler(values).map(simpler -> new Drawn(generator, simpler));
  }

  @Override
  public String print() {
    return values.toString();
  }
}
