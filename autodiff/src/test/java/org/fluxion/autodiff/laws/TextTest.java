package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.autodiff.DerivativeChecker;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;
import org.junit.jupiter.api.Test;

/** Programs, and the reports that they stand in, are the same text whatever the language. */
class TextTest {
  private static void assertSameEverywhere(List<String> expected, List<String> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), actual.get(i));
    }
  }

  private static List<String> programs() {
    List<String> texts = new ArrayList<>();
    for (OpTable.Row row : OperationExamples.rows(DType.FLOAT32)) {
      texts.add(OperationExamples.of(row, DType.FLOAT32, 1).print());
    }
    for (long seed = 0; seed < 30; seed++) {
      texts.add(
          RandomPrograms.draw(seed, new RandomPrograms.Settings(DType.FLOAT64, 16, false)).print());
    }
    // More elements than are printed.
    double[] many = new Random(1).doubles(10_000).toArray();
    texts.add(ProgramPrinter.literal(Tensor.of(many, 100, 100)));
    return texts;
  }

  @Test
  void programsCanBePasted() {
    List<String> expected = programs();
    assertTrue(expected.getLast().contains("/* 9,988 more: "), expected.getLast());
    for (String language : Languages.OTHERS) {
      assertSameEverywhere(expected, Languages.in(language, TextTest::programs));
    }
  }

  private static List<String> reports() {
    CustomFunction wrong = CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(x));
    Laws right = Laws.of(Tensor::sin).only(Law.DUALITY).tries(200).seed(1234);
    return List.of(
        right.check().toString(),
        broken(Laws.of(wrong).only(Law.DIFFERENCES).seed(1234)),
        broken(Laws.of(PlantedFaultsTest.REFUSING).only(Law.DUALITY).seed(1234)),
        broken(Laws.of(PlantedFaultsTest.REFUSING).only().devices("cpu:1").seed(1234)),
        assertThrows(TensorException.class, () -> TensorGenerator.tensors().rank(5, 4))
            .getMessage(),
        DerivativeChecker.check(x -> x.sin(), Tensor.tensor(0.5, 0.25)).toString());
  }

  private static String broken(Laws laws) {
    return assertThrows(LawBroken.class, laws::check).getMessage();
  }

  @Test
  void reportsCanBeRepeated() {
    List<String> expected = reports();
    for (String language : Languages.OTHERS) {
      assertSameEverywhere(expected, Languages.in(language, TextTest::reports));
    }
  }
}
