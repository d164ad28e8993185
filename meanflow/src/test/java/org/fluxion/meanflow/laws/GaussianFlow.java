package org.fluxion.meanflow.laws;

import org.fluxion.tensor.Tensor;

/**
 * The flow between standard normal noise and normal data N(m, s²) along straight lines, in closed
 * form. It is the one case in which all that a flow model and a flow map try to learn is known, so
 * that whatever is claimed of them can be held against it.
 *
 * <p><b>Where images are.</b> x_t = (1 − t)·x + t·ε is normal with mean μ(t) = (1 − t)·m and
 * variance Γ(t) = (1 − t)²·s² + t²; write g = √Γ. All elements are independent, so that one is
 * enough.
 *
 * <p><b>The velocity</b> is the mean of the conditional velocity ε − x given x_t. Both are normal,
 * hence v(x, t) = E[ε − x] + Cov(ε − x, x_t)/Γ·(x − μ) with E[ε − x] = −m and Cov = t − (1 − t)·s²
 * = Γ′/2. So v = μ′ + (g′/g)·(x − μ), and what the conditional velocity varies by around it is (1 +
 * s²) − Cov²/Γ = s²/Γ.
 *
 * <p><b>The flow map</b> solves dx/dt = v: the deviation from the mean obeys y′ = (g′/g)·y, so y/g
 * is constant, and x_r = μ(r) + (g(r)/g(t))·(x − μ(t)). It carries each quantile to itself.
 *
 * <p><b>The average velocity</b> is (x_r − x_t)/(r − t) = −m + (g(r) − g(t))/((r − t)·g(t))·(x −
 * μ(t)). The difference of roots is (Γ(r) − Γ(t))/(g(r) + g(t)), and Γ is quadratic, so that r − t
 * divides out: (Γ(r) − Γ(t))/(r − t) = (1 + s²)·(r + t) − 2s². What is left has no quotient of
 * differences, and on the diagonal it is the velocity.
 *
 * <p>For s = 0 the data are one point, and u = v = (x − m)/t, the conditional velocity itself.
 *
 * @param mean m, which broadcasts against x
 * @param spread s, which broadcasts against times
 */
record GaussianFlow(Tensor mean, Tensor spread) {
  /** μ(t). */
  Tensor center(Tensor t) {
    return t.neg().add(1).mul(mean);
  }

  /** Γ(t). */
  Tensor variance(Tensor t) {
    return t.neg().add(1).mul(spread).square().add(t.square());
  }

  /** g(t). */
  Tensor deviation(Tensor t) {
    return variance(t).sqrt();
  }

  /** v(x, t). */
  Tensor velocity(Tensor x, Tensor t) {
    Tensor square = spread.square();
    Tensor rate = square.add(1).mul(t).sub(square).div(variance(t));
    return rate.mul(x.sub(center(t))).sub(mean);
  }

  /** u(x, t, r). */
  Tensor averageVelocity(Tensor x, Tensor t, Tensor r) {
    Tensor square = spread.square();
    Tensor difference = square.add(1).mul(r.add(t)).sub(square.mul(2));
    Tensor here = deviation(t);
    Tensor rate = difference.div(deviation(r).add(here).mul(here));
    return rate.mul(x.sub(center(t))).sub(mean);
  }

  /** x_r, from x_t = x. */
  Tensor map(Tensor x, Tensor t, Tensor r) {
    return center(r).add(deviation(r).div(deviation(t)).mul(x.sub(center(t))));
  }
}
