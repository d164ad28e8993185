package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.stream.Stream;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.fluxion.tensor.profile.Tuner;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class TuneCommandTest {
  /** A tuner that makes every product half as fast again, but for square ones. */
  private static final class FakeTuner implements Tuner {
    private final List<Kernel.MatmulKernel> tuned = new ArrayList<>();
    private Optional<String> obstacle = Optional.empty();

    @Override
    public String classOf(Kernel.MatmulKernel product) {
      return "%d %d".formatted(product.m(), product.n());
    }

    @Override
    public Tuned tune(Kernel.MatmulKernel product, Duration limit, DoubleConsumer progress) {
      tuned.add(product);
      return product.m() == product.n()
          ? new Tuned("small", 2e9, "small", 2e9, 3, List.of("one was odd"))
          : new Tuned("small", 2e9, "large", 3e9, 3, List.of());
    }

    @Override
    public Optional<String> file() {
      return Optional.of("tiles.json");
    }

    @Override
    public Optional<String> obstacle() {
      return obstacle;
    }
  }

  private static CommandRun.Outcome tune(FakeTuner tuner, String... shapes) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Main.commandLine().getSubcommands().get("tune");
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    List<Plan> plans =
        Stream.of(shapes).map(shape -> TunedProducts.plan(shape, PlanOptions.ALL)).toList();
    int exitCode = ((TuneCommand) line.getCommand()).tune(Device.cpu(1), tuner, plans);
    return new CommandRun.Outcome(exitCode, out.toString(), err.toString());
  }

  @Test
  void everyKindOfProductIsALine() {
    FakeTuner tuner = new FakeTuner();
    CommandRun.Outcome run = tune(tuner, "64x48x32x5:nt", "64x48x200:tn", "96x96x96");
    assertEquals(0, run.exitCode(), run.err());
    // The first two are one kind, of which the larger one stands for both; most operations first.
    assertEquals(2, tuner.tuned.size());
    List<String> lines = run.out().lines().toList();
    assertTrue(
        lines.stream()
            .anyMatch(l -> l.matches("64x48x200:tn +2 +55\\.\\d% +2\\.0 +3\\.0 +1\\.50  large")),
        run.out());
    assertTrue(
        lines.stream()
            .anyMatch(
                l -> l.matches("96x96x96:nn +1 +44\\.\\d% +2\\.0 +2\\.0 +1\\.00  the usual one")),
        run.out());
    assertTrue(lines.getLast().startsWith("Kept in tiles.json: "), run.out());
    assertEquals("note: one was odd\n", run.err().replace("\r", ""));
  }

  @Test
  void kindsThatHardlyCountAreLeftOut() {
    FakeTuner tuner = new FakeTuner();
    CommandRun.Outcome run = tune(tuner, "512x256x128", "2x3x4");
    assertEquals(1, tuner.tuned.size());
    assertTrue(
        run.out().contains("1 more kind, 0.0 % of the products' operations, stays as it is."),
        run.out());
  }

  @Test
  void whatCannotBeKeptIsSaidAndAFailure() {
    FakeTuner tuner = new FakeTuner();
    tuner.obstacle = Optional.of("no folder");
    CommandRun.Outcome run = tune(tuner, "64x48x32");
    assertEquals(1, run.exitCode());
    assertEquals(List.of("note: nothing can be kept: no folder"), run.err().lines().toList());
    assertTrue(!run.out().contains("Kept in"), run.out());
  }

  @Test
  void whatIsNoShapeSaysWhatIs() {
    for (String wrong : List.of("", "64", "64x64", "64x64x0", "64x64x64:nx", "64x64x-1")) {
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> TunedProducts.plan(wrong, PlanOptions.ALL))
              .getMessage();
      assertTrue(message.startsWith("--shape: expected"), message);
    }
  }

  @Test
  void whatIsWrongIsOneLine() {
    for (String[] wrong :
        new String[][] {
          {"--backend", "cpu"},
          {"--backend", "abacus"},
          {"--seconds", "0"},
          {"--shape", "4x4x4", "--config", "digits-map"}
        }) {
      String[] words = Stream.concat(Stream.of("tune"), Stream.of(wrong)).toArray(String[]::new);
      CommandRun.Outcome run = CommandRun.here(words);
      assertEquals(2, run.exitCode(), run.out());
      assertEquals("", run.out());
      assertEquals(1, run.err().lines().count(), run.err());
    }
    String none = CommandRun.here("tune", "--backend", "cpu:1").err();
    assertTrue(none.contains("there is nothing to tune on cpu:1"), none);
  }

  @Test
  void helpSaysWhatItDoes() {
    String help = CommandRun.here("tune", "--help").out();
    for (String part : List.of("--backend", "--config", "--shape", "--seconds", "last bits")) {
      assertTrue(help.contains(part), help);
    }
  }
}
