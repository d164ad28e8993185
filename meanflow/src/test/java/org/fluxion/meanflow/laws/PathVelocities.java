package org.fluxion.meanflow.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.fluxion.meanflow.path.Path;
import org.fluxion.meanflow.sample.Scheme;

/**
 * The exact average velocity of N(m, s²) on either path, for one sampler: x_t is normal with mean
 * α·m and variance Γ = α²·s² + σ², and all that {@link GaussianFlow} derives from Γ holds as it is,
 * but that differences do not divide out: off the diagonal the average velocity is (x_r − x_t)/(r −
 * t).
 *
 * @param path the path
 * @param mean m
 * @param spread s
 * @param fresh the noise that a sampler draws
 * @param asked each question so far
 */
record PathVelocities(
    Path path, double mean, double spread, IntFunction<double[]> fresh, List<Question> asked)
    implements Scheme.Velocities {
  /**
   * What a sampler asked for.
   *
   * @param x where
   * @param t from which time
   * @param r to which time
   */
  record Question(double[] x, double t, double r) {}

  PathVelocities(Path path, double mean, double spread, IntFunction<double[]> fresh) {
    this(path, mean, spread, fresh, new ArrayList<>());
  }

  @Override
  public double[] at(double[] x, double t, double r) {
    asked.add(new Question(x, t, r));
    double[] velocity = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      velocity[i] = t == r ? velocity(x[i], t) : (map(x[i], t, r) - x[i]) / (r - t);
    }
    return velocity;
  }

  @Override
  public double[] noise(int number) {
    return fresh.apply(number);
  }

  /** Γ(t). */
  double variance(double t) {
    return Math.pow(path.alpha(t) * spread, 2) + Math.pow(path.sigma(t), 2);
  }

  double velocity(double x, double t) {
    double half =
        path.alpha(t) * path.alphaSlope(t) * spread * spread + path.sigma(t) * path.sigmaSlope(t);
    return path.alphaSlope(t) * mean + half / variance(t) * (x - path.alpha(t) * mean);
  }

  double map(double x, double t, double r) {
    return path.alpha(r) * mean + Math.sqrt(variance(r) / variance(t)) * (x - path.alpha(t) * mean);
  }

  /** The slope of the logarithm of x_t's density. */
  double score(double x, double t) {
    return -(x - path.alpha(t) * mean) / variance(t);
  }
}
