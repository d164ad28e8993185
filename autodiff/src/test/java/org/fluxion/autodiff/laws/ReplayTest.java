package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Function;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.Tensors;
import org.junit.jupiter.api.Test;

/** What was found is found again: from its arguments, from its seed, and as it was printed. */
class ReplayTest {
  private static final CustomFunction SQUARE =
      CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(x));

  private static String broken(Laws laws) {
    return assertThrows(LawBroken.class, laws::check).getMessage();
  }

  @Test
  void argumentsAreTriedAsTheyArePrinted() {
    Tensor x0 = Tensor.of(new double[] {1.5, 2.25}, 2);
    String message = broken(Laws.of(SQUARE).at(x0));
    assertTrue(message.startsWith("DIFFERENCES is broken (seed 0): "), message);
    assertTrue(
        message.contains("\nat\nTensor x0 = Tensor.of(new double[] {1.5, 2.25}, 2);\n"), message);
    // Not at those where the rule is right.
    Laws.of(SQUARE).at(Tensor.of(new double[] {0}, 1)).only(Law.DIFFERENCES).tries(5).check();
  }

  @Test
  void eachTryHasOtherDirections() {
    LawReport report =
        Laws.of(Tensor::sin).at(Tensor.tensor(0.3, 0.4)).only(Law.LINEARITY).tries(7).check();
    assertEquals(7, report.examples());
    assertEquals(14, report.certified().get(Law.LINEARITY));
  }

  @Test
  void severalArgumentsAndLeavesOfATree() {
    Tensor x0 = Tensor.tensor(1.0, 2.0);
    Tensor x1 = Tensor.tensor(3.0);
    Laws.ofMany(x -> List.of(x.get(0).mul(x.get(1)))).at(x0, x1).tries(3).check();
    Function<Tensors, Tensors> layer =
        x -> new Tensors(List.of(SQUARE.apply(x.leaves().get(0)).add(x.leaves().get(1))));
    Laws near = Laws.near(layer, new Tensors(List.of(Tensor.zeros(2), Tensor.zeros(2))));
    assertTrue(broken(near.at(x0, x0)).contains("Tensor x1 = Tensor.of(new double[] {1, 2}, 2);"));
  }

  /** An infinity has no slope; the other laws hold there. */
  @Test
  void atAnInfinityThereIsNoSlope() {
    LawReport report =
        Laws.of(Tensor::erf).at(Tensor.tensor(Double.POSITIVE_INFINITY)).tries(2).check();
    assertEquals(0, report.certified().get(Law.CURVATURE) + report.excused().get(Law.CURVATURE));
    assertEquals(4, report.certified().get(Law.VALUE));
  }

  /** The identity, whose rule is wrong farther from 10 than some distance. */
  private static Function<Tensors, Tensors> wrongBeyond(double distance) {
    CustomFunction identity =
        CustomFunction.of(
            "identity",
            x -> x.mul(1),
            (x, y, dx) -> Tensor.where(x.sub(10).abs().greater(distance), dx.mul(2), dx));
    return x -> new Tensors(List.of(identity.apply(x.leaves().get(0))));
  }

  @Test
  void nearMeansAsNearAsIsSaid() {
    Tensors example = new Tensors(List.of(Tensor.tensor(10.0, 10.0)));
    for (double by : new double[] {1e-3, 5}) {
      Laws.near(wrongBeyond(by), example, by).only(Law.DIFFERENCES).tries(9).check();
      broken(Laws.near(wrongBeyond(by / 3), example, by).only(Law.DIFFERENCES).tries(9));
    }
    for (double by : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      Function<Tensors, Tensors> same = x -> x;
      assertThrows(TensorException.class, () -> Laws.near(same, example, by));
    }
  }

  /** Whoever forgets an argument reads how many there are to be. */
  @Test
  void argumentsThatAreMissingAreCounted() {
    Tensor x = Tensor.tensor(1.0);
    assertThrows(TensorException.class, () -> Laws.of(Tensor::sin).at());
    Function<Tensors, Tensors> same = tree -> tree;
    Laws laws = Laws.near(same, new Tensors(List.of(x, x))).at(x);
    LawBroken thrown = assertThrows(LawBroken.class, laws::check);
    String expected = "laws: expected 2 tensors, the example's leaves, got 1";
    assertTrue(thrown.getMessage().contains(expected), thrown.getMessage());
  }

  /** Where a check of many drew an empty tensor, its seed may be repeated alone. */
  @Test
  void oneTryMayBeOfNothing() {
    Laws empty = Laws.of(Tensor::sin).over(tensors().shape(0)).only(Law.VALUE);
    assertEquals(1, empty.tries(1).check().examples());
    assertEquals(1, Laws.of(Tensor::sin).over(tensors().shape(2, 0)).tries(1).check().examples());
    // Whoever wants many checked wants some of them to be something.
    assertThrows(TensorException.class, empty.tries(2)::check);
    // There was something, and nothing of it was compared.
    Laws integers = Laws.of(Tensor::square).over(tensors().shape(2).dtype(DType.INT32));
    assertThrows(TensorException.class, integers.tries(1)::check);
    assertThrows(TensorException.class, empty.only().tries(1)::check);
  }

  /** Code that looks as if it compiled would be another program. */
  @Test
  void aCustomFunctionIsAskedForByName() {
    Tensor x = Tensor.tensor(1.0);
    RandomProgram program =
        new RandomProgram(
            List.of(x),
            List.of(
                new RandomProgram.Line(SQUARE.apply(x).op(), List.of(0)),
                new RandomProgram.Line(new Op.Custom(OpTable.PRODUCT), List.of(1, 0))),
            List.of(2));
    assertEquals(
        """
        Tensor x0 = Tensor.of(new double[] {1}, 1);
        Tensor t0 = Tensor.apply(new Op.Custom(/* your custom function 'square' */), List.of(x0));
        Tensor t1 = Tensor.apply(new Op.Custom(OpTable.PRODUCT), List.of(t0, x0));
        return List.of(t1);\
        """,
        program.print());
  }
}
