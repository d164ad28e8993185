package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.fluxion.meanflow.report.FigureTable;
import org.fluxion.meanflow.train.TrainingConfiguration;
import org.fluxion.meanflow.train.TrainingStep;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.Tuner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code fluxion tune}: measures how products of matrices are computed fastest on a device. */
@Command(
    name = "tune",
    description = {
      "Find out how an OpenCL device multiplies matrices fastest, and remember it.",
      "",
      "Most of a model's time goes into products of matrices, which are computed in tiles. Which"
          + " tiles are fastest depends on the device and on the shapes. Without this command the"
          + " usual ones are used, which do well on most devices. It tries others for the products"
          + " of a training step, checks that their results are right, times them, and writes the"
          + " fastest to a file, by which all commands then run on this device. It takes some"
          + " minutes, once; keep the device free of other work meanwhile. What was found so far"
          + " is kept when it is stopped.",
      "",
      "The file may be deleted at any time. With other tiles sums are added in another order,"
          + " which changes the last bits of results; with the same file they are the same in"
          + " every run.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  fluxion tune",
      "  fluxion tune --backend opencl:1 --config my.json",
      "  fluxion tune --shape 4096x384x1536 --shape 384x1536x4096:tn --seconds 60"
    })
final class TuneCommand implements Callable<Integer> {
  /** Without a device's name, the best that can be tuned. */
  private static final String USUAL_BACKEND = "opencl";

  /** Kinds of products with less of the operations stay as they are, unless they are asked for. */
  private static final double SMALL = 0.005;

  private static final String ROW = "%-26s %5s %6s %13s %13s %6s  %s%n";

