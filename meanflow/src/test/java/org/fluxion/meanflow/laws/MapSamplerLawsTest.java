package org.fluxion.meanflow.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.model.FlowMap;
import org.fluxion.meanflow.path.Path;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.sample.Samplers;
import org.fluxion.meanflow.sample.Scheme;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Tensor;

/**
 * Samplers of flow maps with the exact map of a Gaussian flow: none of them has an error but
 * rounding, in any number of steps, at whatever times.
 */
class MapSamplerLawsTest {
  private static final String SEED = "2510244741";

  /** Gives samplers their times; the velocities are not its own. */
  private static final FlowMap MAP =
      new FlowMap(new DiffusionTransformer(4, 2, 1, 8, 1, 2, 1, 1, false), Parameters.empty());

  /**
   * A sampler's velocities, and how far its state may be off by rounding: what it was off before is
   * carried on by the flow map's slope g(r)/g(t), and by noise to the share of the image that is
   * kept; each step adds its own roundings, and noise at most four, of numbers that are no larger
   * than the state and the noise.
   */
  private static final class Tracked implements Scheme.Velocities {
    /** Bounds are taken at the state rounded to float32, where they are the same to that. */
    private static final double AT_A_NEIGHBOUR = 1.01;

    private final GaussianVelocities exact;
    private double error;
    private double arrival;
    private double ofNoise;

    Tracked(GaussianVelocities exact) {
      this.exact = exact;
    }

    @Override
    public double[] at(double[] x, double t, double r) {
      double[] rounding =
          Rounding.bound(
              dtype -> {
                Tensor state = Tensor.tensor(x).cast(dtype).detach();
                Tensor from = Tensor.scalar(t, dtype);
                Tensor to = Tensor.scalar(r, dtype);
                return state.add(
                    to.sub(from).mul(exact.flow(dtype).averageVelocity(state, from, to)));
              });
      if (ofNoise > 0) {
        error = error * (1 - t) / (1 - arrival) + ofNoise;
        ofNoise = 0;
      }
      arrival = r;
      error =
          error * exact.deviation(r) / exact.deviation(t)
              + AT_A_NEIGHBOUR * DoubleStream.of(rounding).max().orElse(0)
              + 4 * Rounding.UNIT * (1 + largest(x));
      return exact.at(x, t, r);
    }

    @Override
    public double[] noise(int number) {
      double[] noise = exact.noise(number);
      ofNoise = 4 * Rounding.UNIT * (1 + largest(noise));
      return noise;
    }

    private static double largest(double[] x) {
      return Arrays.stream(x).map(Math::abs).max().orElse(0);
    }
  }

  private static double[] run(Sampler sampler, double[] start, Scheme.Velocities velocities) {
    return sampler.scheme().run(start, sampler.times(), Path.LINEAR, velocities);
  }

  private static void close(double expected, double actual, double allowed, String what) {
    assertTrue(
        Math.abs(expected - actual) <= allowed,
        () ->
            "%s: expected %s, got %s, which rounding keeps within %s"
                .formatted(what, expected, actual, allowed));
    assertTrue(allowed < 1e-9, () -> "%s: a bound of %s says nothing".formatted(what, allowed));
  }

  /** Euler steps of the exact map land where the map does: noise x becomes m + s·x. */
  @Property(tries = 25, seed = SEED)
  void eulerStepsOfTheExactMapAreExact(
      @ForAll @FloatRange(min = -2, max = 2) float mean,
      @ForAll @FloatRange(min = 0.25f, max = 4) float spread,
      @ForAll @IntRange(min = 1, max = 8) int steps,
      @ForAll @FloatRange(min = 0.25f, max = 4) float shift) {
    Tracked tracked = new Tracked(new GaussianVelocities(mean, spread, i -> null));
    double[] start = {0, 1, -2.5};
    double[] images = run(Samplers.euler(MAP).steps(steps).shift(shift), start, tracked);
    for (int i = 0; i < start.length; i++) {
      double expected = mean + spread * start[i];
      close(
          expected,
          images[i],
          tracked.error + 2 * Rounding.UNIT * (Math.abs(mean) + 3 * spread),
          "noise " + start[i]);
    }
  }

