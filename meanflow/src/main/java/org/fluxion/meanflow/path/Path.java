package org.fluxion.meanflow.path;

import org.fluxion.tensor.Tensor;

/**
 * A path from data x at time 0 to noise ε at time 1: x_t = α(t)·x + σ(t)·ε. Times are float tensors
 * that broadcast against images, such as [batch, 1, 1, 1].
 */
public enum Path {
  /** α = 1 − t, σ = t: straight lines (Lipman et al., 2023; Liu et al., 2023). */
  LINEAR,
  /** α = cos(πt/2), σ = sin(πt/2): the variance is kept (Nichol and Dhariwal, 2021). */
  COSINE;

  private static final double QUARTER_TURN = Math.PI / 2;

  /**
   * The share of the data.
   *
   * @param t times
   * @return α(t)
   */
  public Tensor alpha(Tensor t) {
    return switch (this) {
      case LINEAR -> t.neg().add(1);
      case COSINE -> t.mul(QUARTER_TURN).cos();
    };
  }

  /**
   * The share of the noise.
   *
   * @param t times
   * @return σ(t)
   */
  public Tensor sigma(Tensor t) {
    return switch (this) {
      case LINEAR -> t;
      case COSINE -> t.mul(QUARTER_TURN).sin();
    };
  }

  /**
   * The point at a time.
   *
   * @param data x
   * @param noise ε, of x's shape
   * @param t times that broadcast against both
   * @return x_t = α(t)·x + σ(t)·ε
   */
  public Tensor point(Tensor data, Tensor noise, Tensor t) {
    return alpha(t).mul(data).add(sigma(t).mul(noise));
  }

  /**
   * The velocity at a time, along one pair of data and noise.
   *
   * @param data x
   * @param noise ε, of x's shape
   * @param t times that broadcast against both
   * @return v_t = α′(t)·x + σ′(t)·ε
   */
  public Tensor velocity(Tensor data, Tensor noise, Tensor t) {
    return switch (this) {
      case LINEAR -> noise.sub(data);
      case COSINE ->
          t.mul(QUARTER_TURN)
              .sin()
              .mul(-QUARTER_TURN)
              .mul(data)
              .add(t.mul(QUARTER_TURN).cos().mul(QUARTER_TURN).mul(noise));
    };
  }

  /**
   * Times from normal draws: the logit-normal proposal of Esser et al. (2024) on the linear path;
   * on the cosine path (2/π)·atan(z), whose lower half is negative, as in the authors' code.
   *
   * @param z draws from N(mean, 1)
   * @return times
   */
  public Tensor time(Tensor z) {
    return switch (this) {
      case LINEAR -> z.sigmoid();
      case COSINE -> Arctangent.of(z).mul(1 / QUARTER_TURN);
    };
  }

  /**
   * The share of the data at one time.
   *
   * @param t the time
   * @return α(t)
   */
  public double alpha(double t) {
    return switch (this) {
      case LINEAR -> 1 - t;
      case COSINE -> Math.cos(QUARTER_TURN * t);
    };
  }

  /**
   * The share of the noise at one time.
   *
   * @param t the time
   * @return σ(t)
   */
  public double sigma(double t) {
    return switch (this) {
      case LINEAR -> t;
      case COSINE -> Math.sin(QUARTER_TURN * t);
    };
  }

  /**
   * How fast the data's share changes.
   *
   * @param t the time
   * @return α′(t)
   */
  public double alphaSlope(double t) {
    return switch (this) {
      case LINEAR -> -1;
      case COSINE -> -QUARTER_TURN * Math.sin(QUARTER_TURN * t);
    };
  }

  /**
   * How fast the noise's share changes.
   *
   * @param t the time
   * @return σ′(t)
   */
  public double sigmaSlope(double t) {
    return switch (this) {
      case LINEAR -> 1;
      case COSINE -> QUARTER_TURN * Math.cos(QUARTER_TURN * t);
    };
  }
}