  @Spec private CommandSpec spec;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      description =
          "The device, as 'fluxion devices' lists it (default: what the environment variable"
              + " FLUXION_BACKEND says, or else opencl, the best OpenCL device).")
  private Optional<String> backend = Optional.empty();

  @Option(
      names = "--config",
      paramLabel = "FILE|NAME",
      description =
          "Tune the products of this training configuration's step: a JSON file, or one that comes"
              + " with the project (default: digits-map, what the demo trains by).")
  private Optional<String> config = Optional.empty();

  @Option(
      names = "--shape",
      paramLabel = "MxNxK",
      description =
          "Tune this product instead: M rows, N columns, sums of K elements; MxNxKxBATCH for so"
              + " many at once. With :nt, :tn or :tt behind it the operands marked t are stored"
              + " transposed: a layer's own product is nn, its gradients' are nt (of its input) and"
              + " tn (of its weights). Can be given several times.")
  private List<String> shapes = List.of();

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "20",
      description = "Take at most about so long for each kind of product (default: 20).")
  private int seconds = 20;

  @Override
  public Integer call() throws IOException {
    Arguments.requireAtLeastOne("--seconds", seconds);
    if (config.isPresent() && !shapes.isEmpty()) {
      throw new IllegalArgumentException("--shape: expected without --config, got both");
    }
    Device device = device();
    Tuner tuner =
        device
            .tuner()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "--backend: there is nothing to tune on %s; expected an OpenCL device, such as opencl or opencl:0"
                            .formatted(device.name())));
    return tune(device, tuner, plans(device));
  }

  private Device device() {
    Map<String, String> environment = System.getenv();
    boolean named = !environment.getOrDefault(DeviceOptions.VARIABLE, "").isEmpty();
    Optional<String> asked = backend.isPresent() || named ? backend : Optional.of(USUAL_BACKEND);
    return DeviceOptions.telling(DeviceOptions.named(asked, environment), spec);
  }

  private List<Plan> plans(Device device) throws IOException {
    List<Plan> plans = new ArrayList<>();
    for (String shape : shapes) {
      plans.add(TunedProducts.plan(shape, device.planOptions()));
    }
    if (shapes.isEmpty()) {
      TrainingConfiguration configuration =
          Arguments.given(
              "--config", () -> TrainingConfiguration.read(config.orElse(ShippedModels.MAP)));
      plans.add(TrainingStep.compile(configuration, device).plan());
    }
    return plans;
  }

  /**
   * Tunes the products of plans.
   *
   * @param device where
   * @param tuner its tuner
   * @param plans the plans
   * @return the exit code
   */
  int tune(Device device, Tuner tuner, List<Plan> plans) {
    PrintWriter out = spec.commandLine().getOut();
    List<TunedProducts> all = TunedProducts.of(plans, tuner);
    if (all.isEmpty()) {
      throw new IllegalArgumentException(
          "there is no product of matrices to tune; give one with --shape, such as --shape"
              + " 4096x384x384");
    }
    double flops = all.stream().mapToLong(TunedProducts::flops).sum();
    List<TunedProducts> worth =
        shapes.isEmpty() ? all.stream().filter(p -> p.flops() >= SMALL * flops).toList() : all;
    out.printf(
        Locale.ROOT,
        "Tuning %s of products on %s, at most about %s each.%n",
        FigureTable.count(worth.size(), "kind"),
        device.description(),
        FigureTable.count(seconds, "second"));
    Optional<String> known = tuner.obstacle();
    known.ifPresent(this::warn);
    out.println("M rows, N columns, sums of K elements, operands as in BLAS; rates in GFLOP/s.");
    out.println();
    out.printf(ROW, "MxNxK(xBATCH)", "COUNT", "SHARE", "USUAL TILE", "BEST TILE", "RATIO", "TILE");
    out.flush();
    double usualTime = 0;
    double bestTime = 0;
    for (int i = 0; i < worth.size(); i++) {
      TunedProducts products = worth.get(i);
      Tuner.Tuned tuned = tune(tuner, products, "%d of %d".formatted(i + 1, worth.size()));
      print(out, products, tuned, flops);
      double best = products.flops() / tuned.bestRate();
      bestTime += best;
      usualTime += tuned.usualRate() > 0 ? products.flops() / tuned.usualRate() : best;
    }
    out.println();
    int left = all.size() - worth.size();
    if (left > 0) {
      double rest = flops - worth.stream().mapToLong(TunedProducts::flops).sum();
      out.printf(
          Locale.ROOT,
          "%d more %s, %.1f %% of the products' operations, %s.%n",
          left,
          left == 1 ? "kind" : "kinds",
          100 * rest / flops,
          left == 1 ? "stays as it is" : "stay as they are");
    }
    out.printf(
        Locale.ROOT,
        "The products above take %.2f ms with the best tiles, %.2f ms with the usual ones.%n",
        bestTime * 1e3,
        usualTime * 1e3);
    tuner
        .file()
        .filter(_ -> tuner.obstacle().isEmpty())
        .ifPresent(
            file ->
                out.printf(
                    "Kept in %s: all commands use it on this device from now on; delete it to go"
                        + " back.%n",
                    file));
    out.flush();
    tuner.obstacle().filter(_ -> known.isEmpty()).ifPresent(this::warn);
    return tuner.obstacle().isPresent() ? 1 : 0;
  }

  /** Says that all is in vain: before it is, if that is known by then. */
  private void warn(String why) {
    PrintWriter err = spec.commandLine().getErr();
    err.println("note: nothing can be kept: " + why);
    err.flush();
  }

  private Tuner.Tuned tune(Tuner tuner, TunedProducts products, String which) {
    try (TaskBar bar =
        TaskBar.ofShare("%s, %s".formatted(products.shape(), which), ProgressReport.isTerminal())) {
      return tuner.tune(products.product(), Duration.ofSeconds(seconds), bar::toShare);
    }
  }

  private void print(PrintWriter out, TunedProducts products, Tuner.Tuned tuned, double flops) {
    boolean usable = tuned.usualRate() > 0;
    out.printf(
        ROW,
        products.shape(),
        products.count(),
        String.format(Locale.ROOT, "%.1f%%", 100 * products.flops() / flops),
        usable ? gigaflops(tuned.usualRate()) : "-",
        gigaflops(tuned.bestRate()),
        usable ? String.format(Locale.ROOT, "%.2f", tuned.bestRate() / tuned.usualRate()) : "-",
        tuned.best().equals(tuned.usual()) ? "the usual one" : tuned.best());
    out.flush();
    PrintWriter err = spec.commandLine().getErr();
    tuned.notes().forEach(note -> err.println("note: " + note));
    err.flush();
  }

  private static String gigaflops(double rate) {
    return String.format(Locale.ROOT, "%.1f", rate / 1e9);
  }
}
