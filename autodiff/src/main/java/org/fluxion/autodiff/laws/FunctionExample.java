package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * A user's function at some arguments. Simpler are shorter axes, and plainer numbers.
 *
 * @param function the function
 * @param values its arguments
 * @param admits of which arguments it is asked; simpler ones are among them
 */
record FunctionExample(
    Function<List<Tensor>, List<Tensor>> function,
    List<Tensor> values,
    Predicate<List<Tensor>> admits)
    implements Example {
  FunctionExample {
    values = List.copyOf(values);
  }

  /** Of any arguments. */
  FunctionExample(Function<List<Tensor>, List<Tensor>> function, List<Tensor> values) {
    this(function, values, any -> true);
  }

  private FunctionExample with(List<Tensor> others) {
    return new FunctionExample(function, others, admits);
  }

  @Override
  public List<Tensor> apply(List<Tensor> arguments) {
    return function.apply(arguments);
  }

  @Override
  public Stream<Example> simpler() {
    return Stream.concat(shorter(), plainer()).filter(e -> admits.test(e.values()));
  }

  private Stream<Example> shorter() {
    List<Shape> shapes = values.stream().map(Tensor::shape).toList();
    return Stream.concat(Extents.shorter(shapes), Extents.shorterAtTheFront(shapes))
        .map(cut -> with(values.stream().map(cut::of).toList()));
  }

  private Stream<Example> plainer() {
    return Plainer.ofOne(values).map(this::with);
  }

  @Override
  public String print() {
    return IntStream.range(0, values.size())
        .mapToObj(
            i ->
                Text.of(
                    "Tensor x%d = %s;%s",
                    i,
                    ProgramPrinter.literal(values.get(i)),
                    function instanceof OfTree tree ? tree.comment(i) : ""))
        .collect(Collectors.joining("\n"));
  }
}
