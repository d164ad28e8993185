package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.tensor.Tensor;

/** A user's function at some arguments. Simpler are shorter axes, and plainer numbers. */
record FunctionExample(Function<List<Tensor>, List<Tensor>> function, List<Tensor> values)
    implements Example {
  FunctionExample {
    values = List.copyOf(values);
  }

  @Override
  public List<Tensor> apply(List<Tensor> arguments) {
    return function.apply(arguments);
  }

  @Override
  public Stream<Example> simpler() {
    return Stream.concat(shorter(), plainer());
  }

  /** Axes of the same extent belong together: all of them are cut. */
  private Stream<Example> shorter() {
    return values.stream()
        .flatMap(v -> IntStream.of(v.shape().extents()).boxed())
        .filter(extent -> extent > 1)
        .distinct()
        .flatMap(
            from ->
                IntStream.of(1, from / 2, from - 1)
                    .filter(to -> to >= 1 && to < from)
                    .distinct()
                    .mapToObj(to -> cut(from, to)));
  }

  private Example cut(int from, int to) {
    return new FunctionExample(
        function, values.stream().map(v -> Extents.cut(v, from, to)).toList());
  }

  private Stream<Example> plainer() {
    return Plainer.ofOne(values).map(changed -> new FunctionExample(function, changed));
  }

  @Override
  public String print() {
    return IntStream.range(0, values.size())
        .mapToObj(i -> Text.of("Tensor x%d = %s;", i, ProgramPrinter.literal(values.get(i))))
        .collect(Collectors.joining("\n"));
  }
}
