package org.fluxion.meanflow.sample;

import java.util.Arrays;
import java.util.function.IntFunction;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/** A sampler whose network is compiled and in memory. It belongs to one thread. */
public final class OpenSampler implements AutoCloseable {
  private final Sampler sampler;
  private final Noise noise;
  private VelocityField plain;
  private VelocityField guided;

  OpenSampler(Sampler sampler) {
    this.sampler = sampler;
    this.noise = new Noise(sampler.device());
  }

  /**
   * Draws one image for each label.
   *
   * @param labels integers [n] from 0 to {@code classes}, which means "no class"
   * @param key the key of all noise
   * @return float32 [n, channels, size, size]
   * @throws TensorException if the labels are no such integers
   */
  public Tensor sample(Tensor labels, RandomKey key) {
    int count = count(labels);
    Tensor start = noise(key, 0, count);
    double[] images = sample(start, labels, i -> noise(key, i + 1, count)).toDoubleArray();
    float[] rounded = new float[images.length];
    for (int i = 0; i < images.length; i++) {
      rounded[i] = (float) images[i];
    }
    return Tensor.of(rounded, start.shape().extents());
  }

  /**
   * The noise of {@link #sample(Tensor, RandomKey)}, for who draws its images in parts.
   *
   * @param key the key of all noise
   * @param number 0 for where to start, further ones for what is drawn on the way
   * @param count how many images
   * @return float64 [count, channels, size, size]
   */
  public Tensor noise(RandomKey key, int number, int count) {
    return noise.normal(key.fold(number), sampler.transformer().images(count));
  }

  /**
   * Draws one image for each label from given noise.
   *
   * @param noise where to start, float64 [n, channels, size, size]
   * @param labels integers [n] from 0 to {@code classes}, which means "no class"
   * @param fresh the noise that the sampler draws on its way, by number, like the first
   * @return float64 [n, channels, size, size]
   * @throws TensorException if the noise is of another shape or dtype, or the labels are no such
   *     integers
   */
  public Tensor sample(Tensor noise, Tensor labels, IntFunction<Tensor> fresh) {
    int count = count(labels);
    Shape shape = sampler.transformer().images(count);
    if (!noise.shape().equals(shape) || noise.dtype() != DType.FLOAT64) {
      throw new TensorException(
          "sample: expected noise float64 %s, got %s %s"
              .formatted(shape, noise.dtype(), noise.shape()));
    }
    double[] start = noise.toDoubleArray();
    long[] classes = labels.toLongArray();
    int elements = count == 0 ? 0 : start.length / count;
    double[] result = new double[start.length];
    for (int first = 0; first < count; first += sampler.batch()) {
      int size = Math.min(sampler.batch(), count - first);
      int from = first * elements;
      int to = from + size * elements;
      double[] batch =
          batch(
              Arrays.copyOfRange(start, from, to),
              Arrays.copyOfRange(classes, first, first + size),
              number -> Arrays.copyOfRange(fresh.apply(number).toDoubleArray(), from, to));
      System.arraycopy(batch, 0, result, from, batch.length);
    }
    return Tensor.of(result, shape.extents());
  }

  private int count(Tensor labels) {
    if (labels.shape().rank() != 1 || !labels.dtype().isInteger()) {
      throw new TensorException(
          "sample: expected integer labels [n], got %s %s"
              .formatted(labels.dtype(), labels.shape()));
    }
    int classes = sampler.transformer().classes();
    long[] values = labels.toLongArray();
    for (int i = 0; i < values.length; i++) {
      if (values[i] < 0 || values[i] > classes) {
        throw new TensorException(
            "sample: expected labels from 0 to %d, or %d for no class, got %d at index %d"
                .formatted(classes - 1, classes, values[i], i));
      }
    }
    return values.length;
  }

  private double[] batch(double[] noise, long[] labels, IntFunction<double[]> fresh) {
    return sampler
        .scheme()
        .run(
            noise,
            sampler.times(),
            sampler.path(),
            new Scheme.Velocities() {
              @Override
              public double[] at(double[] x, double t, double r) {
                return field(t).at(x, t, r, labels);
              }

              @Override
              public double[] noise(int number) {
                return fresh.apply(number);
              }
            });
  }

  private VelocityField field(double t) {
    if (sampler.guidance() != 1 && t >= sampler.low() && t <= sampler.high()) {
      if (guided == null) {
        guided = new VelocityField(sampler, true);
      }
      return guided;
    }
    if (plain == null) {
      plain = new VelocityField(sampler, false);
    }
    return plain;
  }

  @Override
  public void close() {
    noise.close();
    if (plain != null) {
      plain.close();
    }
    if (guided != null) {
      guided.close();
    }
  }
}
