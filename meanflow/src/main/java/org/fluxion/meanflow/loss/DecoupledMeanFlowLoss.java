package org.fluxion.meanflow.loss;

import static org.fluxion.autodiff.Autodiff.jvp;
import static org.fluxion.autodiff.Autodiff.stopGradient;

import org.fluxion.autodiff.Jvp;
import org.fluxion.meanflow.model.FlowNetwork;
import org.fluxion.meanflow.model.FlowPoint;
import org.fluxion.meanflow.path.Path;
import org.fluxion.meanflow.path.Times;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Tensor;

/**
 * The loss of Decoupled MeanFlow (arXiv 2510.24474): half flow matching, which anchors the diagonal
 * u(x, t, t) = v, and half the MeanFlow identity u = v + (r − t)·du/dt (Geng et al., 2025), whose
 * derivative along the flow is one forward-mode derivative at (x_t, t, r) along (v, 1, 0). Both
 * parts share one network, and the encoder's blocks see t alone, so that in a compiled step the
 * guidance at r = t costs only the decoder: equal subgraphs are computed once.
 *
 * @param network what is trained
 * @param path the path between data and noise
 * @param times the proposals of times
 * @param guidance which velocity is taught
 * @param classDropout the share of samples that are told "no class"
 * @param weighting how the log-variance head weighs errors
 */
public record DecoupledMeanFlowLoss(
    FlowNetwork network,
    Path path,
    Times times,
    Guidance guidance,
    double classDropout,
    LogVarianceWeighting weighting)
    implements TrainingLoss {
  @Override
  public Losses apply(Parameters parameters, Tensor images, Tensor labels, Draws draws) {
    ClassDropout dropout = ClassDropout.of(classDropout, network.classes(), labels, draws);

    // Flow matching on the diagonal.
    Tensor flowTime = path.time(draws.flowTime().add(times.flowMean()));
    Tensor flowError = flowError(parameters, images, draws.flowNoise(), flowTime, dropout);
    Tensor flowLoss = weigh(parameters, flowError, images, flowTime, flowTime);

    // The MeanFlow identity between two times, of which t is the later on the path.
    Tensor first = path.time(draws.firstTime().add(times.firstMean()));
    Tensor second = path.time(draws.secondTime().add(times.secondMean()));
    Tensor t = first.maximum(second);
    Tensor r = first.minimum(second);
    Tensor meanError = meanError(parameters, images, draws.meanNoise(), t, r, dropout);
    Tensor meanLoss = weigh(parameters, meanError, images, t, r);

    return new Losses(flowLoss.add(meanLoss).mul(0.5), flowError, meanError, flowLoss, meanLoss);
  }

  private Tensor flowError(
      Parameters parameters, Tensor images, Tensor noise, Tensor t, ClassDropout dropout) {
    Tensor perImage = FlowMatchingLoss.perImage(t);
    Tensor x = path.point(images, noise, perImage);
    Tensor v = target(parameters, path.velocity(images, noise, perImage), x, t, dropout);
    Tensor u = network.apply(parameters, x, t, t, dropout.labels());
    return u.sub(v).square().sum(1, 2, 3);
  }

  private Tensor meanError(
      Parameters parameters,
      Tensor images,
      Tensor noise,
      Tensor t,
      Tensor r,
      ClassDropout dropout) {
    Tensor perImage = FlowMatchingLoss.perImage(t);
    Tensor x = path.point(images, noise, perImage);
    Tensor v = target(parameters, path.velocity(images, noise, perImage), x, t, dropout);
    Jvp<Tensor> u =
        jvp(
            (FlowPoint p) -> network.apply(parameters, p.x(), p.t(), p.r(), dropout.labels()),
            new FlowPoint(x, t, r),
            new FlowPoint(v, t.onesLike(), r.zerosLike()));
    Tensor horizon = FlowMatchingLoss.perImage(r.sub(t));
    Tensor target = stopGradient(v.add(horizon.mul(u.tangent())));
    return u.value().sub(target).square().sum(1, 2, 3);
  }

  /** The velocity that is taught at a point, a constant to every derivative. */
  private Tensor target(Parameters parameters, Tensor v, Tensor x, Tensor t, ClassDropout dropout) {
    return switch (guidance) {
      case Guidance.None none -> v;
      case Guidance.Model model -> {
        Tensor with = network.apply(parameters, x, t, t, dropout.labels());
        Tensor without = network.apply(parameters, x, t, t, noClass(dropout.labels()));
        Tensor guided = inside(t, model.low(), model.high()).and(dropout.dropped().not());
        Tensor strength = guided.cast(v.dtype()).mul(model.strength());
        yield stopGradient(v.add(FlowMatchingLoss.perImage(strength).mul(with.sub(without))));
      }
      case Guidance.Distill distill -> {
        Tensor with = distill.teacher().velocity(x, t, dropout.labels());
        Tensor without = distill.teacher().velocity(x, t, noClass(dropout.labels()));
        Tensor guided = without.add(with.sub(without).mul(distill.strength()));
        Tensor inside = FlowMatchingLoss.perImage(inside(t, distill.low(), distill.high()));
        yield stopGradient(Tensor.where(inside.broadcastTo(v.shape()), guided, with));
      }
    };
  }

  private static Tensor inside(Tensor t, double low, double high) {
    return t.greaterEqual(Tensor.scalar(low, t.dtype()))
        .and(t.lessEqual(Tensor.scalar(high, t.dtype())));
  }

  private Tensor noClass(Tensor labels) {
    return Tensor.scalar(network.classes(), labels.dtype()).broadcastTo(labels.shape());
  }

  private Tensor weigh(Parameters parameters, Tensor error, Tensor images, Tensor t, Tensor r) {
    long elements = images.shape().elements() / images.shape().extent(0);
    return weighting.apply(error.div(elements), network.logVariance(parameters, t, r));
  }
}
