package org.fluxion.meanflow.sample;

import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.path.Path;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;

/**
 * A sampler with its settings; immutable, each setter gives another. Its state is float64, whatever
 * the network computes in.
 *
 * @param scheme how it gets from noise to data
 * @param transformer the network
 * @param parameters the network's parameters
 * @param path the path between data and noise
 * @param steps how many steps
 * @param guidance the strength of classifier-free guidance (Ho and Salimans, 2022), u(∅) + w·(u(y)
 *     − u(∅)); 1 for none, which costs half
 * @param low the first time at which there is guidance
 * @param high the last time at which there is guidance
 * @param shift s maps each time t to s·t / (1 + (s − 1)·t), so that more steps fall where there is
 *     much noise; 1 for none
 * @param batch how many images are computed at a time
 * @param device where the network runs
 */
public record Sampler(
    Scheme scheme,
    DiffusionTransformer transformer,
    Parameters parameters,
    Path path,
    int steps,
    double guidance,
    double low,
    double high,
    double shift,
    int batch,
    Device device) {
  private static final int DEFAULT_STEPS = 32;

  /** How many images are computed at a time, unless another number is asked for. */
  public static final int DEFAULT_BATCH = 250;

  /** Checks the settings. */
  public Sampler {
    if (steps < 1) {
      throw new IllegalArgumentException("sampler: expected at least 1 step, got " + steps);
    }
    if (batch < 1) {
      throw new IllegalArgumentException("sampler: expected a batch of at least 1, got " + batch);
    }
    if (!Double.isFinite(guidance)) {
      throw new IllegalArgumentException("sampler: expected finite guidance, got " + guidance);
    }
    if (!(0 <= low && low <= high && high <= 1)) {
      throw new IllegalArgumentException(
          "sampler: expected guidance between times 0 ≤ low ≤ high ≤ 1, got %s and %s"
              .formatted(low, high));
    }
    if (!(shift > 0 && Double.isFinite(shift))) {
      throw new IllegalArgumentException("sampler: expected a shift above 0, got " + shift);
    }
  }

  static Sampler of(Scheme scheme, DiffusionTransformer transformer, Parameters parameters) {
    return new Sampler(
        scheme,
        transformer,
        parameters,
        Path.LINEAR,
        DEFAULT_STEPS,
        1,
        0,
        1,
        1,
        DEFAULT_BATCH,
        Device.cpu());
  }

  /**
   * Another number of steps.
   *
   * @param count how many
   * @return the sampler
   */
  public Sampler steps(int count) {
    return new Sampler(
        scheme, transformer, parameters, path, count, guidance, low, high, shift, batch, device);
  }

  /**
   * Guidance at all times.
   *
   * @param strength 1 for none
   * @return the sampler
   */
  public Sampler guidance(double strength) {
    return guidance(strength, 0, 1);
  }

  /**
   * Guidance at some times (Kynkäänniemi et al., 2024).
   *
   * @param strength 1 for none
   * @param first the first time
   * @param last the last time
   * @return the sampler
   */
  public Sampler guidance(double strength, double first, double last) {
    return new Sampler(
        scheme, transformer, parameters, path, steps, strength, first, last, shift, batch, device);
  }

  /**
   * Another path.
   *
   * @param other the path that the network was trained on
   * @return the sampler
   */
  public Sampler path(Path other) {
    return new Sampler(
        scheme, transformer, parameters, other, steps, guidance, low, high, shift, batch, device);
  }

  /**
   * Shifted times.
   *
   * @param factor 1 for none
   * @return the sampler
   */
  public Sampler shift(double factor) {
    return new Sampler(
        scheme, transformer, parameters, path, steps, guidance, low, high, factor, batch, device);
  }

  /**
   * Another batch size; the images stay the same.
   *
   * @param images how many at a time
   * @return the sampler
   */
  public Sampler batch(int images) {
    return new Sampler(
        scheme, transformer, parameters, path, steps, guidance, low, high, shift, images, device);
  }

  /**
   * Another device.
   *
   * @param other where the network runs
   * @return the sampler
   */
  public Sampler device(Device other) {
    return new Sampler(
        scheme, transformer, parameters, path, steps, guidance, low, high, shift, batch, other);
  }

  /**
   * The times between steps.
   *
   * @return from 1 down to 0, one more than there are steps
   */
  public double[] times() {
    double[] times = new double[steps + 1];
    for (int i = 0; i <= steps; i++) {
      double t = 1 - (double) i / steps;
      times[i] = shift * t / (1 + (shift - 1) * t);
    }
    return times;
  }

  /**
   * Draws one image for each label. To draw more than once, {@link #open} saves compiling again.
   *
   * @param labels integers [n] from 0 to {@code classes}, which means "no class"
   * @param key the key of all noise
   * @return float32 [n, channels, size, size]
   * @throws org.fluxion.tensor.TensorException if the labels are no such integers
   */
  public Tensor sample(Tensor labels, RandomKey key) {
    try (OpenSampler open = open()) {
      return open.sample(labels, key);
    }
  }

  /**
   * Makes the sampler ready to draw again and again.
   *
   * @return what draws, which the caller closes
   */
  public OpenSampler open() {
    return new OpenSampler(this);
  }
}
