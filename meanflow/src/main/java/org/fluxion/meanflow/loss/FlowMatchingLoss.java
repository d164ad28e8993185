package org.fluxion.meanflow.loss;

import org.fluxion.meanflow.model.FlowNetwork;
import org.fluxion.meanflow.path.Path;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Flow matching (Lipman et al., 2023): the mean squared error of the velocity at a random time.
 *
 * @param network what is trained, asked with r = t
 * @param path the path between data and noise
 * @param timeMean the mean of the normal draw behind the time
 * @param classDropout the share of samples that are told "no class"
 */
public record FlowMatchingLoss(FlowNetwork network, Path path, double timeMean, double classDropout)
    implements TrainingLoss {
  @Override
  public Losses apply(Parameters parameters, Tensor images, Tensor labels, Draws draws) {
    ClassDropout dropout = ClassDropout.of(classDropout, network.classes(), labels, draws);
    Tensor t = path.time(draws.flowTime().add(timeMean));
    Tensor perImage = perImage(t);
    Tensor x = path.point(images, draws.flowNoise(), perImage);
    Tensor v = path.velocity(images, draws.flowNoise(), perImage);
    Tensor u = network.apply(parameters, x, t, t, dropout.labels());
    Tensor squares = u.sub(v).square();
    Tensor loss = squares.mean(1, 2, 3);
    Tensor none = loss.zerosLike();
    return new Losses(loss, squares.sum(1, 2, 3), none, loss, none);
  }

  /** Times [batch] beside images. */
  static Tensor perImage(Tensor time) {
    return time.reshape(Shape.of(time.shape().extent(0), 1, 1, 1));
  }
}
