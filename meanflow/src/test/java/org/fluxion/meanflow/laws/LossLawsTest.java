package org.fluxion.meanflow.laws;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.fluxion.meanflow.loss.DecoupledMeanFlowLoss;
import org.fluxion.meanflow.loss.FlowMatchingLoss;
import org.fluxion.meanflow.loss.Guidance;
import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.fluxion.meanflow.loss.Losses;
import org.fluxion.meanflow.loss.TrainingLoss;
import org.fluxion.meanflow.path.Path;
import org.fluxion.meanflow.path.Times;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;

/**
 * The losses of a network that has learned everything. A conditional velocity is one draw of which
 * the velocity is the mean, so that the loss of the exact solution is not zero but the draws'
 * variance; it is zero where nothing is drawn: if the data are one point, or if a teacher's exact
 * velocity is in the conditional one's place. (No edge cases: of few tries most would be of zeros.)
 */
class LossLawsTest {
  private static final String SEED = "2510244740";
  private static final double RATE = 0.1;
  private static final ExactNetwork NETWORK = new ExactNetwork(LossCase.CLASSES);
  private static final FlowMatchingLoss FLOW_MATCHING =
      new FlowMatchingLoss(NETWORK, Path.LINEAR, 0, RATE);

  @Provide
  Arbitrary<LossCase> cases() {
    return LossCase.any();
  }

  private static DecoupledMeanFlowLoss meanFlow(Guidance guidance) {
    return meanFlow(guidance, RATE);
  }

  private static DecoupledMeanFlowLoss meanFlow(Guidance guidance, double rate) {
    return new DecoupledMeanFlowLoss(
        NETWORK,
        Path.LINEAR,
        new Times(0.5, 0.25, -0.5),
        guidance,
        rate,
        LogVarianceWeighting.PER_SAMPLE);
  }

  /** The exact velocity as a teacher, whose guidance some times are inside of and some outside. */
  private static Guidance exactTeacher(LossCase c, DType dtype, double strength) {
    return exactTeacher(c.parameters(dtype), strength, 0.25, 0.75);
  }

  private static Guidance exactTeacher(LossCase c, double strength, double low, double high) {
    return exactTeacher(c.parameters(DType.FLOAT64), strength, low, high);
  }

  private static Guidance exactTeacher(
      Parameters parameters, double strength, double low, double high) {
    return new Guidance.Distill(
        (x, t, labels) ->
            ExactNetwork.flow(parameters, labels).velocity(x, ExactNetwork.perImage(t)),
        strength,
        low,
        high);
  }

  private static Losses of(TrainingLoss loss, LossCase c, DType dtype) {
    return loss.apply(c.parameters(dtype), c.images(dtype), c.labels(), c.draws(dtype));
  }

  private static Tensor gradient(
      TrainingLoss loss, LossCase c, DType dtype, Function<Losses, Tensor> part) {
    return flat(
        grad(
            (Parameters p) ->
                part.apply(loss.apply(p, c.images(dtype), c.labels(), c.draws(dtype))).sum(),
            c.parameters(dtype)));
  }

  private static Tensor populationGradient(
      TrainingLoss loss, LossCase c, DType dtype, Function<Losses, Tensor> part) {
    return flat(
        grad(
            (Parameters p) ->
                part.apply(loss.apply(p, c.population(dtype), c.labels(), c.populationDraws(dtype)))
                    .sum(),
            c.parameters(dtype)));
  }

  private static Tensor flat(Parameters gradient) {
    return Tensor.concat(0, gradient.leaves().stream().map(leaf -> leaf.reshape(-1)).toList());
  }

