package org.fluxion.meanflow.loss;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * Everything random in one evaluation of a loss, so that a loss itself is a function. A loss reads
 * only what it needs: flow matching needs no second noise, and what is not read is never drawn.
 *
 * @param classDropout uniforms [batch], from 0 (included) to 1
 * @param flowTime standard normals [batch] behind the flow-matching part's time
 * @param firstTime standard normals [batch] behind one of the mean-flow part's times
 * @param secondTime standard normals [batch] behind the other
 * @param flowNoise standard normals of the images' shape, the noise of the flow-matching part
 * @param meanNoise standard normals of the images' shape, the noise of the mean-flow part
 */
public record Draws(
    Tensor classDropout,
    Tensor flowTime,
    Tensor firstTime,
    Tensor secondTime,
    Tensor flowNoise,
    Tensor meanNoise)
    implements Tree<Draws> {
  /**
   * Draws from a key, each from a fold of its own.
   *
   * @param key the key
   * @param images the images' shape
   * @param dtype float32 or float64
   * @return the draws
   */
  public static Draws of(RandomKey key, Shape images, DType dtype) {
    Shape batch = Shape.of(images.extent(0));
    return new Draws(
        key.fold(0).uniform(batch, dtype),
        key.fold(1).normal(batch, dtype),
        key.fold(2).normal(batch, dtype),
        key.fold(3).normal(batch, dtype),
        key.fold(4).normal(images, dtype),
        key.fold(5).normal(images, dtype));
  }

  @Override
  public List<Tensor> leaves() {
    return List.of(classDropout, flowTime, firstTime, secondTime, flowNoise, meanNoise);
  }

  @Override
  public Draws withLeaves(List<Tensor> leaves) {
    return new Draws(
        leaves.get(0), leaves.get(1), leaves.get(2), leaves.get(3), leaves.get(4), leaves.get(5));
  }

  @Override
  public List<String> leafNames() {
    return List.of("classDropout", "flowTime", "firstTime", "secondTime", "flowNoise", "meanNoise");
  }
}
