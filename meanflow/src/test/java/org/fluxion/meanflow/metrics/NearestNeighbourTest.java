package org.fluxion.meanflow.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;

/** The search by products against the search by differences. */
class NearestNeighbourTest {
  private static float[] pixels(Random random, int count) {
    float[] pixels = new float[count];
    for (int i = 0; i < count; i++) {
      pixels[i] = 2 * random.nextFloat() - 1;
    }
    return pixels;
  }

  private static double distance(float[] a, int i, float[] b, int j, int pixels) {
    double sum = 0;
    for (int k = 0; k < pixels; k++) {
      sum += Math.pow((double) a[i * pixels + k] - b[j * pixels + k], 2);
    }
    return Math.sqrt(sum / pixels);
  }

  @Property(tries = 20, seed = "4376")
  void theSearchFindsTheNearest(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 300) int count,
      @ForAll @IntRange(min = 1, max = 9) int samples,
      @ForAll @IntRange(min = 1, max = 5) int batch) {
    Random random = new Random(seed);
    float[] images = pixels(random, count * 12);
    float[] asked = pixels(random, samples * 12);
    try (NearestNeighbour search =
        NearestNeighbour.among(Tensor.of(images, count, 1, 3, 4), batch, Device.cpu(1))) {
      List<NearestNeighbour.Neighbour> found = search.of(Tensor.of(asked, samples, 1, 3, 4));
      assertEquals(samples, found.size());
      double total = 0;
      for (int i = 0; i < samples; i++) {
        double least = Double.POSITIVE_INFINITY;
        for (int j = 0; j < count; j++) {
          least = Math.min(least, distance(asked, i, images, j, 12));
        }
        // Scores of 12 float32 products, at most 12 large, choose between near equals.
        assertEquals(least, found.get(i).distance(), 1e-5);
        assertEquals(
            found.get(i).distance(), distance(asked, i, images, found.get(i).index(), 12), 1e-15);
        total += found.get(i).distance();
      }
      double mean = search.meanDistance(Tensor.of(asked, samples, 1, 3, 4));
      assertEquals(total / samples, mean, 1e-15 * samples);
    }
  }

  @Test
  void moreImagesThanAChunkAreAllSearched() {
    // 13,001 images make three chunks, of which the last overlaps the second.
    int count = 13_001;
    float[] images = pixels(new Random(1), count * 8);
    int[] asked = {0, 5999, 6000, 7000, 7001, 11_999, 12_000, 13_000};
    float[] samples = new float[asked.length * 8];
    for (int i = 0; i < asked.length; i++) {
      System.arraycopy(images, asked[i] * 8, samples, i * 8, 8);
    }
    try (NearestNeighbour search =
        NearestNeighbour.among(Tensor.of(images, count, 8), 3, Device.cpu())) {
      List<NearestNeighbour.Neighbour> found = search.of(Tensor.of(samples, asked.length, 8));
      for (int i = 0; i < asked.length; i++) {
        assertEquals(new NearestNeighbour.Neighbour(asked[i], 0), found.get(i));
      }
    }
  }

  @Test
  void theDistanceIsTheRootMeanSquare() {
    try (NearestNeighbour search =
        NearestNeighbour.among(Tensor.of(new float[] {-1, -1, -1, -1}, 1, 4), 1, Device.cpu(1))) {
      assertEquals(2, search.meanDistance(Tensor.ones(1, 4)));
      assertEquals(1, search.meanDistance(Tensor.of(new float[] {1, -1, -1, -1}, 1, 4)));
    }
  }

  @Test
  void whatDoesNotFitIsNamed() {
    assertThrows(
        IllegalArgumentException.class,
        () -> NearestNeighbour.among(Tensor.zeros(0, 4), 1, Device.cpu(1)));
    try (NearestNeighbour search = NearestNeighbour.among(Tensor.ones(2, 4), 1, Device.cpu(1))) {
      String message =
          assertThrows(TensorException.class, () -> search.of(Tensor.ones(2, 5))).getMessage();
      assertTrue(message.contains("[n, 4]") && message.contains("[2, 5]"), message);
      assertThrows(TensorException.class, () -> search.of(Tensor.zeros(0, 4)));
    }
  }
}
