package org.fluxion.jqwik;

import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import org.fluxion.autodiff.laws.Example;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.RandomPrograms;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.autodiff.laws.TensorGenerator;
import org.fluxion.tensor.Tensor;

/**
 * Tensors and whole programs as arbitraries. They shrink as the laws' own counterexamples do: to
 * shorter axes, fewer operations and plainer numbers.
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
    return Arbitraries.fromGenerator(
        random -> {
          Tensor drawn = generator.draw(new Random(random.nextLong()));
          return new ShrinkingExample<>(
              Alone.of(drawn), example -> example.values().get(0), generator::draws);
        });
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
                RandomPrograms.draw(random.nextLong(), settings),
                RandomProgram.class::cast,
                any -> true));
  }

  /** A tensor as a program of no operations. */
  private static final class Alone {
    private Alone() {}

    static Example of(Tensor tensor) {
      return new RandomProgram(List.of(tensor), List.of(), List.of(0));
    }
  }
}
