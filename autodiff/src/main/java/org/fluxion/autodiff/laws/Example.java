package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.stream.Stream;
import org.fluxion.tensor.Tensor;

/**
 * A function with values of its arguments: what a law is tried on. It knows simpler ones, and
 * prints itself as lines that can be put into a test.
 */
public interface Example {
  /**
   * The values of the arguments.
   *
   * @return the values
   */
  List<Tensor> values();

  /**
   * The function.
   *
   * @param arguments as many as there are values, of their shapes and dtypes
   * @return its results
   */
  List<Tensor> apply(List<Tensor> arguments);

  /**
   * Examples that are a little simpler, the simplest first. Some of them may make no sense, and
   * throw where they are applied.
   *
   * @return the examples; they end where nothing is left to be simplified
   */
  Stream<Example> simpler();

  /**
   * The example as Java.
   *
   * @return a few lines
   */
  String print();
}