  /**
   * Restarts keep the distribution: each step to the data gives N(m, s²), whatever noise has been
   * added on the way. The sampler is affine in independent noises, so that its mean is what it
   * makes of zeros, and its variance the sum of the squares of what each noise adds.
   */
  @Property(tries = 25, seed = SEED)
  void restartsOfTheExactMapKeepTheDistribution(
      @ForAll @FloatRange(min = -2, max = 2) float mean,
      @ForAll @FloatRange(min = 0.25f, max = 4) float spread,
      @ForAll @IntRange(min = 1, max = 8) int steps,
      @ForAll @FloatRange(min = 0.25f, max = 4) float shift) {
    Sampler sampler = Samplers.restart(MAP).steps(steps).shift(shift);
    Tracked tracked = alone(mean, spread, steps);
    double[] images = run(sampler, unit(0, steps + 1), tracked);
    close(mean, images[steps + 1], tracked.error, "mean");
    close(
        (double) spread * spread,
        variance(images),
        allowedOfVariance(images, tracked.error),
        "variance");
  }

  /** Element i gets noise i alone, the start being noise 0; the last element gets none. */
  private static Tracked alone(float mean, float spread, int steps) {
    return new Tracked(new GaussianVelocities(mean, spread, i -> unit(i + 1, steps + 1)));
  }

  private static double[] unit(int element, int last) {
    double[] noise = new double[last + 1];
    noise[element] = 1;
    return noise;
  }

  private static double variance(double[] images) {
    double sum = 0;
    for (int i = 0; i + 1 < images.length; i++) {
      double share = images[i] - images[images.length - 1];
      sum += share * share;
    }
    return sum;
  }

  /** Each share is off twice, by the element and by the mean, and the sum is rounded. */
  private static double allowedOfVariance(double[] images, double error) {
    double sum = images.length * 3 * Rounding.UNIT * variance(images);
    for (int i = 0; i + 1 < images.length; i++) {
      double share = Math.abs(images[i] - images[images.length - 1]);
      sum += 2 * share * 2 * error + 4 * error * error;
    }
    return sum;
  }

  /**
   * The γ-sampler goes from Euler to restart: with γ = 0 it is the one to the last bit, with γ = 1
   * the other, and its mean is the data's for every γ. (Its variance in between is less than the
   * data's: the shares a and 1 − a of image and noise are straight, not on the circle.)
   */
  @Property(tries = 25, seed = SEED)
  void theConsistencyTrajectoryIsBetweenEulerAndRestart(
      @ForAll @FloatRange(min = -2, max = 2) float mean,
      @ForAll @FloatRange(min = 0.25f, max = 4) float spread,
      @ForAll @IntRange(min = 1, max = 6) int steps,
      @ForAll @FloatRange(min = 0, max = 1) float gamma) {
    double[] start = unit(0, steps + 1);
    double[] euler = run(Samplers.euler(MAP).steps(steps), start, alone(mean, spread, steps));
    double[] still =
        run(Samplers.consistencyTrajectory(MAP, 0).steps(steps), start, alone(mean, spread, steps));
    assertArrayEquals(euler, still);

    Tracked one = alone(mean, spread, steps);
    Tracked other = alone(mean, spread, steps);
    double[] restarted = run(Samplers.restart(MAP).steps(steps), start, one);
    double[] whole = run(Samplers.consistencyTrajectory(MAP, 1).steps(steps), start, other);
    for (int i = 0; i < restarted.length; i++) {
      close(restarted[i], whole[i], one.error + other.error, "γ = 1");
    }

    Tracked between = alone(mean, spread, steps);
    double[] images = run(Samplers.consistencyTrajectory(MAP, gamma).steps(steps), start, between);
    close(mean, images[steps + 1], between.error, "mean with γ = " + gamma);
  }

  /**
   * On both paths restarts lead to the data's mean; on the linear one, whose shares of image and
   * noise the γ-sampler takes, it does so too, and with γ = 1 they are one. In between it first
   * goes beyond the next time t′, to s with s² + (γ·t′)² = t′².
   */
  @Property(tries = 25, seed = SEED)
  void samplersKeepToTheirPath(
      @ForAll Path path,
      @ForAll @FloatRange(min = -2, max = 2) float mean,
      @ForAll @FloatRange(min = 0.25f, max = 4) float spread,
      @ForAll @IntRange(min = 1, max = 4) int steps,
      @ForAll @FloatRange(min = 0, max = 1) float gamma) {
    double[] times = Samplers.restart(MAP).steps(steps).times();
    double[] start = {0, 1};
    PathVelocities restarting = onPath(path, mean, spread);
    double[] restarted = new Scheme.MapRestart().run(start, times, path, restarting);
    close(mean, restarted[0], error(restarting, times), "restart's mean");
    if (path != Path.LINEAR) {
      return;
    }
    PathVelocities whole = onPath(path, mean, spread);
    double[] trajectory = new Scheme.MapConsistencyTrajectory(1).run(start, times, path, whole);
    double error = error(restarting, times) + error(whole, times);
    close(restarted[0], trajectory[0], error, "mean with γ = 1");
    close(restarted[1], trajectory[1], error, "γ = 1");

    PathVelocities between = onPath(path, mean, spread);
    double[] images = new Scheme.MapConsistencyTrajectory(gamma).run(start, times, path, between);
    close(mean, images[0], error(between, times), "mean with γ = " + gamma);
    for (int i = 0; i < steps; i++) {
      double beyond = between.asked().get(i).r();
      double next = times[i + 1];
      close(
          next * next,
          beyond * beyond + Math.pow(gamma * next, 2),
          8 * Rounding.UNIT * next * next,
          "beyond");
    }
  }

