package org.fluxion.meanflow.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.fluxion.meanflow.sample.Scheme;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;

/**
 * The exact average velocity in a network's place, and what its sampler's state was each time that
 * it was asked. It is affine in x, so that a sampler over it is affine in all its noises: what it
 * makes of them is known from what it makes of zeros and of each one alone.
 */
final class GaussianVelocities implements Scheme.Velocities {
  private final float mean;
  private final float spread;
  private final IntFunction<double[]> noise;
  private final List<double[]> states = new ArrayList<>();

  GaussianVelocities(float mean, float spread, IntFunction<double[]> noise) {
    this.mean = mean;
    this.spread = spread;
    this.noise = noise;
  }

  @Override
  public double[] at(double[] x, double t, double r) {
    states.add(x);
    return flow(DType.FLOAT64)
        .averageVelocity(
            Tensor.tensor(x), Tensor.scalar(t, DType.FLOAT64), Tensor.scalar(r, DType.FLOAT64))
        .toDoubleArray();
  }

  @Override
  public double[] noise(int number) {
    return noise.apply(number);
  }

  /** The state before each step. */
  List<double[]> states() {
    return states;
  }

  GaussianFlow flow(DType dtype) {
    return new GaussianFlow(
        Tensor.scalar((double) mean, dtype), Tensor.scalar((double) spread, dtype));
  }

  /** g(t). */
  double deviation(double t) {
    return Math.hypot((1 - t) * spread, t);
  }
}
