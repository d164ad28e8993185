package org.fluxion.nn.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * The MNIST database of handwritten digits (LeCun, Cortes and Burges; CC BY-SA 3.0), which comes
 * with the library. Images are float32 from −1 (background) to 1 (ink), labels int32 from 0 to 9.
 */
public final class Mnist {
  private static final int EXTENT = 28;
  private static final int CLASSES = 10;

  /** Half of the largest byte: grey level g becomes g / 127.5 − 1. */
  private static final double HALF = 127.5;

  /** Which images. */
  public enum Part {
    /** The 60,000 to train on. */
    TRAIN("train"),
    /** The 10,000 to test on. */
    TEST("t10k");

    private final String prefix;

    Part(String prefix) {
      this.prefix = prefix;
    }
  }

  /** How large the images are made. */
  public enum Size {
    /** 28 × 28, as they are. */
    FULL(EXTENT),
    /** 16 × 16: two rows of background on every side, then the mean of every 2 × 2 pixels. */
    HALF(16);

    private final int extent;

    Size(int extent) {
      this.extent = extent;
    }

    /**
     * Rows and columns of an image.
     *
     * @return 28 or 16
     */
    public int extent() {
      return extent;
    }
  }

  private Mnist() {}

  /**
   * The images that come with the library.
   *
   * @param part which
   * @param size how large
   * @return inputs [n, 1, size, size] and labels [n]
   * @throws IOException if the library's resources are damaged
   */
  public static DataSet read(Part part, Size size) throws IOException {
    return dataSet(resource(part, "images-idx3"), resource(part, "labels-idx1"), part, size);
  }

  /**
   * Images from a folder with the database's own files, gzip or not.
   *
   * @param part which
   * @param size how large
   * @param folder where {@code train-images-idx3-ubyte.gz} and its like are
   * @return inputs [n, 1, size, size] and labels [n]
   * @throws IOException if a file is missing or damaged
   */
  public static DataSet read(Part part, Size size, Path folder) throws IOException {
    return dataSet(
        file(folder, part, "images-idx3"), file(folder, part, "labels-idx1"), part, size);
  }

  private static String name(Part part, String kind) {
    return "%s-%s-ubyte".formatted(part.prefix, kind);
  }

  private static Idx resource(Part part, String kind) throws IOException {
    String name = "mnist/" + name(part, kind) + ".gz";
    try (InputStream stream = Mnist.class.getResourceAsStream(name)) {
      if (stream == null) {
        throw new FileNotFoundException(
            "the library lacks its resource %s; read MNIST from a folder".formatted(name));
      }
      return Idx.read(stream, name);
    }
  }

  private static Idx file(Path folder, Part part, String kind) throws IOException {
    Path zipped = folder.resolve(name(part, kind) + ".gz");
    Path plain = folder.resolve(name(part, kind));
    if (Files.exists(zipped)) {
      return Idx.read(zipped);
    }
    if (Files.exists(plain)) {
      return Idx.read(plain);
    }
    throw new NoSuchFileException(zipped.toString(), null, "nor is it there without .gz");
  }

  private static DataSet dataSet(Idx images, Idx labels, Part part, Size size) throws IOException {
    Shape shape = images.shape();
    if (shape.rank() != 3 || shape.extent(1) != EXTENT || shape.extent(2) != EXTENT) {
      throw new IOException("MNIST %s: expected images [n, 28, 28], got %s".formatted(part, shape));
    }
    int count = shape.extent(0);
    if (!labels.shape().equals(Shape.of(count))) {
      throw new IOException(
          "MNIST %s: expected labels [%d] for as many images, got %s"
              .formatted(part, count, labels.shape()));
    }
    HostData classes = HostData.allocate(DType.INT32, count);
    for (int i = 0; i < count; i++) {
      if (labels.at(i) >= CLASSES) {
        throw new IOException(
            "MNIST %s: label %d is %d, expected 0 to 9".formatted(part, i, labels.at(i)));
      }
      classes.setLong(i, labels.at(i));
    }
    HostData pixels = size == Size.FULL ? full(images) : halved(images, count);
    return new DataSet(
        Tensor.of(pixels, Shape.of(count, 1, size.extent(), size.extent())),
        Tensor.of(classes, Shape.of(count)));
  }

  private static HostData full(Idx images) {
    int pixels = (int) images.shape().elements();
    HostData result = HostData.allocate(DType.FLOAT32, pixels);
    for (int i = 0; i < pixels; i++) {
      result.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (images.at(i) / HALF - 1));
    }
    return result;
  }

  private static HostData halved(Idx images, int count) {
    int extent = Size.HALF.extent();
    HostData result = HostData.allocate(DType.FLOAT32, (long) count * extent * extent);
    long at = 0;
    for (int image = 0; image < count; image++) {
      for (int row = 0; row < extent; row++) {
        for (int column = 0; column < extent; column++) {
          double mean = (double) blockSum(images, image, row, column) / 4;
          result.segment().setAtIndex(ValueLayout.JAVA_FLOAT, at++, (float) (mean / HALF - 1));
        }
      }
    }
    return result;
  }

  /** The four pixels under one of the small image; the border of two is background, 0. */
  private static int blockSum(Idx images, int image, int row, int column) {
    if (row == 0
        || column == 0
        || row == Size.HALF.extent() - 1
        || column == Size.HALF.extent() - 1) {
      return 0;
    }
    int corner = (image * EXTENT + 2 * row - 2) * EXTENT + 2 * column - 2;
    return images.at(corner)
        + images.at(corner + 1)
        + images.at(corner + EXTENT)
        + images.at(corner + EXTENT + 1);
  }
}