  /**
   * Noise leads back along the path: if the data are one point, and an image meets the same noise
   * again each time, it stays at α(t)·m + σ(t)·ε, for restarts, and on the linear path for every γ.
   */
  @Property(tries = 25, seed = SEED)
  void withTheSameNoiseAgainAnImageStaysOnItsPath(
      @ForAll Path path,
      @ForAll @FloatRange(min = -2, max = 2) float mean,
      @ForAll @IntRange(min = 1, max = 4) int steps,
      @ForAll @FloatRange(min = 0, max = 1) float gamma) {
    double[] times = Samplers.restart(MAP).steps(steps).times();
    List<Scheme> schemes = new ArrayList<>(List.of(new Scheme.MapRestart()));
    if (path == Path.LINEAR) {
      schemes.add(new Scheme.MapConsistencyTrajectory(gamma));
    }
    for (Scheme scheme : schemes) {
      PathVelocities run = onPath(path, mean, 0);
      scheme.run(new double[] {0, 1}, times, path, run);
      double error = error(run, times);
      for (PathVelocities.Question q : run.asked()) {
        close(path.alpha(q.t()) * mean, q.x()[0], error, "without noise");
        close(path.alpha(q.t()) * mean + path.sigma(q.t()), q.x()[1], error, "with noise");
      }
    }
  }

  /** Element 0 has no noise at all, element 1 always 1. */
  private static PathVelocities onPath(Path path, float mean, float spread) {
    return new PathVelocities(path, mean, spread, i -> new double[] {0, 1});
  }

  /**
   * As {@link Tracked}, by hand: 32 roundings for a step of the map, and 16 for noise, of numbers
   * no larger than those that are added up; a quotient of shares of data is off by as much relative
   * to the smaller of them, since π/2·t is rounded. The most on the way counts.
   */
  private static double error(PathVelocities run, double[] times) {
    double error = 0;
    double most = 0;
    for (int i = 0; i < run.asked().size(); i++) {
      PathVelocities.Question q = run.asked().get(i);
      double growth = Math.sqrt(run.variance(q.r()) / run.variance(q.t()));
      double largest = Tracked.largest(q.x()) + Math.abs(run.mean()) + 1;
      double least = times[i + 1] > 0 ? run.path().alpha(times[i + 1]) : 1;
      error = error * growth + Rounding.UNIT * (32 * (1 + growth) + 16 / least) * largest;
      most = Math.max(most, error);
    }
    return most;
  }

  /**
   * Times go from 1 to 0 in as many steps as were asked for, and a shift multiplies the odds t/(1 −
   * t) of noise against data.
   */
  @Property(tries = 50, seed = SEED)
  void timesGoFromNoiseToData(
      @ForAll @IntRange(min = 1, max = 50) int steps,
      @ForAll @FloatRange(min = 0.25f, max = 4) float shift) {
    double[] even = Samplers.euler(MAP).steps(steps).times();
    double[] times = Samplers.euler(MAP).steps(steps).shift(shift).times();
    assertEquals(steps + 1, times.length);
    assertEquals(1, times[0]);
    assertEquals(0, times[steps]);
    for (int i = 0; i < steps; i++) {
      assertTrue(times[i] > times[i + 1]);
      assertEquals(1 - (double) i / steps, even[i]);
      // Five roundings of a shifted time, three more of each side, of numbers up to 1 and s.
      close(
          shift * even[i] * (1 - times[i]),
          times[i] * (1 - even[i]),
          8 * Rounding.UNIT * (1 + shift),
          "odds");
    }
  }
}
