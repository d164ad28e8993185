package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Indices and labels outside: an error where they are known, stated values where they are not. */
class KnownIndicesTest {
  private static final Tensor TABLE = Tensor.arange(6, DType.FLOAT64).reshape(3, 2);

  private static String message(Runnable built) {
    return assertThrows(TensorException.class, built::run).getMessage();
  }

  /** What a program gives that is handed the indices in a run. */
  private static Tensor run(Function<Tensor, Tensor> function, Tensor indices) {
    Program<Tensor, Tensor, Tensor> program =
        Program.compile(
            (Tensor s, Tensor i) -> new Step<>(s, function.apply(i)),
            Tensor.zeros(1),
            indices.zerosLike(),
            Device.cpu(1));
    try (Run<Tensor, Tensor, Tensor> run = program.start(Tensor.zeros(1))) {
      return run.step(indices);
    }
  }

  @Property(tries = 100, seed = "9464")
  void knownIndicesBuildExactlyIfAllAreInside(
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = -2, max = 4) Integer> drawn) {
    int[] values = drawn.stream().mapToInt(Integer::intValue).toArray();
    Tensor indices = Tensor.of(values, values.length);
    int[] outside =
        IntStream.range(0, values.length).filter(i -> values[i] < 0 || values[i] > 2).toArray();
    if (outside.length == 0) {
      assertDoesNotThrow(() -> TABLE.take(indices));
      return;
    }
    String expected =
        "take: index %d at [%d] is outside the 3 rows of [3, 2]; expected 0 to 2"
            .formatted(values[outside[0]], outside[0]);
    assertEquals(expected, message(() -> TABLE.take(indices)));
    // The same when only a run knows them: rows of zeros.
    double[] rows = run(TABLE::take, indices).toDoubleArray();
    for (int i : outside) {
      assertArrayEquals(new double[2], new double[] {rows[2 * i], rows[2 * i + 1]});
    }
  }

  @Test
  void indicesThatAreMovedAboutAreKnown() {
    Tensor indices = Tensor.tensor(0, 1, 2, 7);
    assertTrue(message(() -> TABLE.take(indices.reshape(2, 2))).contains("index 7 at [1, 1] "));
    assertTrue(message(() -> TABLE.take(indices.flip(0))).contains("index 7 at [0] "));
    Tensor transposed = indices.reshape(2, 2).transpose().reshape(1, 4);
    assertTrue(message(() -> TABLE.take(transposed)).contains("index 7 at [0, 3] "));
    Tensor everywhere = Tensor.full(3, Shape.of(2, 2), DType.INT64);
    assertTrue(message(() -> TABLE.take(everywhere)).contains("index 3 at [0, 0] "));
    assertTrue(message(() -> TABLE.take(Tensor.scalar(-1, DType.INT32))).contains("index -1 is "));
    // Nothing of it is left to read.
    assertDoesNotThrow(() -> TABLE.take(Tensor.full(3, Shape.of(0), DType.INT64)));
  }

  @Test
  void indicesThatWereComputedAreKnown() {
    Tensor computed = Tensor.tensor(1, 2).add(1);
    assertDoesNotThrow(() -> TABLE.take(computed));
    computed.value();
    assertTrue(message(() -> TABLE.take(computed)).contains("index 3 at [1] "));
  }

  @Test
  void whereThereIsNothingToReadTheErrorSaysSo() {
    assertEquals(
        "take: index 4 at [0] is outside the 0 rows of [0, 3]; there is none to read",
        message(() -> Tensor.zeros(0, 3).take(Tensor.tensor(4))));
  }

  @Test
  void takeAlongChecksTheSame() {
    Tensor indices = Tensor.of(new int[] {0, 2}, 1, 2);
    assertDoesNotThrow(() -> TABLE.takeAlong(indices, 0));
    assertEquals(
        "takeAlong: index 3 at [0, 1] is outside axis 0 of [3, 2]; expected 0 to 2",
        message(() -> TABLE.takeAlong(indices.add(1).detach(), -2)));
  }

  @Test
  void aLabelOutsideIsAnErrorOrMakesTheLossNaN() {
    Tensor logits = TABLE.reshape(2, 3);
    assertEquals(
        "crossEntropy: label 3 at [1] is outside the 3 classes of [2, 3]; expected 0 to 2",
        message(() -> Losses.crossEntropy(logits, Tensor.tensor(0, 3))));
    assertEquals(
        "crossEntropy: label -1 at [0] is outside the 3 classes of [2, 3]; expected 0 to 2",
        message(() -> Losses.crossEntropy(logits, Tensor.tensor(-1, 3))));
    for (int label : new int[] {-1, 3}) {
      Tensor loss = run(l -> Losses.crossEntropy(logits, l), Tensor.tensor(0, label));
      assertTrue(Double.isNaN(loss.item()));
    }
  }
}
