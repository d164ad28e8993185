package org.fluxion.meanflow.report;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes greyscale images of 8 bits a pixel in the PNG format (ISO/IEC 15948). It is a page of
 * code, and spares small machines the whole of {@code java.desktop}.
 */
final class Png {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  private static final byte BITS = 8;
  private static final byte GREYSCALE = 0;

  /** The row filter "up": what is enlarged by whole pixels repeats the row above, and vanishes. */
  private static final byte UP = 2;

  private Png() {}

  /**
   * Encodes an image.
   *
   * @param pixels row by row, 0 black to 255 white
   * @param width pixels in a row
   * @return the file's content
   */
  static byte[] encode(byte[] pixels, int width) {
    int height = pixels.length / width;
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(SIGNATURE);
    // After the colour type: the only compression, the only filter method, no interlacing.
    chunk(
        file,
        "IHDR",
        ByteBuffer.allocate(13).putInt(width).putInt(height).put(BITS).put(GREYSCALE).array());
    chunk(file, "IDAT", deflate(filtered(pixels, width, height)));
    chunk(file, "IEND", new byte[0]);
    return file.toByteArray();
  }

  private static byte[] filtered(byte[] pixels, int width, int height) {
    byte[] rows = new byte[height * (width + 1)];
    for (int row = 0; row < height; row++) {
      int to = row * (width + 1);
      rows[to++] = UP;
      for (int at = row * width; at < (row + 1) * width; at++) {
        rows[to++] = (byte) (pixels[at] - (row == 0 ? 0 : pixels[at - width]));
      }
    }
    return rows;
  }

  private static byte[] deflate(byte[] content) {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION)) {
      deflater.setInput(content);
      deflater.finish();
      byte[] buffer = new byte[1 << 16];
      while (!deflater.finished()) {
        compressed.write(buffer, 0, deflater.deflate(buffer));
      }
    }
    return compressed.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream file, String type, byte[] content) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 check = new CRC32();
    check.update(name);
    check.update(content);
    file.writeBytes(ByteBuffer.allocate(4).putInt(content.length).array());
    file.writeBytes(name);
    file.writeBytes(content);
    file.writeBytes(ByteBuffer.allocate(4).putInt((int) check.getValue()).array());
  }
}
