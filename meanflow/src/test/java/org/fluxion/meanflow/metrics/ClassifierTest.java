package org.fluxion.meanflow.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.data.DataSet;
import org.fluxion.nn.data.Mnist;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The classifier's network, its file, and how it is trained. */
class ClassifierTest {
  @TempDir Path folder;

  private static Classifier small() {
    DigitNetwork network = new DigitNetwork(2, 5, 10);
    return new Classifier(network, network.initialise(RandomKey.of(3)).detach());
  }

  private static Tensor images(int count) {
    return RandomKey.of(1)
        .uniform(Shape.of(count, 1, 16, 16), DType.FLOAT32)
        .mul(2)
        .sub(1)
        .detach();
  }

  @Test
  void compiledBatchesAgreeWithTheGraph() {
    Tensor images = images(7);
    Classifier.Output graph = small().apply(images);
    try (Classifier.Compiled compiled = small().compile(3, Device.cpu(1))) {
      Classifier.Output batches = compiled.apply(images);
      assertEquals(Shape.of(7, 5), batches.features().shape());
      // The longest sum has 128 terms.
      assertTrue(batches.features().allClose(graph.features(), 1e-5, 1e-5));
      assertArrayEquals(graph.classes().toLongArray(), batches.classes().toLongArray());
    }
  }

  @Test
  void theClassIsTheLargestLogit() {
    Classifier classifier = small();
    Tensor features = Tensor.of(new float[] {0, 0, 0, 0, 0}, 1, 5);
    float[] bias = new float[10];
    bias[4] = 1;
    Parameters p = classifier.parameters().with("head.bias", Tensor.tensor(bias));
    assertArrayEquals(bias, classifier.network().logits(p, features).toFloatArray(), 0);
    Parameters zero = p.with("head.weight", Tensor.zeros(10, 5));
    assertArrayEquals(
        new long[] {4, 4},
        new Classifier(classifier.network(), zero).apply(images(2)).classes().toLongArray());
  }

  @Test
  void accuracyIsTheShareOfEqualClasses() {
    Classifier.Output output = new Classifier.Output(Tensor.zeros(4, 2), Tensor.tensor(1, 2, 3, 4));
    assertEquals(0.75, output.accuracy(Tensor.tensor(1, 2, 3, 5)));
    assertThrows(IllegalArgumentException.class, () -> output.accuracy(Tensor.tensor(1, 2, 3)));
  }

  @Test
  void aClassifierComesBackFromItsFile() throws IOException {
    Path file = folder.resolve("c.safetensors");
    String hash = small().write(file);
    assertEquals(
        hash + "  c.safetensors\n", Files.readString(folder.resolve("c.safetensors.sha256")));
    Classifier back = Classifier.read(file);
    assertEquals(small().network(), back.network());
    assertArrayEquals(
        small().parameters().get("conv2.weight").toFloatArray(),
        back.parameters().get("conv2.weight").toFloatArray());
    assertEquals(hash, Classifier.hash(Files.readAllBytes(file)));
    assertEquals(back.network(), Classifier.verified(Files.readAllBytes(file), hash).network());
  }

  @Test
  void aChangedFileIsRefused() throws IOException {
    Path file = folder.resolve("c.safetensors");
    String hash = small().write(file);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    String message =
        assertThrows(IOException.class, () -> Classifier.verified(bytes, hash)).getMessage();
    assertTrue(message.contains("expected SHA-256 " + hash + ", got "), message);
  }

  @Test
  void anotherModelsFileIsRefused() throws IOException {
    Path file = folder.resolve("other.safetensors");
    Safetensors.write(file, Parameters.of("x", Tensor.ones(2)), Map.of());
    String message = assertThrows(IOException.class, () -> Classifier.read(file)).getMessage();
    assertTrue(message.contains("is it a classifier?"), message);
  }

  @Test
  void otherImagesAreRefused() {
    String message =
        assertThrows(TensorException.class, () -> small().apply(Tensor.zeros(2, 1, 28, 28)))
            .getMessage();
    assertTrue(message.contains("[2, 1, 28, 28]") && message.contains("HALF"), message);
  }

  @Test
  void trainingIsAFunctionOfItsConfiguration() throws IOException {
    DataSet data = Mnist.read(Mnist.Part.TEST, Mnist.Size.HALF).first(64);
    ClassifierConfiguration how =
        new ClassifierConfiguration(2, 64, 64, 20, 3, 1e-2, 0.05, 0.5, 1, 0.1, 7);
    double[] losses = new double[20];
    Classifier one =
        ClassifierTraining.train(how, data, Device.cpu(1), (step, loss) -> losses[step] = loss);
    Classifier other = ClassifierTraining.train(how, data, Device.cpu(2), (step, loss) -> {});
    for (String name : one.parameters().names()) {
      assertArrayEquals(
          one.parameters().get(name).toFloatArray(), other.parameters().get(name).toFloatArray());
    }
    // ln 10 at the start, when nothing is known.
    assertEquals(Math.log(10), losses[0], 0.3);
    assertTrue(losses[19] < 0.7 * losses[0], () -> java.util.Arrays.toString(losses));
  }

  @Test
  void shiftsMoveTheDigitAndBringInBackground() {
    float[] image = new float[256];
    java.util.Arrays.fill(image, -1);
    image[8 * 16 + 5] = 1;
    float[] batch = new float[64 * 256];
    for (int i = 0; i < 64; i++) {
      System.arraycopy(image, 0, batch, i * 256, 256);
    }
    float[] moved =
        ClassifierTraining.shifted(Tensor.of(batch, 64, 1, 16, 16), 1, RandomKey.of(5))
            .toFloatArray();
    java.util.Set<Integer> places = new java.util.TreeSet<>();
    for (int i = 0; i < 64; i++) {
      int ink = 0;
      for (int k = 0; k < 256; k++) {
        if (moved[i * 256 + k] != -1) {
          places.add(k - (8 * 16 + 5));
          ink++;
        }
      }
      assertEquals(1, ink);
    }
    assertEquals(java.util.Set.of(-17, -16, -15, -1, 0, 1, 15, 16, 17), places);
  }

  @Test
  void aConfigurationNamesWhatIsWrong() throws IOException {
    ClassifierConfiguration shipped = ClassifierConfiguration.shipped();
    assertTrue(shipped.features() >= 64 && shipped.features() <= 128);
    Path file = folder.resolve("c.json");
    String good =
        """
        {"width": 16, "features": 64, "batchSize": 128, "steps": 10, "warmupSteps": 2,
         "learningRate": 1e-3, "weightDecay": 0, "averageDecay": 0.9, "shift": 1, "dropout": 0,
         "seed": 1}
        """;
    Files.writeString(file, good);
    assertEquals(10, ClassifierConfiguration.read(file).steps());
    contains(wrong(file, good.replace("width", "widht")), "unknown keys [widht]");
    contains(wrong(file, good.replace("\"seed\": 1", "\"sede\": 1")), "missing keys [seed]");
    contains(wrong(file, good.replace("128", "\"many\"")), "batchSize", "many");
    contains(wrong(file, good.replace("10,", "10.5,")), "steps", "10.5");
    contains(wrong(file, good.replace("64", "null")), "features", "null");
    contains(wrong(file, good.replace("64", "32")), "from 64 to 128, got 32");
    contains(wrong(file, good + "1"), file.toString());
  }

  private static void contains(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  private static String wrong(Path file, String json) throws IOException {
    Files.writeString(file, json);
    return assertThrows(IllegalArgumentException.class, () -> ClassifierConfiguration.read(file))
        .getMessage();
  }
}
