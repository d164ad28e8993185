package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What {@code fluxion devices --check} prints, and with which exit code it ends. */
class DeviceCheckTest {
  private static final Device PROCESSOR = Device.cpu(2);
  private static final int OPERATIONS = OpTable.operations().size();

  /** The processor, which forgets to compute tanh and has no kernel for erf. */
  private record Liar() implements Device {
    @Override
    public String name() {
      return "liar:0";
    }

    @Override
    public List<String> notes() {
      return List.of("made up for this test");
    }

    @Override
    public Executable prepare(Plan plan) {
      if (plan.kernels().stream().anyMatch(k -> computes(k, Op.Erf.class))) {
        throw new TensorException("liar:0: no erf");
      }
      return PROCESSOR.prepare(
          plan.withKernels(
              plan.kernels().stream().filter(k -> !computes(k, Op.Tanh.class)).toList()));
    }

    private static boolean computes(Kernel kernel, Class<? extends Op> op) {
      return kernel instanceof Kernel.LoopKernel loops
          && loops.body().stream()
              .anyMatch(i -> i instanceof Kernel.Compute compute && op.isInstance(compute.op()));
    }
  }

  private static CommandRun.Outcome check(Device device, String option) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Main.commandLine();
    line.addSubcommand("check", new DevicesCommand(name -> device));
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exitCode = Main.execute(line, "check", option, "--backend", device.name());
    return new CommandRun.Outcome(exitCode, out.toString(), err.toString());
  }

  private static List<String> row(CommandRun.Outcome run, String operation) {
    List<String> rows = run.out().lines().filter(line -> line.startsWith(operation + " ")).toList();
    assertEquals(1, rows.size(), run.out());
    return List.of(rows.get(0).split("  +"));
  }

  @Test
  void theProcessorCanBeTrusted() {
    CommandRun.Outcome run = check(PROCESSOR, "--check=less,reshape,exp");
    assertEquals(0, run.exitCode(), run.out() + run.err());
    List<String> lines = run.out().lines().toList();
    assertEquals(
        PROCESSOR.description() + ": 3 operations, held against the reference in double precision.",
        lines.get(0));
    int column = lines.get(3).indexOf("VERDICT");
    for (String line : lines.subList(4, 7)) {
      assertEquals(column, line.indexOf("right"), run.out());
    }
    assertTrue(
        lines
            .getLast()
            .startsWith("cpu:2 can be trusted with these: all 3 operations are right, their"),
        lines.getLast());
    assertEquals("exact", row(run, "reshape").get(1));
    assertTrue(row(run, "exp").get(2).matches("[0-9.]+ ulp"), run.out());
    assertEquals(List.of("less", "exact", "-", "-", "-", "right"), row(run, "less").subList(0, 6));
  }

  @Test
  void anUnknownOperationIsAnErrorThatListsThem() {
    CommandRun.Outcome run = check(PROCESSOR, "--check=exp,sqare");
    assertEquals(2, run.exitCode());
    assertTrue(
        run.err().matches("fluxion: --check: expected some of input,.*,exp,.*, got 'sqare'\n"),
        run.err());
  }

  @Test
  void aDeviceThatLiesIsFoundOut() {
    CommandRun.Outcome run = check(new Liar(), "--check");
    assertEquals(1, run.exitCode(), run.out());
    assertEquals("WRONG", row(run, "tanh").get(5));
    assertEquals(List.of("fails", "-"), row(run, "erf").subList(1, 3));
    assertTrue(row(run, "erf").get(3).matches("0[.][0-9]+"), "its tangent needs no erf");
    assertEquals("FAILS", row(run, "erf").get(5));
    assertEquals(
        OPERATIONS - 2, run.out().lines().filter(line -> line.contains("  right  ")).count());
    List<String> lines = run.out().lines().toList();
    assertTrue(lines.contains("note: made up for this test"), run.out());
    assertTrue(
        lines.stream().anyMatch(l -> l.matches("tanh: the .* is wrong: element .*")), run.out());
    assertTrue(
        lines.stream().anyMatch(l -> l.matches("erf: the result of erf of .*: liar:0: no erf.*")),
        run.out());
    assertTrue(
        lines
            .getLast()
            .startsWith(
                "liar:0 is not to be trusted: of %d operations 1 is wrong (tanh), and 1 fails (erf)."
                    .formatted(OPERATIONS)),
        lines.getLast());
    // On a slow machine there are lines before it that say how long is left.
    assertEquals(
        "fluxion: liar:0 does not compute as the reference does, as the table shows",
        run.err().lines().toList().getLast());
  }

  @Test
  void aBackendWithoutADeviceIsAnError() {
    CommandRun.Outcome run = CommandRun.here("devices", "--check", "--backend", "opencl:99");
    assertEquals(2, run.exitCode());
    assertEquals("", run.out());
    assertEquals(1, run.err().lines().count(), run.err());
  }
}
