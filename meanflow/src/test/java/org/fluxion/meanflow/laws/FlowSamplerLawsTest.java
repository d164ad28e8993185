package org.fluxion.meanflow.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.model.FlowModel;
import org.fluxion.meanflow.path.Path;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.sample.Samplers;
import org.fluxion.meanflow.sample.Scheme;
import org.fluxion.nn.Parameters;

/**
 * The orders of convergence of the samplers of flows, measured on a {@link GaussianFlow} as the
 * slope of the error's logarithm over that of the step h, with bands that follow from the flow's
 * derivatives.
 *
 * <p><b>What a step gets wrong.</b> The deviation from the mean obeys y′ = (g′/g)·y, solved by g.
 * Euler's method multiplies it by 1 − h·g′(t)/g(t) in a step back from t to τ = t − h, which is the
 * exact g(τ)/g(t) times 1 − δ, where by Taylor δ = ½h²·g″(ξ)/g(τ) at some ξ in the step. The
 * relative error at the data is e = 1 − Π(1 − δ). For this flow g″ = s²/g³.
 *
 * <p><b>Bands.</b> A sum of h·F over steps, F anywhere in each step, is off its integral by at most
 * h times F's total variation, and 1 − Π(1 − δ) off Σδ by at most ½(Σ|δ|)²·exp(Σ|δ|). So e =
 * h^order·(c ± ρ) with a known c, and a ρ that shrinks with h; two such errors bound the slope.
 */
class FlowSamplerLawsTest {
  private static final String SEED = "2510244742";
  private static final FlowModel FLOW =
      new FlowModel(new DiffusionTransformer(4, 2, 1, 8, 1, 2, 1, 0, false), Parameters.empty());

  /** Points at which suprema, variations and integrals are taken. */
  private static final int GRID = 4000;

  /** An error and between which multiples of h^order it has to be. */
  private record Measured(double step, double error, double low, double high) {
    void check(int order) {
      double constant = error / Math.pow(step, order);
      assertTrue(
          constant >= low && constant <= high,
          () ->
              "step %s: an error of %s·h^%d, not from %s to %s"
                  .formatted(step, constant, order, low, high));
    }
  }

  /** The slope between two errors is the order. */
  private static void slope(int order, Measured coarse, Measured fine) {
    double ratio = Math.log(coarse.step() / fine.step());
    double slope = Math.log(coarse.error() / fine.error()) / ratio;
    // Both ends of either band may be negative.
    double[] ends = {coarse.low() / fine.high(), coarse.high() / fine.low()};
    double least = order + Math.log(Math.min(ends[0], ends[1])) / ratio;
    double most = order + Math.log(Math.max(ends[0], ends[1])) / ratio;
    // It must tell the order from its neighbours.
    assertTrue(
        least > order - 0.5 && most < order + 0.5,
        () -> "a band from %s to %s says nothing".formatted(least, most));
    assertTrue(
        slope >= least && slope <= most,
        () -> "a slope of %s, not from %s to %s".formatted(slope, least, most));
    coarse.check(order);
    fine.check(order);
  }

  /** g and its derivatives for one spread. */
  private record Deviation(double s) {
    double variance(double t) {
      return (1 - t) * (1 - t) * s * s + t * t;
    }

    double g(double t) {
      return Math.sqrt(variance(t));
    }

    /** Γ′/2. */
    double half(double t) {
      return (1 + s * s) * t - s * s;
    }

    double first(double t) {
      return half(t) / g(t);
    }

    double second(double t) {
      return s * s / Math.pow(g(t), 3);
    }

    double third(double t) {
      return -3 * s * s * first(t) / Math.pow(g(t), 4);
    }

    /** The largest growth of a deviation on the way. */
    double growth() {
      return largest(this::g) * largest(t -> 1 / g(t));
    }
  }

  private static double largest(DoubleUnaryOperator f) {
    double most = 0;
    for (int i = 0; i <= GRID; i++) {
      most = Math.max(most, Math.abs(f.applyAsDouble((double) i / GRID)));
    }
    return most;
  }

  private static double variation(DoubleUnaryOperator f) {
    double sum = 0;
    for (int i = 0; i < GRID; i++) {
      sum += Math.abs(f.applyAsDouble((i + 1.0) / GRID) - f.applyAsDouble((double) i / GRID));
    }
    return sum;
  }

  /** How far a sum of h·p·q with p and q anywhere in each step is off its integral, over h. */
  private static double variation(DoubleUnaryOperator p, DoubleUnaryOperator q) {
    return variation(p) * largest(q) + largest(p) * variation(q);
  }

