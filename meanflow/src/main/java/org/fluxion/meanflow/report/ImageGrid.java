package org.fluxion.meanflow.report;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Arrays;
import org.fluxion.nn.io.WholeFile;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * Images in rows and columns as one greyscale PNG. Images fill the rows from left to right, so that
 * samples in the order of their classes, as many of each as there are columns, put one class in
 * each row.
 *
 * @param images float [n, 1, h, w], −1 black to 1 white; what is beyond is cut off
 * @param columns images in a row
 * @param scale pixels of the picture along an edge of one of the image's pixels
 * @param gap pixels of the picture between images
 */
public record ImageGrid(Tensor images, int columns, int scale, int gap) {
  /**
   * What the gaps are filled with: a grey that is told from a black image's edge, but only just.
   */
  private static final byte GAP_GREY = 40;

  private static final double WHITE = 255;

  private static final int SCALE = 3;
  private static final int GAP = 2;

  /** Pixels of a picture at most: as many as viewers open, and far fewer than an array can hold. */
  private static final int MOST_PIXELS = 100_000_000;

  /** Checks shape and numbers. */
  public ImageGrid {
    Shape shape = images.shape();
    if (shape.rank() != 4 || shape.extent(1) != 1 || shape.elements() == 0) {
      throw new TensorException(
          "image grid: expected greyscale images [n, 1, h, w] and at least one, got " + shape);
    }
    require("columns", columns, 1);
    require("scale", scale, 1);
    require("gap", gap, 0);
    int rows = Math.ceilDiv(shape.extent(0), columns);
    requireSize(
        extent(columns, shape.extent(3), scale, gap), extent(rows, shape.extent(2), scale, gap));
  }

  /**
   * Checks the size of a grid such as {@link #of} makes before its images are drawn.
   *
   * @param columns images in a row
   * @param rows rows of images
   * @param pixels along an edge of an image, which is a square
   * @param scale pixels of the picture along an edge of one of the image's pixels
   * @throws IllegalArgumentException if the picture would be too large
   */
  public static void requireSize(long columns, long rows, int pixels, int scale) {
    requireSize(extent(columns, pixels, scale, GAP), extent(rows, pixels, scale, GAP));
  }

  /** Images side by side with gaps between them, in pixels: exact, however large. */
  private static BigInteger extent(long images, int pixels, int scale, int gap) {
    BigInteger each = BigInteger.valueOf((long) pixels * scale).add(BigInteger.valueOf(gap));
    return each.multiply(BigInteger.valueOf(images)).subtract(BigInteger.valueOf(gap));
  }

  private static void requireSize(BigInteger width, BigInteger height) {
    if (width.multiply(height).compareTo(BigInteger.valueOf(MOST_PIXELS)) > 0) {
      throw new IllegalArgumentException(
          "expected a picture of at most %,d pixels, got %,d × %,d"
              .formatted(MOST_PIXELS, width, height));
    }
  }

  private static void require(String what, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "image grid: expected %s of at least %d, got %d".formatted(what, least, value));
    }
  }

  /**
   * A grid of images three times as large, two pixels apart.
   *
   * @param images float [n, 1, h, w]
   * @param columns images in a row
   * @return the grid
   */
  public static ImageGrid of(Tensor images, int columns) {
    return new ImageGrid(images, columns, SCALE, GAP);
  }

  /**
   * The same images at another size.
   *
   * @param pixels along an edge of one of the image's pixels
   * @return a grid
   */
  public ImageGrid withScale(int pixels) {
    return new ImageGrid(images, columns, pixels, gap);
  }

  /**
   * Images from top to bottom.
   *
   * @return the number of rows, of which the last may not be full
   */
  public int rows() {
    return Math.ceilDiv(images.shape().extent(0), columns);
  }

  /**
   * The picture's width.
   *
   * @return in pixels
   */
  public int width() {
    return columns * images.shape().extent(3) * scale + (columns - 1) * gap;
  }

  /**
   * The picture's height.
   *
   * @return in pixels
   */
  public int height() {
    return rows() * images.shape().extent(2) * scale + (rows() - 1) * gap;
  }

  /**
   * The picture as a PNG file's content.
   *
   * @return its bytes
   */
  public byte[] png() {
    return Png.encode(pixels(), width());
  }

  /**
   * Writes the picture under a temporary name, then renames it.
   *
   * @param file where to, replaced if it exists
   * @throws IOException if it cannot be written
   */
  public void write(Path file) throws IOException {
    WholeFile.write(file, png());
  }

  /** Row by row, 0 black to 255 white. */
  byte[] pixels() {
    int imageHeight = images.shape().extent(2);
    int imageWidth = images.shape().extent(3);
    float[] values = images.toFloatArray();
    byte[] pixels = new byte[width() * height()];
    Arrays.fill(pixels, GAP_GREY);
    for (int image = 0; image < images.shape().extent(0); image++) {
      int top = image / columns * (imageHeight * scale + gap);
      int left = image % columns * (imageWidth * scale + gap);
      for (int y = 0; y < imageHeight * scale; y++) {
        int row = (image * imageHeight + y / scale) * imageWidth;
        int to = (top + y) * width() + left;
        for (int x = 0; x < imageWidth * scale; x++) {
          pixels[to + x] = grey(values[row + x / scale]);
        }
      }
    }
    return pixels;
  }

  /** What is no number is drawn black. */
  private static byte grey(float value) {
    return (byte) Math.round(Math.clamp((value + 1) / 2 * WHITE, 0, WHITE));
  }
}
