package org.fluxion.meanflow.sample;

import org.fluxion.meanflow.path.Path;

/**
 * How a sampler gets from noise to data: a few lines of arithmetic in float64 around a velocity,
 * which the network gives.
 */
public sealed interface Scheme {
  /** What a scheme may ask for. */
  interface Velocities {
    /**
     * The network's velocity, guided where the time lies in the interval.
     *
     * @param x where, flat
     * @param t from which time
     * @param r to which time
     * @return flat, of x's length
     */
    double[] at(double[] x, double t, double r);

    /**
     * Fresh noise.
     *
     * @param number the how manieth
     * @return standard normals, of x's length
     */
    double[] noise(int number);
  }

  /**
   * Runs the scheme.
   *
   * @param noise where to start, flat
   * @param times from 1 down to 0, one more than there are steps
   * @param path the path between data and noise
   * @param velocities the network
   * @return the data, flat
   */
  double[] run(double[] noise, double[] times, Path path, Velocities velocities);

  /** a·x + b·y, element by element. */
  private static double[] combine(double a, double[] x, double b, double[] y) {
    double[] result = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = a * x[i] + b * y[i];
    }
    return result;
  }

  /** Euler steps of a flow map. */
  record MapEuler() implements Scheme {
    @Override
    public double[] run(double[] noise, double[] times, Path path, Velocities velocities) {
      double[] x = noise;
      for (int i = 0; i + 1 < times.length; i++) {
        double t = times[i];
        double next = times[i + 1];
        x = combine(1, x, next - t, velocities.at(x, t, next));
      }
      return x;
    }
  }

  /** Steps of a flow map to the data and back. */
  record MapRestart() implements Scheme {
    @Override
    public double[] run(double[] noise, double[] times, Path path, Velocities velocities) {
      double[] x = noise;
      for (int i = 0; i + 1 < times.length; i++) {
        double t = times[i];
        double next = times[i + 1];
        x = combine(1, x, -t, velocities.at(x, t, 0));
        if (next > 0) {
          x = combine(path.alpha(next), x, path.sigma(next), velocities.noise(i));
        }
      }
      return x;
    }
  }

  /**
   * Steps of a flow map beyond the next time and back, by the shares of image and noise of the
   * linear path. They are the published ones on either path; on the cosine path the mean of what is
   * drawn is not the data's.
   *
   * @param gamma the share of new noise, from 0 to 1
   */
  record MapConsistencyTrajectory(double gamma) implements Scheme {
    /** Checks the share. */
    public MapConsistencyTrajectory {
      if (!(gamma >= 0 && gamma <= 1)) {
        throw new IllegalArgumentException(
            "consistency trajectory sampler: expected gamma from 0 to 1, got " + gamma);
      }
    }

    @Override
    public double[] run(double[] noise, double[] times, Path path, Velocities velocities) {
      double[] x = noise;
      for (int i = 0; i + 1 < times.length; i++) {
        double t = times[i];
        double next = times[i + 1];
        double beyond = next * Math.sqrt(1 - gamma * gamma);
        x = combine(1, x, beyond - t, velocities.at(x, t, beyond));
        if (next > 0) {
          double kept = (1 - next) / (1 - beyond);
          x = combine(kept, x, 1 - kept, velocities.noise(i));
        }
      }
      return x;
    }
  }

  /** Euler's method for a flow. */
  record FlowEuler() implements Scheme {
    @Override
    public double[] run(double[] noise, double[] times, Path path, Velocities velocities) {
      double[] x = noise;
      for (int i = 0; i + 1 < times.length; i++) {
        double t = times[i];
        x = combine(1, x, times[i + 1] - t, velocities.at(x, t, t));
      }
      return x;
    }
  }

  /** Heun's method for a flow; the last step is Euler's. */
  record FlowHeun() implements Scheme {
    @Override
    public double[] run(double[] noise, double[] times, Path path, Velocities velocities) {
      double[] x = noise;
      for (int i = 0; i + 1 < times.length; i++) {
        double t = times[i];
        double next = times[i + 1];
        double[] slope = velocities.at(x, t, t);
        double[] ahead = combine(1, x, next - t, slope);
        if (i + 2 < times.length) {
          double[] mean = combine(0.5, slope, 0.5, velocities.at(ahead, next, next));
          x = combine(1, x, next - t, mean);
        } else {
          x = ahead;
        }
      }
      return x;
    }
  }

  /** How strong the noise of the stochastic differential equation is at each time. */
  enum Diffusion {
    /** 2σ(t): as strong as the noise itself. */
    SIGMA,
    /**
     * The strength that makes the evidence bound tight. It is unbounded at t = 1, where the state
     * is noise and more of it changes nothing: there it is none.
     */
    EVIDENCE_BOUND;

    double at(double t, double gamma, Path path) {
      return switch (this) {
        case SIGMA -> 2 * gamma * path.sigma(t);
        case EVIDENCE_BOUND ->
            t == 1
                ? 0
                : switch (path) {
                  case LINEAR -> 2 * gamma * t / (1 - t);
                  case COSINE -> Math.PI * gamma * Math.tan(Math.PI / 2 * t);
                };
      };
    }
  }

  /**
   * Euler–Maruyama's method, evenly (whatever the shift) from 1 to 10⁻⁴ with noise, and in the last
   * step to 0 without.
   *
   * @param diffusion how much noise at which time
   * @param gamma its factor
   */
  record FlowStochastic(Diffusion diffusion, double gamma) implements Scheme {
    private static final double LAST = 1e-4;

    @Override
    public double[] run(double[] noise, double[] times, Path path, Velocities velocities) {
      double[] x = noise;
      int steps = times.length - 1;
      for (int i = 0; i < steps; i++) {
        double t = time(i, steps);
        double next = time(i + 1, steps);
        double[] v = velocities.at(x, t, t);
        double strength = diffusion.at(t, gamma, path);
        double rho = path.alpha(t) / path.alphaSlope(t);
        double sigma = path.sigma(t);
        double spread = sigma * sigma - rho * path.sigmaSlope(t) * sigma;
        double[] score = combine(rho / spread, v, -1 / spread, x);
        double[] drift = combine(1, v, -strength / 2, score);
        x = combine(1, x, next - t, drift);
        if (i < steps - 1) {
          x = combine(1, x, Math.sqrt(strength * (t - next)), velocities.noise(i));
        }
      }
      return x;
    }

    /** Evenly from 1 to LAST, and then 0. */
    private static double time(int i, int steps) {
      if (i == steps) {
        return 0;
      }
      return i == 0 ? 1 : 1 + (LAST - 1) * i / (steps - 1);
    }
  }
}