  /** The relative error of the deviation from the mean at the data. */
  private static double error(Sampler sampler, float mean, float spread) {
    double[] images =
        sampler
            .scheme()
            .run(
                new double[] {0, 1},
                sampler.times(),
                Path.LINEAR,
                new GaussianVelocities(mean, spread, i -> null));
    return 1 - (images[1] - images[0]) / spread;
  }

  /**
   * What rounding makes of that error: n steps of at most {@code operations} roundings, of numbers
   * no larger than mean, state and velocity together, grown on the way, at both elements.
   */
  private static double rounding(int steps, int operations, float mean, Deviation g) {
    double largest =
        (Math.abs(mean) + 1 + g.s()) * (1 + largest(t -> g.first(t) / g.g(t))) * g.growth();
    return 2 * steps * operations * Rounding.UNIT * largest * g.growth() / g.s();
  }

  /** Half the error of a product from that of its sum, 1 − Π(1 − δ) against Σδ. */
  private static double ofProduct(double sum) {
    return sum * sum / 2 * Math.exp(sum);
  }

  /** Euler's method is of order 1: e = h·∫½s²/g⁴ = h·(½ + π·(s + 1/s)/8) and terms of order h². */
  @Property(tries = 8, seed = SEED)
  void eulerIsOfOrderOne(
      @ForAll @FloatRange(min = -1, max = 1) float mean,
      @ForAll @FloatRange(min = 0.5f, max = 2) float spread) {
    slope(1, euler(mean, spread, 128), euler(mean, spread, 256));
  }

  private static Measured euler(float mean, float spread, int steps) {
    Deviation g = new Deviation(spread);
    double h = 1.0 / steps;
    double constant = 0.5 + Math.PI * (g.s() + 1 / g.s()) / 8;
    // g″(ξ)/g(τ) lies between the ends of 1/g⁴ in its step.
    double off = h * variation(t -> g.second(t) / g.g(t)) / 2;
    off += ofProduct(h * (constant + off)) / h + rounding(steps, 20, mean, g) / h;
    double error = error(Samplers.euler(FLOW).steps(steps), mean, spread);
    return new Measured(h, error, constant - off, constant + off);
  }

  /**
   * Heun's method is of order 2, with the last step Euler's as well. A step of the trapezoid has δ
   * = h³·(g‴(η)/12 − (g′/g)(τ)·g″(ξ)/4)/g(τ), whose sum is h²·(s² − 1/s²)/8; the one Euler step at
   * the data adds ½h²·g″(0)/g(0) = h²/(2s²): together h²·(s² + 3/s²)/8.
   */
  @Property(tries = 8, seed = SEED)
  void heunIsOfOrderTwo(
      @ForAll @FloatRange(min = -1, max = 1) float mean,
      @ForAll @FloatRange(min = 0.5f, max = 2) float spread) {
    slope(2, heun(mean, spread, 256), heun(mean, spread, 512));
  }

  private static Measured heun(float mean, float spread, int steps) {
    Deviation g = new Deviation(spread);
    double h = 1.0 / steps;
    double square = g.s() * g.s();
    double constant = (square + 3 / square) / 8;
    DoubleUnaryOperator third = t -> g.third(t) / 12;
    DoubleUnaryOperator inverse = t -> 1 / g.g(t);
    DoubleUnaryOperator slope = t -> g.first(t) / (4 * g.variance(t));
    double most = largest(third) * largest(inverse) + largest(slope) * largest(g::second);
    // The trapezoid's steps, the one that is missing at the data, and the Euler step in its place.
    double off =
        h
            * (variation(third, inverse)
                + variation(slope, g::second)
                + most
                + largest(g::third) / (2 * g.s()));
    double sum = h * h * (most + largest(g::second) / (2 * g.s()));
    off += ofProduct(sum) / (h * h) + rounding(steps, 45, mean, g) / (h * h);
    double error = error(Samplers.heun(FLOW).steps(steps), mean, spread);
    return new Measured(h, error, constant - off, constant + off);
  }

  /**
   * Euler and Maruyama's method is of weak order 1, for whatever strength of noise: the mean is
   * exact on straight lines, and the variance's error is of order h. With w = 2γt and the score −(x
   * − μ)/Γ a step multiplies the deviation by 1 − h·b, b = (Γ′/2 + γt)/Γ, and adds the variance
   * w·h, so that it gets Γ − h·Γ′ + h²·b²·Γ where Γ − h·Γ′ + h²·(1 + s²) is right: h²·f with f =
   * b²·Γ − (1 + s²), which the later steps multiply by K = exp(−2∫b) in the limit: the error is
   * h·∫f·K.
   */
  @Property(tries = 6, seed = SEED)
  void eulerMaruyamaIsOfWeakOrderOne(
      @ForAll @FloatRange(min = -1, max = 1) float mean,
      @ForAll @FloatRange(min = 0.5f, max = 2) float spread,
      @ForAll @FloatRange(min = 0, max = 0.5f) float gamma) {
    slope(1, maruyama(mean, spread, gamma, 513), maruyama(mean, spread, gamma, 1025));
  }

