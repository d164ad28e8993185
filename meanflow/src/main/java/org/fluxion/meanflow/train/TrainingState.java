package org.fluxion.meanflow.train;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.fluxion.nn.AdamState;
import org.fluxion.nn.AdamW;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * What a training run holds on the device and moves on in place.
 *
 * @param parameters the weights
 * @param optimizer the moments, and the number of steps taken
 * @param average the exponential moving average of the weights, which is what is sampled
 */
public record TrainingState(Parameters parameters, AdamState optimizer, Parameters average)
    implements Tree<TrainingState> {
  private static final String PARAMETERS = "parameters";
  private static final String OPTIMIZER = "optimizer";
  private static final String AVERAGE = "average";

  /**
   * The state before the first step.
   *
   * @param parameters the weights to start from, which are their own average
   * @param optimizer whose moments it holds
   * @return the state
   */
  public static TrainingState start(Parameters parameters, AdamW optimizer) {
    return new TrainingState(parameters, optimizer.initialise(parameters), parameters);
  }

  /**
   * The same state with its trees of parameters changed: made flat, or named again.
   *
   * @param change what is done to each of the four
   * @return the changed state
   */
  public TrainingState map(UnaryOperator<Parameters> change) {
    return new TrainingState(
        change.apply(parameters),
        new AdamState(
            optimizer.step(), change.apply(optimizer.first()), change.apply(optimizer.second())),
        change.apply(average));
  }

  /** The state as named tensors, for a checkpoint. */
  Parameters toParameters() {
    return Parameters.builder()
        .add(PARAMETERS, parameters)
        .add(OPTIMIZER, optimizer.toParameters())
        .add(AVERAGE, average)
        .build();
  }

  /** The state from a checkpoint's tensors: the inverse of {@link #toParameters}. */
  static TrainingState of(Parameters stored) {
    return new TrainingState(
        Parameters.of(stored.scope(PARAMETERS).asMap()),
        AdamState.of(stored.scope(OPTIMIZER)),
        Parameters.of(stored.scope(AVERAGE).asMap()));
  }

  @Override
  public List<Tensor> leaves() {
    List<Tensor> leaves = new ArrayList<>(parameters.leaves());
    leaves.addAll(optimizer.leaves());
    leaves.addAll(average.leaves());
    return List.copyOf(leaves);
  }

  @Override
  public TrainingState withLeaves(List<Tensor> leaves) {
    int first = parameters.size();
    int second = leaves.size() - average.size();
    return new TrainingState(
        parameters.withLeaves(leaves.subList(0, first)),
        optimizer.withLeaves(leaves.subList(first, second)),
        average.withLeaves(leaves.subList(second, leaves.size())));
  }

  @Override
  public List<String> leafNames() {
    List<String> names = new ArrayList<>(Tree.namesUnder(PARAMETERS, parameters));
    names.addAll(Tree.namesUnder(OPTIMIZER, optimizer));
    names.addAll(Tree.namesUnder(AVERAGE, average));
    return List.copyOf(names);
  }
}
