package org.fluxion.nn.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.Shape;
import org.junit.jupiter.api.Test;

/** The IDX format, whole and damaged. */
class IdxTest {
  private static byte[] file(int... bytes) {
    byte[] result = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      result[i] = (byte) bytes[i];
    }
    return result;
  }

  private static final byte[] WHOLE =
      file(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 127, 128, 254, 255);

  private static byte[] zipped(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static Idx read(byte[] bytes) throws IOException {
    return Idx.read(new ByteArrayInputStream(bytes), "digits");
  }

  @Test
  void plainAndZippedReadAlike() throws IOException {
    for (byte[] bytes : new byte[][] {WHOLE, zipped(WHOLE)}) {
      Idx idx = read(bytes);
      assertEquals(Shape.of(2, 3), idx.shape());
      assertEquals(128, idx.at(3));
      assertEquals(255, idx.at(5));
    }
  }

  @Property(tries = 100, seed = "2551")
  void anyCutIsAnErrorThatNamesTheFile(
      @ForAll @IntRange(min = 0, max = 17) int kept, @ForAll @IntRange(min = 0, max = 99) int part)
      throws IOException {
    byte[] gzip = zipped(WHOLE);
    for (byte[] cut :
        new byte[][] {Arrays.copyOf(WHOLE, kept), Arrays.copyOf(gzip, gzip.length * part / 100)}) {
      var error = assertThrows(IOException.class, () -> read(cut));
      assertTrue(error.getMessage().startsWith("digits: "), error.getMessage());
    }
  }

  @Test
  void otherDamageIsNamed() throws IOException {
    assertMessage("begins with two zeros", file(1, 0, 8, 1, 0, 0, 0, 0));
    assertMessage("got 0x0d", file(0, 0, 0x0D, 1, 0, 0, 0, 0));
    assertMessage("negative or makes too many", file(0, 0, 8, 1, 255, 0, 0, 0));
    assertMessage(
        "negative or makes too many", file(0, 0, 8, 2, 127, 255, 255, 255, 127, 255, 255, 255));
    assertMessage("bytes after the 6 elements", Arrays.copyOf(WHOLE, WHOLE.length + 1));
    byte[] gzip = zipped(WHOLE);
    gzip[gzip.length - 5] ^= 1;
    assertMessage("damaged gzip", gzip);
  }

  private static void assertMessage(String expected, byte[] bytes) {
    var error = assertThrows(IOException.class, () -> read(bytes));
    assertTrue(error.getMessage().contains(expected), error.getMessage());
  }
}
