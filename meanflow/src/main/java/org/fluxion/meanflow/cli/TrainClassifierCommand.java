package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.fluxion.meanflow.metrics.Classifier;
import org.fluxion.meanflow.metrics.ClassifierConfiguration;
import org.fluxion.meanflow.metrics.ClassifierTraining;
import org.fluxion.nn.data.DataSet;
import org.fluxion.nn.data.Mnist;
import org.fluxion.tensor.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Makes the classifier that the metrics rest on, from the training digits alone. Hidden: figures
 * taken with another classifier than the shipped one compare with nothing.
 */
@Command(
    name = "train-classifier",
    hidden = true,
    description = "Train the classifier of the metrics on the training digits.")
final class TrainClassifierCommand implements Callable<Integer> {
  /** Steps between two lines of progress. */
  private static final int REPORTED = 500;

  private static final int BATCH = 500;

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration as JSON (default: that of the shipped classifier).")
  private Optional<Path> configuration;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      required = true,
      description = "The safetensors file to write; its SHA-256 goes to a file beside it.")
  private Path output;

  @Mixin private DeviceOptions devices = new DeviceOptions();

  private double sum;

  @Override
  public Integer call() throws IOException {
    Arguments.requireNew("--output", output);
    Arguments.requireWritable("--output", output);
    PrintWriter out = spec.commandLine().getOut();
    ClassifierConfiguration how =
        configuration.isPresent()
            ? Arguments.given("--config", () -> ClassifierConfiguration.read(configuration.get()))
            : ClassifierConfiguration.shipped();
    Device device = devices.device();
    long start = System.nanoTime();
    DataSet train = Mnist.read(Mnist.Part.TRAIN, Mnist.Size.HALF);
    Classifier classifier =
        ClassifierTraining.train(how, train, device, (step, loss) -> report(out, how, step, loss));
    String hash = classifier.write(output);
    DataSet test = Mnist.read(Mnist.Part.TEST, Mnist.Size.HALF);
    try (Classifier.Compiled compiled = classifier.compile(BATCH, device)) {
      out.printf(
          "%s: %,d parameters, %.2f%% of the %,d test images right, %.0f s%nSHA-256 %s%n",
          output,
          classifier.parameters().count(),
          100 * compiled.apply(test.inputs()).accuracy(test.labels()),
          test.size(),
          (System.nanoTime() - start) / 1e9,
          hash);
      out.flush();
    }
    return 0;
  }

  private void report(PrintWriter out, ClassifierConfiguration how, int step, double loss) {
    sum += loss;
    if ((step + 1) % REPORTED == 0) {
      out.printf("step %,d of %,d: loss %.4f%n", step + 1, how.steps(), sum / REPORTED);
      out.flush();
      sum = 0;
    }
  }
}
