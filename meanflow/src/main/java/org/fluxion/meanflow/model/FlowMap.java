package org.fluxion.meanflow.model;

import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Tensor;

/**
 * A flow map: the average velocity of an image between two times, so that one step may go all the
 * way: x_r = x_t + (r − t)·u(x_t, t, r).
 *
 * @param transformer the network
 * @param parameters its parameters
 */
public record FlowMap(DiffusionTransformer transformer, Parameters parameters) {
  /**
   * A flow model seen as a flow map. No weight is touched: the last blocks are told where the image
   * is going instead of where it is, which for r = t is the same.
   *
   * @param flow the flow model
   * @param decoderDepth how many of the last blocks see r; about a third of them works well
   * @return the flow map, over the same parameters
   */
  public static FlowMap convert(FlowModel flow, int decoderDepth) {
    return new FlowMap(flow.transformer().withDecoderDepth(decoderDepth), flow.parameters());
  }

  /**
   * The average velocity.
   *
   * @param x images [batch, channels, size, size]
   * @param t where they are, [batch]
   * @param r where they are going, [batch]
   * @param labels classes [batch]
   * @return floats of the images' shape
   */
  public Tensor averageVelocity(Tensor x, Tensor t, Tensor r, Tensor labels) {
    return transformer.apply(parameters, x, t, r, labels);
  }
}
