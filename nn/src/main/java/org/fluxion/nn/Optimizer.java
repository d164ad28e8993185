package org.fluxion.nn;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * A rule that moves parameters against their gradient: a pure function, whose memory (moments, step
 * count) is a tree that goes in and comes out, so that a compiled program can hold it. Everything
 * is elementwise in each tensor. Parameters are float32 or float64.
 *
 * @param <S> the state
 */
public interface Optimizer<S extends Tree<S>> {
  /**
   * The state before the first step.
   *
   * @param parameters what will be optimised
   * @return zeros
   */
  S initialise(Parameters parameters);

  /**
   * One step.
   *
   * @param gradient the loss's gradient, under the parameters' names
   * @param state the state so far
   * @param parameters the parameters so far
   * @param learningRate a floating-point scalar
   * @return parameters and state after it; the arguments stay as they are
   * @throws IllegalArgumentException if names differ
   */
  Update<S> update(Parameters gradient, S state, Parameters parameters, Tensor learningRate);

  /**
   * One step of a fixed learning rate. In a program that is compiled once the rate is a constant;
   * give a schedule's rate as a tensor.
   *
   * @param gradient the loss's gradient, under the parameters' names
   * @param state the state so far
   * @param parameters the parameters so far
   * @param learningRate the rate, rounded to each parameter's dtype
   * @return parameters and state after it; the arguments stay as they are
   * @throws IllegalArgumentException if names differ
   */
  default Update<S> update(
      Parameters gradient, S state, Parameters parameters, double learningRate) {
    boolean wide = parameters.leaves().stream().anyMatch(p -> p.dtype() == DType.FLOAT64);
    Tensor rate = Tensor.scalar(learningRate, wide ? DType.FLOAT64 : DType.FLOAT32);
    return update(gradient, state, parameters, rate);
  }

  /**
   * What a step gives.
   *
   * @param parameters the new parameters
   * @param state the new state
   * @param <S> the state
   */
  record Update<S extends Tree<S>>(Parameters parameters, S state) implements Tree<Update<S>> {
    @Override
    public List<Tensor> leaves() {
      List<Tensor> leaves = new ArrayList<>(parameters.leaves());
      leaves.addAll(state.leaves());
      return List.copyOf(leaves);
    }

    @Override
    public Update<S> withLeaves(List<Tensor> leaves) {
      int split = parameters.size();
      return new Update<>(
          parameters.withLeaves(leaves.subList(0, split)),
          state.withLeaves(leaves.subList(split, leaves.size())));
    }

    @Override
    public List<String> leafNames() {
      List<String> names = new ArrayList<>(Tree.namesUnder("parameters", parameters));
      names.addAll(Tree.namesUnder("state", state));
      return List.copyOf(names);
    }
  }
}
