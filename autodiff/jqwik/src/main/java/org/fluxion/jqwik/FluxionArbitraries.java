package org.fluxion.jqwik;

import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import org.fluxion.autodiff.laws.ArgumentsGenerator;
import org.fluxion.autodiff.laws.Example;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.RandomPrograms;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.autodiff.laws.TensorGenerator;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Shapes, tensors and whole programs as arbitraries. They shrink as the laws' own counterexamples
 * do: to shorter axes, fewer operations and plainer numbers.
 *
 * <pre>{@code
 * @Provide
 * Arbitrary<Tensor> positive() {
 *   return FluxionArbitraries.tensors(TensorGenerator.tensors().rank(0, 4).between(0.1, 3));
 * }
 * }</pre>
 */
public final class FluxionArbitraries {
  private FluxionArbitraries() {}

  /**
   * Tensors.
   *
   * @param generator which
   * @return an arbitrary that shrinks to others that the generator draws
   */
  public static Arbitrary<Tensor> tensors(TensorGenerator generator) {
    return tensors(ArgumentsGenerator.each(generator)).map(List::getFirst);
  }

  /**
   * Several tensors at once, such as some whose shapes fit each other by {@linkplain
   * ArgumentsGenerator#broadcasting broadcasting}.
   *
   * @param generator which
   * @return an arbitrary that shrinks to others that the generator draws: their shapes still fit
   */
  public static Arbitrary<List<Tensor>> tensors(ArgumentsGenerator generator) {
    return Arbitraries.fromGenerator(
        random -> {
          List<Tensor> drawn = generator.draw(new Random(random.nextLong()));
          return new ShrinkingExample<>(new Drawn(generator, drawn), Example::values);
        });
  }

  /**
   * Shapes.
   *
   * @param generator of tensors of such shapes
   * @return an arbitrary that shrinks to others of these shapes, of fewer and shorter axes
   */
  public static Arbitrary<Shape> shapes(TensorGenerator generator) {
    return shapes(ArgumentsGenerator.each(generator)).map(List::getFirst);
  }

  /**
   * Several shapes at once, such as some that fit each other by {@linkplain
   * ArgumentsGenerator#broadcasting broadcasting}.
   *
   * @param generator of tensors of such shapes
   * @return an arbitrary that shrinks to others of these shapes, of fewer and shorter axes: they
   *     still fit
   */
  public static Arbitrary<List<Shape>> shapes(ArgumentsGenerator generator) {
    return Arbitraries.fromGenerator(
        random ->
            new ShrinkingShapes(generator, generator.drawShapes(new Random(random.nextLong()))));
  }

  /**
   * Programs over every operation.
   *
   * @param settings which
   * @return an arbitrary that shrinks
   */
  public static Arbitrary<RandomProgram> programs(Settings settings) {
    return Arbitraries.fromGenerator(
        random ->
            new ShrinkingExample<>(
                RandomPrograms.draw(random.nextLong(), settings), RandomProgram.class::cast));
  }
}
