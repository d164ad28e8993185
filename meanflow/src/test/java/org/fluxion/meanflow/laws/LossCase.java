package org.fluxion.meanflow.laws;

import java.util.Collections;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.fluxion.meanflow.loss.Draws;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;

/**
 * What a loss of the {@link ExactNetwork} is asked for: four images of two by two.
 *
 * @param means of each class and of no class
 * @param spread of all of them
 * @param label the class of all four images
 * @param flowTime the normal draw behind the flow-matching part's time, of all four
 * @param firstTime that behind one of the mean-flow part's times
 * @param secondTime that behind the other
 * @param strength of guidance
 * @param data numbers for data, 16
 * @param noise numbers for both noises, 32
 */
record LossCase(
    List<Float> means,
    float spread,
    int label,
    float flowTime,
    float firstTime,
    float secondTime,
    float strength,
    List<Float> data,
    List<Float> noise) {
  static final int CLASSES = 2;
  static final int BATCH = 4;
  static final int ELEMENTS = 4;
  private static final int[] IMAGES = {BATCH, 1, 2, 2};

  static Arbitrary<LossCase> any() {
    Arbitrary<Float> numbers = FlowCase.floats(-2, 2);
    return Combinators.combine(
            numbers.list().ofSize(CLASSES + 1),
            FlowCase.floats(0.25f, 2),
            Arbitraries.integers().between(0, CLASSES),
            numbers,
            numbers,
            numbers,
            FlowCase.floats(0.25f, 2))
        .flatAs(
            (means, spread, label, flow, first, second, strength) ->
                Combinators.combine(
                        numbers.list().ofSize(BATCH * ELEMENTS),
                        numbers.list().ofSize(2 * BATCH * ELEMENTS))
                    .as(
                        (data, noise) ->
                            new LossCase(
                                means, spread, label, flow, first, second, strength, data, noise)));
  }

  /** The same with a single point for data. */
  LossCase atPoints() {
    return new LossCase(means, 0, label, flowTime, firstTime, secondTime, strength, data, noise);
  }

  /** The same without a difference between classes. */
  LossCase withoutClasses() {
    return new LossCase(
        Collections.nCopies(CLASSES + 1, means.getFirst()),
        spread,
        label,
        flowTime,
        firstTime,
        secondTime,
        strength,
        data,
        noise);
  }

  Parameters parameters(DType dtype) {
    return Parameters.of(
        ExactNetwork.MEAN,
        tensor(means, dtype, CLASSES + 1),
        ExactNetwork.SPREAD,
        Tensor.scalar((double) spread, dtype));
  }

  Tensor labels() {
    return Tensor.tensor(label, label, label, label);
  }

  /** The flow of the images' class. */
  GaussianFlow flow(DType dtype) {
    return new GaussianFlow(
        Tensor.scalar((double) means.get(label), dtype), Tensor.scalar((double) spread, dtype));
  }

  /** Any data: m + s·z for the numbers z. */
  Tensor images(DType dtype) {
    return dataAt(tensor(data, dtype, IMAGES), dtype);
  }

  Draws draws(DType dtype) {
    return draws(
        tensor(noise.subList(0, BATCH * ELEMENTS), dtype, IMAGES),
        tensor(noise.subList(BATCH * ELEMENTS, 2 * BATCH * ELEMENTS), dtype, IMAGES),
        dtype);
  }

  /**
   * The whole population in four images. The mean of a polynomial of degree 3 in each of two
   * independent standard normals is its mean at the four corners (±1, ±1): Gauss and Hermite's rule
   * of two nodes. Squared errors and their gradients are quadratic in data and noise, so that a sum
   * over four images, in which each element meets each corner, is a multiple of their expectation.
   */
  Tensor population(DType dtype) {
    return dataAt(corners(1, dtype), dtype);
  }

  /** The noise of the {@link #population}. */
  Draws populationDraws(DType dtype) {
    return draws(corners(2, dtype), corners(2, dtype), dtype);
  }

  private Tensor dataAt(Tensor z, DType dtype) {
    GaussianFlow flow = ExactNetwork.flow(parameters(dtype), labels());
    return flow.mean().add(flow.spread().mul(z));
  }

  private Draws draws(Tensor flowNoise, Tensor meanNoise, DType dtype) {
    return new Draws(
        all(0.5f, dtype),
        all(flowTime, dtype),
        all(firstTime, dtype),
        all(secondTime, dtype),
        flowNoise,
        meanNoise);
  }

  /** In each element another order of signs, which one bit of its place in the order says. */
  private static Tensor corners(int bit, DType dtype) {
    double[] signs = new double[BATCH * ELEMENTS];
    for (int image = 0; image < BATCH; image++) {
      for (int element = 0; element < ELEMENTS; element++) {
        signs[image * ELEMENTS + element] = ((image + element) & bit) == 0 ? 1 : -1;
      }
    }
    return Tensor.of(signs, IMAGES).cast(dtype).detach();
  }

  private static Tensor all(float number, DType dtype) {
    return tensor(Collections.nCopies(BATCH, number), dtype, BATCH);
  }

  private static Tensor tensor(List<Float> numbers, DType dtype, int... extents) {
    double[] values = numbers.stream().mapToDouble(Float::doubleValue).toArray();
    return Tensor.of(values, extents).cast(dtype).detach();
  }
}