  /** The time of the last step, which adds no noise. */
  private static final double LAST = 1e-4;

  private static Measured maruyama(float mean, float spread, float gamma, int steps) {
    Deviation g = new Deviation(spread);
    double h = (1 - LAST) / (steps - 1);
    // Over u from 0 to 1, with t = LAST + (1 − LAST)·u.
    DoubleUnaryOperator time = u -> LAST + (1 - LAST) * u;
    DoubleUnaryOperator rate =
        u ->
            (g.half(time.applyAsDouble(u)) + gamma * time.applyAsDouble(u))
                / g.variance(time.applyAsDouble(u));
    DoubleUnaryOperator local =
        u ->
            Math.pow(rate.applyAsDouble(u), 2) * g.variance(time.applyAsDouble(u))
                - (1 + g.s() * g.s());
    double[] kept = kept(rate);
    DoubleUnaryOperator later = u -> kept[(int) Math.round(u * GRID)];
    double constant = 0;
    double magnitude = 0;
    for (int i = 0; i < GRID; i++) {
      double here = local.applyAsDouble((double) i / GRID) * kept[i];
      double next = local.applyAsDouble((i + 1.0) / GRID) * kept[i + 1];
      constant += (1 - LAST) * (here + next) / 2 / GRID;
      magnitude += (1 - LAST) * (Math.abs(here) + Math.abs(next)) / 2 / GRID;
    }
    // Where opposite errors cancel, there is no order to be seen.
    Assume.that(Math.abs(constant) > magnitude / 4);

    double fastest = largest(rate);
    // Σ over steps against ∫, and the product of the later steps against K.
    double sum = h * variation(local, later);
    double exponent = h * (fastest * fastest / (1 - h * fastest) + 2 * variation(rate));
    double off = sum + Math.expm1(exponent) * (magnitude + sum);
    // The last step's own error and what it multiplies the rest by.
    off += LAST * LAST * (2 * gamma + largest(local)) / h;
    off += (2 * LAST * fastest + Math.pow(LAST * fastest, 2)) * (magnitude + off);
    double rounding = (1 + gamma) * rounding(steps, 40, mean, g) / (1 - h * fastest);
    off += 3.0 * spread * spread * rounding / h;
    double error = varianceError(Scheme.Diffusion.SIGMA, mean, spread, gamma, steps, rounding);
    return new Measured(h, error, constant - off, constant + off);
  }

  /** exp(−2∫b) from the data to each point, by trapezoids. */
  private static double[] kept(DoubleUnaryOperator rate) {
    double[] kept = new double[GRID + 1];
    double integral = 0;
    kept[0] = 1;
    for (int i = 0; i < GRID; i++) {
      integral +=
          (1 - LAST)
              * (rate.applyAsDouble((double) i / GRID) + rate.applyAsDouble((i + 1.0) / GRID))
              / 2
              / GRID;
      kept[i + 1] = Math.exp(-2 * integral);
    }
    return kept;
  }

  /**
   * The variance of the sampler's images less the data's. It is affine in its noises: element 0,
   * without any, is its mean; element 1 says what a step multiplies a deviation by; and element 2,
   * which gets noise 1 in every step, what noise is multiplied by.
   */
  private static double varianceError(
      Scheme.Diffusion diffusion,
      float mean,
      float spread,
      float gamma,
      int steps,
      double rounding) {
    GaussianVelocities velocities =
        new GaussianVelocities(
            mean,
            spread,
            i -> {
              assertTrue(i < steps - 1, "the last step adds no noise");
              return new double[] {0, 0, 1};
            });
    Sampler sampler = Samplers.stochastic(FLOW, diffusion, gamma).steps(steps);
    double[] images =
        sampler.scheme().run(new double[] {0, 1, 0}, sampler.times(), Path.LINEAR, velocities);
    assertTrue(
        Math.abs(images[0] - mean) <= rounding * spread,
        () -> "a mean of %s, not %s".formatted(images[0], mean));
    List<double[]> states = velocities.states();
    double variance = 1;
    for (int i = 0; i < steps; i++) {
      double[] before = states.get(i);
      double[] after = i + 1 < steps ? states.get(i + 1) : images;
      double factor = (after[1] - after[0]) / (before[1] - before[0]);
      double noise = after[2] - after[0] - factor * (before[2] - before[0]);
      variance = factor * factor * variance + noise * noise;
    }
    return variance - (double) spread * spread;
  }

