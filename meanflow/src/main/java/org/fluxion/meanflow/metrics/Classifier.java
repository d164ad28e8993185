package org.fluxion.meanflow.metrics;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.io.Load;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.nn.io.WholeFile;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * A trained network that names the class of a digit and gives the features that the Fréchet
 * distance is taken over. One comes with the library; {@code meanflow/docs/classifier.md} tells how
 * it was made.
 *
 * @param network the configuration
 * @param parameters the network's
 */
public record Classifier(DigitNetwork network, Parameters parameters) {
  private static final String NAME = "digits-classifier.safetensors";
  private static final String WIDTH = "width";
  private static final String FEATURES = "features";
  private static final String CLASSES = "classes";

  /**
   * The classifier that comes with the library.
   *
   * @return the classifier
   * @throws IOException if the file's SHA-256 is not the one that was recorded when it was made, or
   *     the library's resources lack it
   */
  public static Classifier shipped() throws IOException {
    return verified(resource(NAME), sha256());
  }

  /**
   * The recorded SHA-256 of the classifier that comes with the library.
   *
   * @return 64 hexadecimal digits
   * @throws IOException if the library's resources lack it
   */
  public static String sha256() throws IOException {
    // The line is as sha256sum writes and checks it: digits, two spaces, name.
    return new String(resource(NAME + ".sha256"), StandardCharsets.US_ASCII).split(" ", 2)[0];
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream = Classifier.class.getResourceAsStream(name)) {
      if (stream == null) {
        throw new FileNotFoundException(
            "the library lacks its resource %s; build it anew".formatted(name));
      }
      return stream.readAllBytes();
    }
  }

  /** Reads a file's bytes if their hash is the expected one. */
  static Classifier verified(byte[] bytes, String expected) throws IOException {
    String hash = hash(bytes);
    if (!hash.equals(expected)) {
      throw new IOException(
          "%s: expected SHA-256 %s, got %s: it is not the classifier that the figures refer to; restore the file"
              .formatted(NAME, expected, hash));
    }
    // A mapped file is how checkpoints are read, and a resource may lie inside a jar.
    Path file = Files.createTempFile("digits-classifier", ".safetensors");
    try {
      Files.write(file, bytes);
      return read(file);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  static String hash(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException("every Java platform has SHA-256", missing);
    }
  }

  /**
   * Reads a classifier from a file.
   *
   * @param file what {@link #write} wrote
   * @return the classifier
   * @throws IOException if the file is damaged or holds something else
   */
  public static Classifier read(Path file) throws IOException {
    try (Safetensors stored = Safetensors.open(file)) {
      DigitNetwork network =
          new DigitNetwork(
              number(stored, WIDTH), number(stored, FEATURES), number(stored, CLASSES));
      return new Classifier(network, network.load(stored, Load.strict()));
    }
  }

  private static int number(Safetensors file, String key) throws IOException {
    String text = file.metadata().get(key);
    if (text == null || !text.matches("[1-9][0-9]{0,4}")) {
      throw new IOException(
          "%s: expected the number %s in the metadata, got %s; is it a classifier?"
              .formatted(file.file(), key, text));
    }
    return Integer.parseInt(text);
  }

  /**
   * Writes the classifier as safetensors, its configuration in the metadata, and beside it its
   * SHA-256 in a file with {@code .sha256} after the name, as {@code sha256sum} checks it.
   *
   * @param file where
   * @return the hash, 64 hexadecimal digits
   * @throws IOException if it cannot be written
   */
  public String write(Path file) throws IOException {
    Safetensors.write(
        file,
        parameters,
        new TreeMap<>(
            Map.of(
                WIDTH, Integer.toString(network.width()),
                FEATURES, Integer.toString(network.features()),
                CLASSES, Integer.toString(network.classes()))));
    String hash = hash(Files.readAllBytes(file));
    String name = file.getFileName().toString();
    WholeFile.write(
        file.resolveSibling(name + ".sha256"),
        (hash + "  " + name + "\n").getBytes(StandardCharsets.UTF_8));
    return hash;
  }

  /**
   * Features and classes of some images.
   *
   * @param features floats [n, features]
   * @param classes the class of the highest logit, int32 [n]
   */
  public record Output(Tensor features, Tensor classes) implements Tree<Output> {
    @Override
    public List<Tensor> leaves() {
      return List.of(features, classes);
    }

    @Override
    public Output withLeaves(List<Tensor> leaves) {
      return new Output(leaves.get(0), leaves.get(1));
    }

    /**
     * The share of images that have the asked class.
     *
     * @param labels integers [n]
     * @return from 0 to 1
     * @throws IllegalArgumentException if there are not as many labels as images
     */
    public double accuracy(Tensor labels) {
      long[] found = classes.toLongArray();
      if (!labels.dtype().isInteger() || !labels.shape().equals(classes.shape())) {
        throw new IllegalArgumentException(
            "accuracy: expected integer labels %s, one for each image, got %s %s"
                .formatted(classes.shape(), labels.dtype(), labels.shape()));
      }
      long[] asked = labels.toLongArray();
      int right = 0;
      for (int i = 0; i < found.length; i++) {
        right += found[i] == asked[i] ? 1 : 0;
      }
      return (double) right / found.length;
    }
  }

  /**
   * The classifier's outputs as a function of images, not computed yet.
   *
   * @param images float32 [n, 1, 16, 16] from −1 (background) to 1 (ink)
   * @return features and classes
   */
  public Output apply(Tensor images) {
    return output(parameters, images);
  }

  private Output output(Parameters p, Tensor images) {
    Tensor features = network.features(p, images);
    return new Output(features, network.logits(p, features).argMax(-1));
  }

  /**
   * Compiles the classifier.
   *
   * @param batchSize images in each step
   * @param device where
   * @return the compiled classifier, which the caller closes
   */
  public Compiled compile(int batchSize, Device device) {
    FixedBatch batch =
        new FixedBatch(
            "classifier", Shape.of(batchSize, 1, DigitNetwork.EXTENT, DigitNetwork.EXTENT));
    return new Compiled(
        batch,
        Program.compile(
                (Parameters p, Tensor images) -> new Step<>(p, output(p, images)),
                parameters,
                batch.example(),
                device)
            .start(parameters));
  }

  /** A classifier that is ready to run; belongs to one thread. */
  public static final class Compiled implements AutoCloseable {
    private final FixedBatch batch;
    private final Run<Parameters, Tensor, Output> run;

    private Compiled(FixedBatch batch, Run<Parameters, Tensor, Output> run) {
      this.batch = batch;
      this.run = run;
    }

    /** Returns the images if the program can take them. */
    Tensor check(Tensor images) {
      return batch.check(images);
    }

    /**
     * Classifies any number of images, batch by batch.
     *
     * @param images float32 [n, 1, 16, 16] from −1 (background) to 1 (ink), n at least 1
     * @return features and classes
     */
    public Output apply(Tensor images) {
      List<Tensor> features = new ArrayList<>();
      List<Tensor> classes = new ArrayList<>();
      batch.over(
          images,
          (part, valid) -> {
            Output output = run.step(part);
            features.add(output.features().slice(0, 0, valid));
            classes.add(output.classes().slice(0, 0, valid));
          });
      return new Output(
          Tensor.concat(0, features.toArray(Tensor[]::new)).detach(),
          Tensor.concat(0, classes.toArray(Tensor[]::new)).detach());
    }

    @Override
    public void close() {
      run.close();
    }
  }
}
