package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.fluxion.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceOptionsTest {
  private static final String VARIABLE = "FLUXION_BACKEND";

  @Test
  void theEnvironmentNamesTheDeviceIfTheOptionDoesNot() {
    Map<String, String> environment = Map.of(VARIABLE, "reference");
    assertEquals("reference", DeviceOptions.named(Optional.empty(), environment).name());
    assertEquals("cpu:3", DeviceOptions.named(Optional.of("cpu:3"), environment).name());
    String cpu = Device.cpu().name();
    assertEquals(cpu, DeviceOptions.named(Optional.empty(), Map.of()).name());
    assertEquals(cpu, DeviceOptions.named(Optional.empty(), Map.of(VARIABLE, "")).name());
  }

  @Test
  void aWrongNameInTheEnvironmentIsToldAsSuch() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> DeviceOptions.named(Optional.empty(), Map.of(VARIABLE, "abacus")))
            .getMessage();
    assertTrue(
        message.startsWith("the environment variable FLUXION_BACKEND: expected auto, cpu"),
        message);
    assertTrue(message.endsWith("got 'abacus'"), message);
    String option =
        assertThrows(IllegalArgumentException.class, () -> DeviceOptions.named("abacus"))
            .getMessage();
    assertTrue(option.startsWith("--backend: expected auto, cpu"), option);
  }

  @Test
  void threadsAreThoseOfTheProcessorWhereverItIsNamed() {
    for (Map<String, String> processor :
        List.of(Map.<String, String>of(), Map.of(VARIABLE, ""), Map.of(VARIABLE, "cpu"))) {
      assertEquals(
          "cpu:3", DeviceOptions.device(Optional.empty(), Optional.of(3), processor).name());
    }
    Map<String, String> other = Map.of(VARIABLE, "reference");
    assertEquals("cpu:3", DeviceOptions.device(Optional.of("cpu"), Optional.of(3), other).name());
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> DeviceOptions.device(Optional.empty(), Optional.of(3), other))
            .getMessage();
    assertTrue(
        message.startsWith("--threads: ") && message.contains("FLUXION_BACKEND is reference"),
        message);
    String many =
        assertThrows(
                IllegalArgumentException.class,
                () -> DeviceOptions.device(Optional.empty(), Optional.of(100_000), Map.of()))
            .getMessage();
    assertTrue(many.startsWith("--threads: expected cpu"), many);
  }

  @Test
  void whatWasPassedOverIsALineEach(@TempDir Path folder) {
    CommandRun.Outcome run =
        CommandRun.here(
            "convert", "--flow", "flow", "--out", "" + folder.resolve("map"), "--backend", "auto");
    assertEquals(0, run.exitCode(), run.err());
    List<String> notes = Device.of("auto").notes();
    assertEquals(notes.stream().map(note -> "note: " + note).toList(), run.err().lines().toList());
    assertTrue(notes.stream().noneMatch(note -> note.contains("\n")), notes::toString);
    // Where there is no card, something must have been passed over, and be it the lack of OpenCL.
    boolean card = !Device.of("auto").name().startsWith("cpu");
    assertTrue(card || !notes.isEmpty(), "the processor is taken, and nothing says why");
  }
}
