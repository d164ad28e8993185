package org.fluxion.meanflow.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.fluxion.nn.FlatParameters;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.Schedule;
import org.fluxion.nn.data.DataSet;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Trains a model in a run's folder: one compiled program, whose state (weights, AdamW's moments,
 * moving average) stays on the device and is updated in place. A step depends on the state, the
 * seed and the step's number alone, so that a run that was interrupted, at whatever moment, goes on
 * from its last checkpoint to the same weights, bit for bit.
 *
 * <p>{@link #train} belongs to one thread; {@link #stop} may be called from any.
 */
public final class Trainer {
  /** Folds of the seed's key, far from those that number the data's epochs. */
  private static final long INITIAL_FOLD = 1L << 62;

  private static final long DRAWS_FOLD = INITIAL_FOLD + 1;
  private static final double NANOS = 1e9;

  /** The note of a model that says how many steps it was trained for. */
  private static final String STEPS = "steps";

  /** Of the averaged weights: more than so much of what a run began with is worth a word. */
  private static final double TOLD_SHARE = 0.05;

  private final TrainingConfiguration configuration;
  private final RunFolder folder;
  private final Device device;
  private TrainingListener listener = TrainingListener.NONE;
  private Optional<Long> memoryLimit = Optional.empty();
  private DType modelDType = DType.FLOAT32;
  private volatile boolean stopping;
  private final Object compilation = new Object();

  /** The thread that compiles kernels; guarded by {@link #compilation}. */
  private Thread compiling;

  /**
   * A trainer of a run, new or begun before: if its folder holds checkpoints, it goes on from the
   * newest that is whole.
   *
   * @param configuration the run's configuration
   * @param folder the run's folder, which the caller closes
   * @param device where to compute
   */
  public Trainer(TrainingConfiguration configuration, RunFolder folder, Device device) {
    this.configuration = configuration;
    this.folder = folder;
    this.device = device;
  }

  /**
   * Has a listener told of what happens.
   *
   * @param told the listener, in place of the one before
   * @return this
   */
  public Trainer listener(TrainingListener told) {
    listener = told;
    return this;
  }

  /**
   * Has the program take no more than some memory, in place of the device's own, or of what is free
   * of the host's.
   *
   * @param bytes the limit
   * @return this
   */
  public Trainer memoryLimit(long bytes) {
    memoryLimit = Optional.of(bytes);
    return this;
  }

  /**
   * Has the trained model's file hold its weights in another dtype.
   *
   * @param dtype float32, which is the default, or float16
   * @return this
   */
  public Trainer modelDType(DType dtype) {
    modelDType = dtype;
    return this;
  }

  /**
   * Asks {@link #train} to write a checkpoint after the step that it is at, and to return. While
   * kernels are compiled, before the first step or in it, no more of them are begun on a device
   * that heeds {@linkplain Device#prepare interruption}: that step is then not taken.
   */
  public void stop() {
    synchronized (compilation) {
      stopping = true;
      if (compiling != null) {
        compiling.interrupt();
      }
    }
  }

  /** Does what compiles kernels, which {@link #stop} interrupts. */
  private <T> T compiling(Supplier<T> work) {
    synchronized (compilation) {
      compiling = Thread.currentThread();
      if (stopping) {
        compiling.interrupt();
      }
    }
    try {
      return work.get();
    } finally {
      synchronized (compilation) {
        compiling = null;
        // Files are written next, for which an interruption would be an error.
        if (stopping) {
          Thread.interrupted();
        }
      }
    }
  }

  /**
   * How far training came.
   *
   * @param begunAt the number of steps that had been taken before
   * @param step the number of steps taken
   * @param finished whether those are all
   * @param kept whether there was nothing to do at all: every file of the run is as it was, except
   *     that its configuration is this one, which may be of another length
   * @param model the moving average of the weights, in float32
   */
  public record Result(long begunAt, long step, boolean finished, boolean kept, ModelFile model) {}

  /**
   * Trains to the last step, or until {@link #stop}. The trained model is then in the folder, at
   * {@link RunFolder#model}. If the run was finished before, all its files stay as they are, except
   * for a configuration of another length; what is refused changes none.
   *
   * @return how far it came
   * @throws IOException if a file cannot be read or written
   * @throws IllegalArgumentException if the program needs more memory than there is, the initial
   *     weights are of another shape, there is no folder of the data, the run was begun with
   *     another configuration: only its length and the folder of its data may change, or it has
   *     taken more steps than are asked for
   * @throws IllegalStateException if the loss is no longer finite; the last checkpoint stays
   */
  public Result train() throws IOException {
    Parameters initial = configuration.model().transformer().initialise(key().fold(INITIAL_FOLD));
    FlatParameters layout = FlatParameters.of(initial);
    TrainingStep step = TrainingStep.of(configuration, layout);
    TrainingState named = fresh(initial);
    Checkpoints checkpoints = new Checkpoints(folder.checkpoints());
    Optional<Checkpoint> found =
        checkpoints.latest(configuration, named, step.metrics(), listener::notice);
    if (found.isPresent() && isFinished(found.get().step())) {
      // It may tell of a longer run, which was begun and took no step that was saved.
      if (!configuration.equals(folder.readConfiguration())) {
        folder.writeConfiguration(configuration);
      }
      long steps = found.get().step();
      return new Result(steps, steps, true, true, model(steps, found.get().state().average()));
    }
    Checkpoint start =
        found.isPresent()
            ? found.get()
            : new Checkpoint(
                0, configuration, fresh(weights(initial)), new MetricSums(step.metrics()));
    if (start.step() == configuration.steps()) {
      folder.writeConfiguration(configuration);
      return finish(start.step(), start.step(), start.state().average());
    }
    listener.preparing(start.step());
    DataSet data = configuration.data().read();
    Program<TrainingState, TrainingBatch, Tensor> program = compile(step, named);
    try (MetricsLog log = MetricsLog.open(folder.metrics(), start.step());
        TrainingRun run =
            compiling(
                () ->
                    TrainingRun.start(
                        step,
                        program,
                        start.state(),
                        data.batches(configuration.batchSize(), configuration.seed()),
                        key().fold(DRAWS_FOLD)))) {
      // Not before what may be wrong: an error stands by itself, and changes nothing.
      folder.writeConfiguration(configuration);
      folder.keepDevice(device.name());
      tellWhatIsShort();
      listener.started(configuration, start.step());
      return new Steps(step, checkpoints, log, run, start).take();
    } catch (CancellationException stopped) {
      if (!stopping) {
        throw stopped;
      }
      return finish(start.step(), start.step(), start.state().average());
    }
  }

  /** Whether the last step was taken and its model is whole, which a kill may have prevented. */
  private boolean isFinished(long taken) throws IOException {
    Path file = folder.model(configuration.objective().kind());
    if (taken < configuration.steps() || !Files.exists(file)) {
      return false;
    }
    try {
      // A longer run has written over the model of a shorter one, unless it was killed before.
      return Long.toString(taken).equals(ModelFile.read(file).notes().get(STEPS));
    } catch (IOException unusable) {
      if (!DamagedFileException.isOfContents(unusable)) {
        throw unusable;
      }
      return false;
    }
  }

  /** What a configuration made for long runs does to a short one. */
  private void tellWhatIsShort() {
    int steps = configuration.steps();
    int configured = configuration.schedule().warmUpSteps();
    int warmUp = configuration.schedule().warmUpSteps(steps);
    if (warmUp < configured) {
      listener.notice(
          "of the run's %,d steps the first%s its warm-up: schedule.warmUpSteps, %,d, is cut to half of a short run"
              .formatted(steps, warmUp == 1 ? " is" : " %,d are".formatted(warmUp), configured));
    }
    double share = Math.pow(configuration.emaDecay(), steps);
    if (share > TOLD_SHARE) {
      listener.notice(
          "the model is the moving average of the weights, of which %.0f%% will still be the weights that the run begins with: %,d steps are few for an emaDecay of %s"
              .formatted(share * 100, steps, configuration.emaDecay()));
    }
  }

  private RandomKey key() {
    return RandomKey.of(configuration.seed());
  }

  private TrainingState fresh(Parameters parameters) {
    return TrainingState.start(parameters, configuration.optimizer().adamW());
  }

  /** The weights before the first step: a model file's, or random ones. */
  private Parameters weights(Parameters random) throws IOException {
    if (configuration.initialWeights().isEmpty()) {
      return random.detach();
    }
    String source = configuration.initialWeights().get();
    ModelFile file = ModelFile.read(source);
    ModelConfiguration expected = configuration.model();
    if (!file.model().withDecoderDepth(expected.decoderDepth()).equals(expected)) {
      throw new IllegalArgumentException(
          "initialWeights: expected a model %s, %s is %s"
              .formatted(expected.toJson(), source, file.model().toJson()));
    }
    if (file.kind() == ModelFile.Kind.MAP
        && configuration.objective().kind() == ModelFile.Kind.FLOW) {
      throw new IllegalArgumentException(
          "initialWeights: expected a flow model, %s is a flow map; only a map can be trained from a map"
              .formatted(source));
    }
    if (file.kind() == ModelFile.Kind.MAP
        && file.model().decoderDepth() != expected.decoderDepth()) {
      throw new IllegalArgumentException(
          "initialWeights: expected model.decoderDepth %d, as in %s, got %d"
              .formatted(file.model().decoderDepth(), source, expected.decoderDepth()));
    }
    if (!file.parameters().names().equals(random.names())) {
      throw new IllegalArgumentException(
          "initialWeights: %s brings positions of its own, %s, which are fixed, and training would change them; write the file without: the model then computes sin-cos positions, which those of published checkpoints are"
              .formatted(
                  source,
                  String.join(
                      ", ",
                      file.parameters().names().stream()
                          .filter(n -> !random.contains(n))
                          .toList())));
    }
    return file.parameters().cast(DType.FLOAT32).detach();
  }

  // ---- the program and its memory ----

  private Program<TrainingState, TrainingBatch, Tensor> compile(
      TrainingStep step, TrainingState like) {
    Program<TrainingState, TrainingBatch, Tensor> program =
        compile(step, like, configuration.batchSize());
    long available =
        memoryLimit.orElseGet(() -> device.memoryBytes().orElseGet(AvailableMemory::bytes));
    if (program.plannedBytes() > available) {
      throw new IllegalArgumentException(
          "not enough memory: batchSize %d needs %s, and %s can be had; %s"
              .formatted(
                  configuration.batchSize(),
                  mebibytes(program.plannedBytes()),
                  mebibytes(available),
                  advice(step, like, available)));
    }
    listener.planned(program.plannedBytes(), available);
    return program;
  }

  private Program<TrainingState, TrainingBatch, Tensor> compile(
      TrainingStep step, TrainingState like, int batchSize) {
    Shape images = configuration.model().transformer().images(batchSize);
    return step.compile(like, images, device);
  }

  private String advice(TrainingStep step, TrainingState like, long available) {
    long single = compile(step, like, 1).plannedBytes();
    if (single > available) {
      return "not even a batch of 1 fits: it needs " + mebibytes(single);
    }
    int fits = 1;
    int tooLarge = configuration.batchSize();
    while (tooLarge - fits > 1) {
      int middle = fits + (tooLarge - fits) / 2;
      if (compile(step, like, middle).plannedBytes() > available) {
        tooLarge = middle;
      } else {
        fits = middle;
      }
    }
    return "the largest batchSize that fits is " + fits;
  }

  private static String mebibytes(long bytes) {
    return "%,d MiB".formatted(Math.ceilDiv(bytes, 1L << 20));
  }

  // ---- the steps ----

  /** The steps from a checkpoint on. */
  private final class Steps {
    private final TrainingStep step;
    private final Checkpoints checkpoints;
    private final MetricsLog log;
    private final TrainingRun run;
    private final MetricSums sums;
    private final Schedule schedule;
    private final long begunAt;
    private long done;
    private long saved;
    private long logged;
    private double loggedSeconds;

    Steps(
        TrainingStep step,
        Checkpoints checkpoints,
        MetricsLog log,
        TrainingRun run,
        Checkpoint start) {
      this.step = step;
      this.checkpoints = checkpoints;
      this.log = log;
      this.run = run;
      this.sums = start.sums();
      this.schedule =
          configuration
              .schedule()
              .schedule(configuration.optimizer().learningRate(), configuration.steps());
      this.begunAt = start.step();
      this.done = start.step();
      this.saved = start.step();
      this.logged = start.step();
      this.loggedSeconds = sums.seconds();
    }

    Result take() throws IOException {
      while (done < configuration.steps() && !stopping) {
        long begin = System.nanoTime();
        double rate = schedule.at(done);
        double[] values =
            done == begunAt ? compiling(() -> run.step(begunAt, rate)) : run.step(done, rate);
        done++;
        requireFinite(values);
        double duration = (System.nanoTime() - begin) / NANOS;
        sums.add(values, duration);
        listener.step(done, metrics(values, rate, configuration.batchSize() / duration));
        if (done % configuration.logInterval() == 0 || done == configuration.steps()) {
          write(rate);
        }
        if (done % configuration.checkpointInterval() == 0 || done == configuration.steps()) {
          save();
        }
      }
      if (saved < done) {
        save();
      }
      return finish(begunAt, done, run.snapshot().average());
    }

    private void requireFinite(double[] values) {
      // The gradient's norm tells of weights that are lost with this step, the loss of those that
      // were before.
      if (!Double.isFinite(values[0]) || !Double.isFinite(values[values.length - 1])) {
        throw new IllegalStateException(
            "training diverged: at step %d the loss is %s and the gradient's norm %s; %s; %s"
                .formatted(
                    done,
                    values[0],
                    values[values.length - 1],
                    saved == 0
                        ? "there is no checkpoint yet"
                        : "the checkpoint of step %d stays in %s"
                            .formatted(saved, folder.checkpoints()),
                    "try a smaller optimizer.learningRate or more schedule.warmUpSteps"));
      }
    }

    private Metrics metrics(double[] values, double rate, double samplesPerSecond) {
      Map<String, Double> parts = new LinkedHashMap<>();
      for (int i = 0; i < step.parts().size(); i++) {
        parts.put(step.parts().get(i), values[i + 1]);
      }
      return new Metrics(
          done,
          values[0],
          parts,
          values[values.length - 1],
          rate,
          samplesPerSecond,
          sums.seconds());
    }

    private void write(double rate) throws IOException {
      double speed = (done - logged) * configuration.batchSize() / (sums.seconds() - loggedSeconds);
      Metrics means = metrics(sums.means(), rate, speed);
      log.append(means);
      sums.reset();
      logged = done;
      loggedSeconds = sums.seconds();
      listener.logged(done, means);
    }

    private void save() throws IOException {
      log.force();
      Path file = checkpoints.write(new Checkpoint(done, configuration, run.snapshot(), sums));
      saved = done;
      listener.checkpoint(done, file);
    }
  }

  private Result finish(long begunAt, long steps, Parameters average) throws IOException {
    boolean finished = steps == configuration.steps();
    ModelFile model = model(steps, average);
    if (finished) {
      model.cast(modelDType).write(folder.model(model.kind()));
    }
    return new Result(begunAt, steps, finished, false, model);
  }

  private ModelFile model(long steps, Parameters average) {
    Map<String, String> notes = new LinkedHashMap<>();
    notes.put(STEPS, Long.toString(steps));
    notes.put("training", configuration.toJson());
    return new ModelFile(
        configuration.objective().kind(),
        configuration.model(),
        Parameters.of(average.asMap()),
        notes);
  }
}