  /**
   * If all data are one point, each draw of a velocity is the velocity: the errors of the exact
   * solution are zero, its weighted loss is the weighting's floor, and the gradient of what
   * training minimises is zero.
   */
  @Property(tries = 12, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void atASinglePointLossesAndGradientsAreZero(@ForAll("cases") LossCase any) {
    LossCase c = any.atPoints();
    DecoupledMeanFlowLoss meanFlow = meanFlow(new Guidance.None());
    Rounding.vanishes("flow matching", dtype -> of(FLOW_MATCHING, c, dtype).perSample());
    Rounding.vanishes("flow matching's sum", dtype -> of(FLOW_MATCHING, c, dtype).flowError());
    Rounding.vanishes("the flow-matching part", dtype -> of(meanFlow, c, dtype).flowError());
    Rounding.vanishes("the mean-flow part", dtype -> of(meanFlow, c, dtype).meanError());
    Rounding.vanishes(
        "the weighted loss less its floor",
        dtype -> of(meanFlow, c, dtype).perSample().sub(Tensor.scalar(0.01, dtype).log()));
    Rounding.vanishes(
        "flow matching's gradient", dtype -> gradient(FLOW_MATCHING, c, dtype, Losses::mean));
    Rounding.vanishes(
        "Decoupled MeanFlow's gradient", dtype -> gradient(meanFlow, c, dtype, Losses::mean));
  }

  /**
   * With the exact velocity in the conditional one's place, a teacher's whose guidance of strength
   * 1 is none, the errors of both parts and their gradients are zero for whatever data.
   */
  @Property(tries = 12, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void withTheExactVelocityErrorsAndGradientsAreZero(@ForAll("cases") LossCase c) {
    for (Function<Losses, Tensor> part :
        List.<Function<Losses, Tensor>>of(Losses::flowError, Losses::meanError, Losses::mean)) {
      Rounding.vanishes(
          "gradient", dtype -> gradient(meanFlow(exactTeacher(c, dtype, 1)), c, dtype, part));
    }
    Rounding.vanishes(
        "the flow-matching part",
        dtype -> of(meanFlow(exactTeacher(c, dtype, 1)), c, dtype).flowError());
    Rounding.vanishes(
        "the mean-flow part",
        dtype -> of(meanFlow(exactTeacher(c, dtype, 1)), c, dtype).meanError());
  }

  /**
   * On average over data and noise the exact solution cannot be improved: the gradient of each
   * part's expected squared error is zero.
   */
  @Property(tries = 12, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void onAverageTheExactSolutionIsStationary(@ForAll("cases") LossCase c) {
    DecoupledMeanFlowLoss meanFlow = meanFlow(new Guidance.None());
    Rounding.vanishes(
        "flow matching", dtype -> populationGradient(FLOW_MATCHING, c, dtype, Losses::mean));
    Rounding.vanishes(
        "the flow-matching part",
        dtype -> populationGradient(meanFlow, c, dtype, Losses::flowError));
    Rounding.vanishes(
        "the mean-flow part", dtype -> populationGradient(meanFlow, c, dtype, Losses::meanError));
  }

  /**
   * What is left of the exact solution's expected error is the variance of the velocities drawn:
   * s²/Γ(t) in flow matching; in the mean-flow part a draw's error v_t − v reaches the target times
   * 1 + (r − t)·∂u/∂x, the flow map's slope g(r)/g(t), so that s²·Γ(r)/Γ(t)² is left.
   */
  @Property(tries = 12, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void whatIsLeftIsTheVarianceOfTheVelocitiesDrawn(@ForAll("cases") LossCase c) {
    DecoupledMeanFlowLoss meanFlow = meanFlow(new Guidance.None());
    Rounding.vanishes(
        "flow matching",
        dtype ->
            population(FLOW_MATCHING, c, dtype, Losses::perSample).mean().sub(left(c, 0, dtype)));
    Rounding.vanishes(
        "the flow-matching part",
        dtype ->
            population(meanFlow, c, dtype, Losses::flowError)
                .mean()
                .div(LossCase.ELEMENTS)
                .sub(left(c, 0.5f, dtype)));
    Rounding.vanishes(
        "the mean-flow part",
        dtype -> {
          GaussianFlow flow = c.flow(dtype);
          Tensor first = time(c.firstTime(), 0.25f, dtype);
          Tensor second = time(c.secondTime(), -0.5f, dtype);
          Tensor later = flow.variance(first.maximum(second));
          Tensor earlier = flow.variance(first.minimum(second));
          return population(meanFlow, c, dtype, Losses::meanError)
              .mean()
              .div(LossCase.ELEMENTS)
              .sub(flow.spread().square().mul(earlier).div(later.square()));
        });
  }

  private static Tensor population(
      TrainingLoss loss, LossCase c, DType dtype, Function<Losses, Tensor> part) {
    return part.apply(
        loss.apply(c.parameters(dtype), c.population(dtype), c.labels(), c.populationDraws(dtype)));
  }

  private static Tensor left(LossCase c, float timeMean, DType dtype) {
    GaussianFlow flow = c.flow(dtype);
    return flow.spread().square().div(flow.variance(time(c.flowTime(), timeMean, dtype)));
  }

  private static Tensor time(float draw, float mean, DType dtype) {
    return Path.LINEAR.time(Tensor.scalar((double) draw, dtype).add(mean));
  }

  /**
   * Model guidance is none if its strength is 0, if the class makes no difference, if every class
   * is dropped, or outside its interval: to the last bit.
   */
  @Property(tries = 10, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void guidanceIsNoneWhereThereIsNothingToGuide(@ForAll("cases") LossCase c) {
    Guidance none = new Guidance.None();
    Guidance model = new Guidance.Model(c.strength(), 0, 1);
    same(of(meanFlow(none), c), of(meanFlow(new Guidance.Model(0, 0, 1)), c));
    same(of(meanFlow(none), c), of(meanFlow(new Guidance.Model(c.strength(), 0, 0)), c));
    same(of(meanFlow(none, 1), c), of(meanFlow(model, 1), c));
    same(
        of(meanFlow(exactTeacher(c, 1, 0, 0)), c),
        of(meanFlow(exactTeacher(c, 1 + c.strength(), 0, 0)), c));
    LossCase alike = c.withoutClasses();
    same(of(meanFlow(none), alike), of(meanFlow(model), alike));
  }

  private static Losses of(TrainingLoss loss, LossCase c) {
    return of(loss, c, DType.FLOAT64);
  }

  private static void same(Losses a, Losses b) {
    for (int i = 0; i < a.leaves().size(); i++) {
      assertArrayEquals(a.leaves().get(i).toDoubleArray(), b.leaves().get(i).toDoubleArray());
    }
  }

  /**
   * Guidance of either kind pulls in proportion to its strength: the gradients of both parts'
   * squared errors, which are linear in the target, and through it and the derivative along it in
   * the velocity that is taught, are affine in the strength.
   */
  @Property(tries = 10, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void gradientsAreAffineInTheStrengthOfGuidance(@ForAll("cases") LossCase c) {
    affine(c, (dtype, strength) -> new Guidance.Model(strength, 0.25, 0.75));
    affine(c, (dtype, strength) -> exactTeacher(c, dtype, strength));
  }

  private static void affine(LossCase c, BiFunction<DType, Double, Guidance> guidance) {
    for (Function<Losses, Tensor> part :
        List.<Function<Losses, Tensor>>of(Losses::flowError, Losses::meanError)) {
      Rounding.vanishes(
          "second difference",
          dtype -> {
            Tensor[] gradients = new Tensor[3];
            for (int i = 0; i < 3; i++) {
              double strength = i * c.strength();
              gradients[i] = gradient(meanFlow(guidance.apply(dtype, strength)), c, dtype, part);
            }
            return gradients[0].sub(gradients[1].mul(2)).add(gradients[2]);
          });
    }
  }

  /** Guidance is heard: where classes differ, inside the interval, it changes the errors. */
  @Property(tries = 10, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void whereClassesDifferGuidanceChangesTheErrors(@ForAll("cases") LossCase c) {
    Assume.that(Math.abs(c.means().get(c.label()) - c.means().getLast()) > 0.01);
    Losses none = of(meanFlow(new Guidance.None()), c);
    Losses guided = of(meanFlow(new Guidance.Model(c.strength(), 0, 1)), c);
    Losses taught = of(meanFlow(exactTeacher(c, 1, 0, 1)), c);
    Losses guidedly = of(meanFlow(exactTeacher(c, 1 + c.strength(), 0, 1)), c);
    differ(none, guided);
    differ(taught, guidedly);
  }

  private static void differ(Losses a, Losses b) {
    for (int i = 0; i < a.leaves().size(); i++) {
      assertFalse(
          Arrays.equals(a.leaves().get(i).toDoubleArray(), b.leaves().get(i).toDoubleArray()));
    }
  }
}