  /**
   * Each step of Euler and Maruyama's method has the drift v − ½w·score with the true score, −(x −
   * α·m)/Γ, and noise of variance w per time in all steps but the last, on both paths and for both
   * strengths w; where w is unbounded, at t = 1, there is none.
   */
  @Property(tries = 30, seed = SEED)
  void eulerMaruyamaFollowsTheScore(
      @ForAll Path path,
      @ForAll Scheme.Diffusion diffusion,
      @ForAll @FloatRange(min = -1, max = 1) float mean,
      @ForAll @FloatRange(min = 0.5f, max = 2) float spread,
      @ForAll @FloatRange(min = 0, max = 2) float gamma) {
    PathVelocities exact = new PathVelocities(path, mean, spread, i -> new double[] {0, 1});
    double[] images =
        new Scheme.FlowStochastic(diffusion, gamma)
            .run(new double[] {0.5, -1}, new double[] {1, 0.75, 0.5, 0.25, 0}, path, exact);
    List<PathVelocities.Question> asked = exact.asked();
    for (int i = 0; i < asked.size(); i++) {
      boolean last = i + 1 == asked.size();
      double t = asked.get(i).t();
      double next = last ? 0 : asked.get(i + 1).t();
      double[] after = last ? images : asked.get(i + 1).x();
      double strength = strength(diffusion, gamma, path, t);
      for (int element = 0; element < 2; element++) {
        double x = asked.get(i).x()[element];
        double v = exact.velocity(x, t);
        double noise = element == 0 || last ? 0 : Math.sqrt(strength * (t - next));
        double expected = x + (next - t) * (v - strength / 2 * exact.score(x, t)) + noise;
        // The sampler's own score is a difference, of numbers over σ² − (α/α′)·σ′·σ.
        double rho = path.alpha(t) / path.alphaSlope(t);
        double divisor = Math.pow(path.sigma(t), 2) - rho * path.sigmaSlope(t) * path.sigma(t);
        double largest =
            Math.abs(x)
                + Math.abs(mean)
                + noise
                + Math.abs(v)
                + strength * (Math.abs(rho * v) + Math.abs(x) + Math.abs(mean)) / divisor
                + strength * (Math.abs(x) + Math.abs(mean)) / exact.variance(t);
        assertEquals(expected, after[element], 40 * Rounding.UNIT * largest, "at " + t);
      }
    }
  }

  private static double strength(Scheme.Diffusion diffusion, double gamma, Path path, double t) {
    return switch (diffusion) {
      case SIGMA -> 2 * gamma * path.sigma(t);
      // γ·((σ²)′ − 2σ²·α′/α), what keeps x_t's variance if the data are left out.
      case EVIDENCE_BOUND ->
          t == 1
              ? 0
              : 2
                  * gamma
                  * path.sigma(t)
                  * (path.sigmaSlope(t) - path.sigma(t) * path.alphaSlope(t) / path.alpha(t));
    };
  }

  /**
   * Unbounded noise at the start does not keep the method from converging: with γ = 1 a step k
   * steps from the start gets the variance wrong by 1/k² and the n steps to come leave (k/n)² of
   * it, which sums to an error of order 1/n: with four times the steps about a quarter, less than
   * half.
   */
  @Property(tries = 4, seed = SEED)
  void eulerMaruyamaConvergesFromUnboundedNoise(
      @ForAll @FloatRange(min = -1, max = 1) float mean,
      @ForAll @FloatRange(min = 0.5f, max = 2) float spread) {
    double[] errors = new double[2];
    for (int i = 0; i < 2; i++) {
      errors[i] =
          Math.abs(
              varianceError(
                  Scheme.Diffusion.EVIDENCE_BOUND, mean, spread, 1, i == 0 ? 129 : 513, 1e-9));
    }
    assertTrue(
        errors[1] < errors[0] / 2,
        () -> "an error of %s with four times the steps of %s".formatted(errors[1], errors[0]));
  }

  /** Without noise Euler and Maruyama's method is Euler's, over its own times. */
  @Property(tries = 10, seed = SEED)
  void withoutNoiseEulerMaruyamaIsEuler(
      @ForAll @FloatRange(min = -1, max = 1) float mean,
      @ForAll @FloatRange(min = 0.5f, max = 2) float spread) {
    double[] start = {0, 1};
    double[] times = {1, 1 + (LAST - 1), 0};
    double[] euler =
        new Scheme.FlowEuler()
            .run(start, times, Path.LINEAR, new GaussianVelocities(mean, spread, i -> start));
    double[] still =
        new Scheme.FlowStochastic(Scheme.Diffusion.SIGMA, 0)
            .run(start, times, Path.LINEAR, new GaussianVelocities(mean, spread, i -> start));
    assertArrayEquals(euler, still);
  }
}
