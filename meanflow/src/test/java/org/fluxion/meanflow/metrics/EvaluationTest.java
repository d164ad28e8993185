package org.fluxion.meanflow.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import org.fluxion.nn.data.Batch;
import org.fluxion.nn.data.DataSet;
import org.fluxion.nn.data.Mnist;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The shipped classifier and the figures that {@code meanflow/docs/classifier.md} gives of it. */
class EvaluationTest {
  private static final String SHA_256 =
      "bd71d5f47169cb55aba72e2d187e63ed086638c17fec4a8e7e8c54f6d0e0512a";
  private static final double FLOOR = 0.8353;
  private static final double ACCURACY = 0.9929;
  private static final double NEAREST = 0.19528;

  private static DataSet train;
  private static DataSet test;
  private static Evaluation evaluation;

  @BeforeAll
  static void open() throws IOException {
    train = Mnist.read(Mnist.Part.TRAIN, Mnist.Size.HALF);
    test = Mnist.read(Mnist.Part.TEST, Mnist.Size.HALF);
    evaluation = Evaluation.open(Classifier.shipped(), train, test, Device.cpu());
  }

  @AfterAll
  static void close() {
    evaluation.close();
  }

  @Test
  void theShippedClassifierIsTheDocumentedOne() throws IOException {
    assertEquals(SHA_256, Classifier.sha256());
    Classifier classifier = Classifier.shipped();
    ClassifierConfiguration how = ClassifierConfiguration.shipped();
    assertEquals(new DigitNetwork(how.width(), how.features(), 10), classifier.network());
    DataSet first = test.first(2000);
    try (Classifier.Compiled compiled = classifier.compile(500, Device.cpu())) {
      assertTrue(compiled.apply(first.inputs()).accuracy(first.labels()) >= 0.985);
    }
  }

  @Test
  void theReferenceIsTheDocumentedOne() {
    Evaluation.Reference reference = evaluation.reference();
    // What float32 sums in another order, on a CPU of another width, may change.
    assertEquals(FLOOR, reference.frechetFloor(), 1e-3 * FLOOR);
    assertEquals(ACCURACY, reference.accuracy(), 2e-4);
    assertEquals(NEAREST, reference.nearestDistance(), 1e-5);
  }

  @Test
  void trainingImagesScoreTheFloorAndAreTheirOwnNeighbours() {
    Batch chosen = Evaluation.balanced(train, 200, 2000);
    Evaluation.Scores scores = evaluation.evaluate(chosen.inputs(), chosen.labels());
    assertEquals(
        new Evaluation.Scores(2000, evaluation.reference().frechetFloor(), scores.accuracy(), 0),
        scores);
    assertTrue(scores.accuracy() >= 0.985);
  }

  @Test
  void noiseScoresFarWorse() {
    Batch chosen = Evaluation.balanced(test, 20, 1);
    Tensor noise = RandomKey.of(1).normal(chosen.inputs().shape(), DType.FLOAT32).mul(0.7).detach();
    Evaluation.Scores real = evaluation.evaluate(chosen.inputs(), chosen.labels());
    Evaluation.Scores bad =
        evaluation.evaluate(chosen.inputs().add(noise).clip(-1, 1).detach(), chosen.labels());
    Evaluation.Scores worst = evaluation.evaluate(noise.clip(-1, 1).detach(), chosen.labels());
    assertTrue(bad.frechet() > 3 * real.frechet(), () -> bad + " against " + real);
    assertTrue(worst.frechet() > 1.5 * bad.frechet(), () -> worst + " against " + bad);
    assertTrue(worst.accuracy() < 0.3 && bad.accuracy() < real.accuracy());
    assertTrue(worst.nearestDistance() > 2 * real.nearestDistance());
    // Nothing depends on what was measured before.
    assertEquals(real, evaluation.evaluate(chosen.inputs(), chosen.labels()));
  }

  @Test
  void valuesBeyondBlackAndWhiteAreTakenAsThese() {
    Batch chosen = Evaluation.balanced(test, 20, 2);
    Tensor stark = chosen.inputs().mul(3);
    assertEquals(
        evaluation.evaluate(stark.clip(-1, 1).detach(), chosen.labels()),
        evaluation.evaluate(stark.detach(), chosen.labels()));
  }

  @Test
  void samplesThatCannotBeMeasuredAreNamed() {
    Tensor labels = Tensor.full(0, Shape.of(200), DType.INT32);
    Tensor images = Tensor.zeros(200, 1, 16, 16);
    String tooFew =
        message(() -> evaluation.evaluate(images.slice(0, 0, 10), labels.slice(0, 0, 10)));
    assertTrue(tooFew.contains("10 samples") && tooFew.contains("give at least"), tooFew);
    String unlabelled = message(() -> evaluation.evaluate(images, labels.slice(0, 0, 100)));
    assertTrue(unlabelled.contains("[200]") && unlabelled.contains("[100]"), unlabelled);
    for (float broken : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      float[] pixels = images.toFloatArray();
      pixels[256 * 7 + 3] = broken;
      String notFinite =
          message(() -> evaluation.evaluate(Tensor.of(pixels, 200, 1, 16, 16), labels));
      assertTrue(notFinite.contains("sample 7 has the pixel " + broken), notFinite);
    }
    assertThrows(TensorException.class, () -> evaluation.evaluate(Tensor.zeros(200, 256), labels));
  }

  private static String message(org.junit.jupiter.api.function.Executable executable) {
    return assertThrows(IllegalArgumentException.class, executable).getMessage();
  }

  @Test
  void aBalancedChoiceHasAsManyOfEachAndDependsOnItsSeed() {
    Batch chosen = Evaluation.balanced(test, 30, 4);
    long[] labels = chosen.labels().toLongArray();
    for (int i = 0; i < labels.length; i++) {
      assertEquals(i / 30, labels[i]);
    }
    assertEquals(300, labels.length);
    float[] pixels = chosen.inputs().toFloatArray();
    assertArrayEquals(pixels, Evaluation.balanced(test, 30, 4).inputs().toFloatArray());
    assertFalse(Arrays.equals(pixels, Evaluation.balanced(test, 30, 5).inputs().toFloatArray()));
    assertThrows(IllegalArgumentException.class, () -> Evaluation.balanced(test, 2000, 4));
  }
}
