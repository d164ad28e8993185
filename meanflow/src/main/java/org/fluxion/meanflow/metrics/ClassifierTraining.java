package org.fluxion.meanflow.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.ValueAndGrad;
import org.fluxion.nn.AdamState;
import org.fluxion.nn.AdamW;
import org.fluxion.nn.Ema;
import org.fluxion.nn.Optimizer;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.Schedule;
import org.fluxion.nn.data.Batch;
import org.fluxion.nn.data.Batches;
import org.fluxion.nn.data.DataSet;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Losses;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * Makes the classifier that the metrics rest on. Everything follows from configuration and data:
 * the same ones give the same parameters, bit for bit, with any number of threads.
 */
public final class ClassifierTraining {
  private static final int CLASSES = 10;

  /** Which draw a key is for. */
  private static final int INITIAL = 0;

  private static final int SHIFTS = 1;
  private static final int DROPOUT = 2;

  private ClassifierTraining() {}

  /** What a run carries from step to step. */
  private record State(Parameters parameters, Parameters average, AdamState optimizer)
      implements Tree<State> {
    @Override
    public List<Tensor> leaves() {
      List<Tensor> leaves = new ArrayList<>(parameters.leaves());
      leaves.addAll(average.leaves());
      leaves.addAll(optimizer.leaves());
      return leaves;
    }

    @Override
    public State withLeaves(List<Tensor> leaves) {
      int split1 = parameters.size();
      int split2 = split1 + average.size();
      return new State(
          parameters.withLeaves(leaves.subList(0, split1)),
          average.withLeaves(leaves.subList(split1, split2)),
          optimizer.withLeaves(leaves.subList(split2, leaves.size())));
    }
  }

  /**
   * Trains a classifier with AdamW on the cross entropy.
   *
   * @param configuration how
   * @param data inputs [n, 1, 16, 16] and labels [n] from 0 to 9
   * @param device where
   * @param progress is told every step's number, from 0, and its mean loss
   * @return the classifier with the moving average of the parameters
   */
  public static Classifier train(
      ClassifierConfiguration configuration,
      DataSet data,
      Device device,
      BiConsumer<Integer, Double> progress) {
    DigitNetwork network =
        new DigitNetwork(configuration.width(), configuration.features(), CLASSES);
    RandomKey root = RandomKey.of(configuration.seed());
    Parameters initial = network.initialise(root.fold(INITIAL)).detach();
    AdamW optimizer = new AdamW().withWeightDecay(configuration.weightDecay());
    State start = new State(initial, initial, optimizer.initialise(initial));
    RandomKey dropout = new RandomKey(root.fold(DROPOUT).words().detach());
    Schedule schedule =
        Schedule.warmupCosine(
            configuration.learningRate(), configuration.warmupSteps(), configuration.steps());
    Ema ema = new Ema(configuration.averageDecay());
    Batches batches = data.batches(configuration.batchSize(), configuration.seed());
    try (Run<State, Batch, Tensor> run =
        Program.compile(
                (State state, Batch batch) ->
                    step(
                        network,
                        configuration.dropout(),
                        dropout,
                        optimizer,
                        schedule,
                        ema,
                        state,
                        batch),
                start,
                batches.at(0),
                device)
            .start(start)) {
      for (int i = 0; i < configuration.steps(); i++) {
        Batch batch = batches.at(i);
        Tensor moved = shifted(batch.inputs(), configuration.shift(), root.fold(SHIFTS).fold(i));
        progress.accept(i, run.step(new Batch(moved, batch.labels())).item());
      }
      return new Classifier(network, run.snapshot().average());
    }
  }

  private static Step<State, Tensor> step(
      DigitNetwork network,
      double rate,
      RandomKey dropout,
      AdamW optimizer,
      Schedule schedule,
      Ema ema,
      State state,
      Batch batch) {
    Tensor step = state.optimizer().step();
    ValueAndGrad<Parameters> loss =
        Autodiff.valueAndGrad(
            p -> {
              Tensor features = network.features(p, batch.inputs());
              Tensor kept = rate == 0 ? features : features.dropout(rate, dropout.step(step));
              return Losses.crossEntropy(network.logits(p, kept), batch.labels());
            },
            state.parameters());
    Optimizer.Update<AdamState> update =
        optimizer.update(loss.gradient(), state.optimizer(), state.parameters(), schedule.at(step));
    return new Step<>(
        new State(
            update.parameters(), ema.update(state.average(), update.parameters()), update.state()),
        loss.value());
  }

  /** Moves every image by whole pixels, as many as are drawn for it; background comes in. */
  static Tensor shifted(Tensor images, int largest, RandomKey key) {
    if (largest == 0) {
      return images;
    }
    int count = images.shape().extent(0);
    int extent = DigitNetwork.EXTENT;
    float[] pixels = images.toFloatArray();
    long[] bits = key.bits(Shape.of(count, 2)).toLongArray();
    float[] moved = new float[pixels.length];
    Arrays.fill(moved, -1);
    for (int i = 0; i < count; i++) {
      int down = Math.floorMod(bits[2 * i], 2 * largest + 1) - largest;
      int right = Math.floorMod(bits[2 * i + 1], 2 * largest + 1) - largest;
      for (int row = Math.max(0, down); row < Math.min(extent, extent + down); row++) {
        int source = (i * extent + row - down) * extent + Math.max(0, -right);
        int target = (i * extent + row) * extent + Math.max(0, right);
        System.arraycopy(pixels, source, moved, target, extent - Math.abs(right));
      }
    }
    return Tensor.of(moved, images.shape().extents());
  }
}
