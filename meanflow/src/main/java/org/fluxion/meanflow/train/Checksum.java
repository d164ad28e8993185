package org.fluxion.meanflow.train;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Tensor;

/**
 * A CRC32C over all that a safetensors file holds, kept in its metadata, since the format itself
 * has none. It does not depend on the order in which names stand in the file.
 */
final class Checksum {
  /** The metadata's key. What the checksum is taken over gets another key when it changes. */
  static final String KEY = "checksum";

  /** The key of checksums that were taken over less, by earlier versions. */
  static final String EARLIER_KEY = "crc32c";

  /** How much of a tensor is looked at at once. */
  private static final int PIECE_BYTES = 1 << 16;

  private Checksum() {}

  /**
   * The checksum of a file.
   *
   * @param metadata its texts, of which that at {@link #KEY} is left out
   * @param tensors its tensors, in the dtypes in which they are stored
   * @return "crc32c:" and eight hexadecimal digits
   */
  static String of(Map<String, String> metadata, Parameters tensors) {
    Tensor.evaluate(tensors.leaves());
    CRC32C crc = new CRC32C();
    new TreeMap<>(metadata)
        .forEach(
            (key, text) -> {
              if (!key.equals(KEY)) {
                add(crc, key);
                add(crc, text);
              }
            });
    byte[] piece = new byte[PIECE_BYTES];
    new TreeMap<>(tensors.asMap())
        .forEach(
            (name, tensor) -> {
              add(crc, name);
              add(crc, tensor.dtype().name() + Arrays.toString(tensor.shape().extents()));
              MemorySegment bytes = tensor.value().segment();
              for (long from = 0; from < bytes.byteSize(); from += PIECE_BYTES) {
                int size = (int) Math.min(PIECE_BYTES, bytes.byteSize() - from);
                MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, from, piece, 0, size);
                crc.update(piece, 0, size);
              }
            });
    return "crc32c:%08x".formatted(crc.getValue());
  }

  /**
   * Whether a file has no checksum of today's kind, but one of an earlier version.
   *
   * @param metadata the file's texts
   * @return true if so
   */
  static boolean isEarlier(Map<String, String> metadata) {
    return metadata.containsKey(EARLIER_KEY) && !metadata.containsKey(KEY);
  }

  /** A text and its end, so that no two lists of texts are the same bytes. */
  private static void add(CRC32C crc, String text) {
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    crc.update(0);
  }
}
