package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.fluxion.meanflow.report.FigureTable;
import org.fluxion.meanflow.train.ModelFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code fluxion convert}: a flow model becomes a flow map, without touching a weight. */
@Command(
    name = "convert",
    description = {
      "Turn a flow model into a flow map, without touching a weight.",
      "",
      "A flow model needs many steps to draw an image. A flow map is the same network, of which the"
          + " last blocks are told where the image is going instead of where it is: as it stands it"
          + " needs fewer steps, and after fine-tuning one:",
      "",
      "  fluxion train --config digits-map",
      ""
    })
final class ConvertCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--flow",
      required = true,
      paramLabel = "FILE|NAME",
      description = "The model file of a flow model, or 'flow', which comes with the project.")
  private String flow = "";

  @Option(
      names = "--decoder-depth",
      paramLabel = "K",
      description =
          "How many of the last blocks see where the image is going (default: what the file says; "
              + "about a third of all works well).")
  private Optional<Integer> decoderDepth = Optional.empty();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The model file to write; it must not exist.")
  private Path out = Path.of("");

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      description =
          "Store the weights as ${COMPLETION-CANDIDATES} (default: as in the flow model's file,"
              + " byte for byte).")
  private Optional<StoredDType> dtype = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Taken as by every command; conversion draws nothing at random.")
  private Optional<Long> seed = Optional.empty();

  @Mixin private DeviceOptions devices = new DeviceOptions();

  @Override
  public Integer call() throws IOException {
    // Conversion computes nothing, but what no command could compute on is an error here too.
    devices.device();
    Arguments.requireNew("--out", out);
    Arguments.requireWritable("--out", out);
    ModelFile source = Arguments.model("--flow", flow);
    if (source.kind() != ModelFile.Kind.FLOW) {
      throw new IllegalArgumentException(
          "--flow: expected a flow model, %s is a flow map already".formatted(flow));
    }
    int depth = source.model().depth();
    int seeing = decoderDepth.orElse(source.model().decoderDepth());
    if (seeing < 0 || seeing > depth) {
      throw new IllegalArgumentException(
          "--decoder-depth: expected a whole number from 0 to %d, the model's blocks, got %d"
              .formatted(depth, seeing));
    }
    ModelFile map = source.convert(seeing);
    if (dtype.isPresent()) {
      map = map.cast(dtype.get().dtype());
    }
    map.write(out);
    PrintWriter say = spec.commandLine().getOut();
    say.printf(
        "Converted the flow model %s to the flow map %s: of its %s, %sthe final layer now %s where"
            + " the image is going. No weight was changed.%n",
        flow,
        out,
        FigureTable.count(depth, "block"),
        switch (seeing) {
          case 0 -> "none, and only ";
          case 1 -> "the last and ";
          default -> "the last %d and ".formatted(seeing);
        },
        seeing == 0 ? "sees" : "see");
    say.flush();
    return 0;
  }
}
