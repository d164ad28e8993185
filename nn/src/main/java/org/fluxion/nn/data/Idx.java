package org.fluxion.nn.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.fluxion.tensor.Shape;

/**
 * Unsigned bytes in the IDX format of the MNIST database: two zeros, a type, a rank, big-endian
 * extents, then the elements row-major. Gzip is undone where its mark is found. Immutable.
 */
public final class Idx {
  private static final int UNSIGNED_BYTE = 0x08;
  private static final int GZIP_1 = 0x1F;
  private static final int GZIP_2 = 0x8B;

  private final Shape shape;
  private final byte[] elements;

  private Idx(Shape shape, byte[] elements) {
    this.shape = shape;
    this.elements = elements;
  }

  /**
   * Reads a file.
   *
   * @param file the file, plain or gzip
   * @return its content
   * @throws IOException if it cannot be read or is not IDX of unsigned bytes
   */
  public static Idx read(Path file) throws IOException {
    try (InputStream stream = Files.newInputStream(file)) {
      return read(stream, file.toString());
    }
  }

  /**
   * Reads a stream to its end; the caller closes it.
   *
   * @param stream plain or gzip
   * @param name what errors call it
   * @return its content
   * @throws IOException if it cannot be read or is not IDX of unsigned bytes
   */
  public static Idx read(InputStream stream, String name) throws IOException {
    BufferedInputStream buffered = new BufferedInputStream(stream, 1 << 16);
    buffered.mark(2);
    boolean zipped = buffered.read() == GZIP_1 && buffered.read() == GZIP_2;
    buffered.reset();
    try {
      return parse(zipped ? new GZIPInputStream(buffered, 1 << 16) : buffered, name);
    } catch (ZipException damaged) {
      throw new IOException(name + ": damaged gzip: " + damaged.getMessage(), damaged);
    } catch (EOFException cut) {
      throw new IOException(name + ": the gzip data ends early; is the file whole?", cut);
    }
  }

  private static Idx parse(InputStream in, String name) throws IOException {
    byte[] magic = in.readNBytes(4);
    if (magic.length < 4 || magic[0] != 0 || magic[1] != 0) {
      throw new IOException(
          "%s: expected IDX, which begins with two zeros, a type and a rank, got %s"
              .formatted(name, java.util.HexFormat.ofDelimiter(" ").formatHex(magic)));
    }
    if (magic[2] != UNSIGNED_BYTE) {
      throw new IOException(
          "%s: expected elements of type 0x08 (unsigned bytes), got 0x%02x"
              .formatted(name, magic[2]));
    }
    int[] extents = new int[magic[3] & 0xFF];
    long count = 1;
    for (int axis = 0; axis < extents.length; axis++) {
      byte[] word = in.readNBytes(4);
      if (word.length < 4) {
        throw new IOException(
            "%s: ends inside its %d extents; is the file whole?".formatted(name, extents.length));
      }
      extents[axis] = java.nio.ByteBuffer.wrap(word).getInt();
      count = extents[axis] < 0 ? -1 : count * extents[axis];
      if (count < 0 || count > Integer.MAX_VALUE - 8) {
        throw new IOException(
            "%s: extent %d of axis %d is negative or makes too many elements"
                .formatted(name, extents[axis], axis));
      }
    }
    // Grows with what is there: a lying header reserves nothing.
    byte[] elements = in.readNBytes((int) count);
    Shape shape = Shape.of(extents);
    if (elements.length < count) {
      throw new IOException(
          "%s: %s needs %d elements, only %d are there; is the file whole?"
              .formatted(name, shape, count, elements.length));
    }
    if (in.read() >= 0) {
      throw new IOException(
          "%s: there are bytes after the %d elements of %s".formatted(name, count, shape));
    }
    return new Idx(shape, elements);
  }

  /**
   * The extents.
   *
   * @return the shape
   */
  public Shape shape() {
    return shape;
  }

  /**
   * One element.
   *
   * @param index its place, row-major, from 0
   * @return its value, 0 to 255
   */
  public int at(int index) {
    return elements[index] & 0xFF;
  }
}
