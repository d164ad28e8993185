package org.fluxion.meanflow.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageGridTest {
  private static BufferedImage decoded(byte[] png) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(png));
  }

  @Property(tries = 50, seed = "9659")
  void anotherDecoderReadsTheSamePixels(
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 1, max = 40) int height,
      @ForAll long seed)
      throws IOException {
    byte[] pixels = new byte[width * height];
    new Random(seed).nextBytes(pixels);
    BufferedImage image = decoded(Png.encode(pixels, width));
    assertEquals(width, image.getWidth());
    assertEquals(height, image.getHeight());
    byte[] read = new byte[pixels.length];
    image.getRaster().getDataElements(0, 0, width, height, read);
    assertArrayEquals(pixels, read);
  }

  @Property(seed = "9771")
  void theSizeThatIsCheckedIsThePicturesOwn(
      @ForAll @IntRange(min = 1, max = 5000) int columns,
      @ForAll @IntRange(min = 1, max = 200) int rows,
      @ForAll @IntRange(min = 1, max = 28) int pixels,
      @ForAll @IntRange(min = 1, max = 60) int scale) {
    // Below 2⁵³ by far at the limit, and above it either way too large.
    double each = (double) pixels * scale + 2;
    boolean fits = (columns * each - 2) * (rows * each - 2) <= 1e8;
    assertEquals(fits, !throwsArgument(() -> ImageGrid.requireSize(columns, rows, pixels, scale)));
  }

  private static boolean throwsArgument(Runnable action) {
    try {
      action.run();
      return false;
    } catch (IllegalArgumentException large) {
      return true;
    }
  }

  @Property(tries = 50, seed = "9581")
  void everyPixelOfAnImageIsASquareOfThePicture(
      @ForAll @IntRange(min = 1, max = 7) int count,
      @ForAll @IntRange(min = 1, max = 4) int columns,
      @ForAll @IntRange(min = 1, max = 3) int scale,
      @ForAll @IntRange(min = 0, max = 2) int gap,
      @ForAll long seed) {
    int height = 3;
    int width = 2;
    Random random = new Random(seed);
    float[] values = new float[count * height * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(256) / 127.5f - 1;
    }
    ImageGrid grid = new ImageGrid(Tensor.of(values, count, 1, height, width), columns, scale, gap);
    byte[] pixels = grid.pixels();
    assertEquals(grid.width() * grid.height(), pixels.length);
    for (int i = 0; i < values.length; i++) {
      int image = i / (height * width);
      int y = i / width % height;
      int x = i % width;
      int top = image / columns * (height * scale + gap) + y * scale;
      int left = image % columns * (width * scale + gap) + x * scale;
      for (int square = 0; square < scale * scale; square++) {
        int at = (top + square / scale) * grid.width() + left + square % scale;
        assertEquals(Math.round((values[i] + 1) * 127.5), pixels[at] & 0xFF);
      }
    }
  }

  @Test
  void whatIsBeyondTheRangeIsCutOff() {
    Tensor images = Tensor.of(new float[] {-3, -1, 0, 1, 9, Float.NaN}, 1, 1, 1, 6);
    assertArrayEquals(
        new byte[] {0, 0, (byte) 128, (byte) 255, (byte) 255, 0},
        new ImageGrid(images, 1, 1, 0).pixels());
  }

  @Test
  void aShapeThatIsNoImageIsNamed() {
    assertEquals(
        "image grid: expected greyscale images [n, 1, h, w] and at least one, got [2, 3, 4, 4]",
        assertThrows(TensorException.class, () -> ImageGrid.of(Tensor.zeros(2, 3, 4, 4), 1))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> ImageGrid.of(Tensor.zeros(2, 1, 4, 4), 0));
  }

  @Test
  void theFileIsWrittenWholeOrNotAtAll(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("grid.png");
    ImageGrid grid = ImageGrid.of(Tensor.zeros(4, 1, 5, 5), 2);
    grid.write(file);
    grid.write(file);
    assertEquals(2 * 15 + 2, decoded(Files.readAllBytes(file)).getWidth());
    try (var files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
    assertThrows(NoSuchFileException.class, () -> grid.write(folder.resolve("absent/grid.png")));
    assertTrue(Files.notExists(folder.resolve("absent")));
  }
}
