package org.fluxion.meanflow.metrics;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * Finds the nearest of many images: a generator that has learned its training images by heart draws
 * samples that are much nearer to them than new real images are. A compiled program of a fixed
 * batch searches by matrix products; the distance to what it finds is then taken exactly. Belongs
 * to one thread; closing it frees its memory.
 */
public final class NearestNeighbour implements AutoCloseable {
  /** Images in each product, so that its result stays small. */
  private static final int CHUNK = 6000;

  /**
   * One image's nearest neighbour.
   *
   * @param index which of the images searched
   * @param distance the root mean square of the pixels' differences: 0 for an equal image, 2 for
   *     black against white
   */
  public record Neighbour(int index, double distance) {}

  /** The best of every chunk: its score and its place there, [batch, chunks] each. */
  private record Best(Tensor scores, Tensor places) implements Tree<Best> {
    @Override
    public List<Tensor> leaves() {
      return List.of(scores, places);
    }

    @Override
    public Best withLeaves(List<Tensor> leaves) {
      return new Best(leaves.get(0), leaves.get(1));
    }
  }

  private final int pixels;
  private final int chunk;
  private final float[] images;
  private final FixedBatch batch;
  private final Run<Tensor, Tensor, Best> run;

  private NearestNeighbour(
      int pixels, int chunk, float[] images, FixedBatch batch, Run<Tensor, Tensor, Best> run) {
    this.pixels = pixels;
    this.chunk = chunk;
    this.images = images;
    this.batch = batch;
    this.run = run;
  }

  /**
   * Compiles a search.
   *
   * @param images those to search, float32 [n, ...] with n at least 1
   * @param batchSize how many images are looked up in one step
   * @param device where
   * @return the search, which the caller closes
   */
  public static NearestNeighbour among(Tensor images, int batchSize, Device device) {
    int count = images.shape().rank() == 0 ? 0 : images.shape().extent(0);
    if (count == 0 || images.shape().elements() == 0) {
      throw new IllegalArgumentException(
          "nearest neighbour: expected images [n, ...] to search, got " + images.shape());
    }
    int pixels = Math.toIntExact(images.shape().elements() / count);
    int chunk = Math.min(CHUNK, count);
    FixedBatch batch = new FixedBatch("nearest neighbour", images.shape().with(0, batchSize));
    Tensor table = images.detach().reshape(count, pixels).detach();
    Run<Tensor, Tensor, Best> run =
        Program.compile(
                (Tensor all, Tensor samples) ->
                    new Step<>(all, search(all, samples.reshape(batchSize, pixels), chunk)),
                table,
                batch.example(),
                device)
            .start(table);
    return new NearestNeighbour(pixels, chunk, table.toFloatArray(), batch, run);
  }

  /**
   * ‖s − x‖² = ‖s‖² − 2·(s·x − ‖x‖²/2): the nearest image has the largest s·x − ‖x‖²/2. The last
   * chunk ends with the images and may overlap the one before.
   */
  private static Best search(Tensor all, Tensor samples, int chunk) {
    int count = all.shape().extent(0);
    List<Tensor> scores = new ArrayList<>();
    List<Tensor> places = new ArrayList<>();
    for (int from = 0; from < count; from += chunk) {
      int start = Math.min(from, count - chunk);
      Tensor part = all.slice(0, start, start + chunk);
      Tensor half = part.square().sum(1).mul(0.5);
      Tensor score = samples.matmul(part.transpose()).sub(half);
      scores.add(score.max(1));
      places.add(score.argMax(1));
    }
    return new Best(
        Tensor.stack(1, scores.toArray(Tensor[]::new)),
        Tensor.stack(1, places.toArray(Tensor[]::new)));
  }

  /**
   * Finds the nearest image of each sample.
   *
   * @param samples float32 [m, ...] of the images' shape but for their number
   * @return m neighbours, in the samples' order
   */
  public List<Neighbour> of(Tensor samples) {
    List<Neighbour> neighbours = new ArrayList<>();
    float[] elements = batch.check(samples).toFloatArray();
    int count = images.length / pixels;
    batch.over(
        samples,
        (part, valid) -> {
          Best best = run.step(part);
          float[] scores = best.scores().toFloatArray();
          long[] places = best.places().toLongArray();
          int chunks = best.scores().shape().extent(1);
          for (int i = 0; i < valid; i++) {
            int at = i * chunks;
            for (int c = 1; c < chunks; c++) {
              if (scores[i * chunks + c] > scores[at]) {
                at = i * chunks + c;
              }
            }
            int start = Math.min(at % chunks * chunk, count - chunk);
            int index = start + (int) places[at];
            int sample = neighbours.size();
            neighbours.add(new Neighbour(index, distance(elements, sample, index)));
          }
        });
    return List.copyOf(neighbours);
  }

  private double distance(float[] samples, int sample, int image) {
    double sum = 0;
    for (int i = 0; i < pixels; i++) {
      double difference = (double) samples[sample * pixels + i] - images[image * pixels + i];
      sum += difference * difference;
    }
    return Math.sqrt(sum / pixels);
  }

  /**
   * The mean distance to the nearest image.
   *
   * @param samples float32 [m, ...] with m at least 1
   * @return the mean over the samples of the root mean square of the pixels' differences
   */
  public double meanDistance(Tensor samples) {
    return of(samples).stream().mapToDouble(Neighbour::distance).average().orElseThrow();
  }

  @Override
  public void close() {
    run.close();
  }
}
