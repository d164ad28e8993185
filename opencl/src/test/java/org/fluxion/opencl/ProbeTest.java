package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.DeviceInfo;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What there is, and what each thing that may be missing looks like. */
class ProbeTest {
  private static final String NO_LIBRARY = "no OpenCL library";

  @TempDir private Path folder;

  /** Skips a test, and says so where nobody can miss it, if there is no OpenCL device. */
  static void assumeADevice() {
    if (Probe.devices().isEmpty()) {
      String reason =
          "SKIPPED, because OpenCL has no device here: " + String.join("; ", Probe.notes());
      System.err.println(reason);
      Assumptions.abort(reason);
    }
  }

  @Test
  void theServiceLoaderFindsTheBackend() {
    assertEquals(
        List.of("cpu", "reference", "opencl"), Backend.all().stream().map(Backend::name).toList());
  }

  @Test
  void everyDeviceSaysWhatItIs() {
    assumeADevice();
    List<DeviceInfo> devices = new OpenClBackend().survey().devices();
    for (int i = 0; i < devices.size(); i++) {
      DeviceInfo device = devices.get(i);
      assertEquals("opencl:" + i, device.name());
      assertTrue(List.of("cpu", "gpu", "accelerator").contains(device.kind()), device.kind());
      assertFalse(device.model().isBlank());
      assertTrue(device.computeUnits() > 0);
      assertTrue(device.memoryBytes() > 1 << 20);
      assertTrue(device.features().get(0).startsWith("OpenCL "), () -> "" + device.features());
    }
    OpenClDevice first = Probe.devices().get(0);
    assertTrue(first.obstacle().isEmpty(), () -> first.obstacle().orElseThrow());
  }

  @Test
  void aProgramThatDoesNotCompileIsAnErrorWithTheCompilersWords() {
    assumeADevice();
    try (Context context = new Context(Probe.devices().get(0))) {
      String message =
          assertThrows(
                  OpenClException.class,
                  () ->
                      context
                          .programs()
                          .kernel("kernel void wrong() { undeclared += 1; }", "wrong"))
              .getMessage();
      assertTrue(message.contains("undeclared"), message);
    }
  }

  @Test
  void aDeviceIsFoundByNumberAndKind() {
    assumeADevice();
    Device best = Device.of("opencl");
    assertTrue(best.name().matches("opencl:[0-9]+"), best.name());
    String first = "opencl:0";
    assertEquals(first, Device.of(first).name());
    assertEquals(first + "/card", Device.of(first + "/card").name());
    String message = assertThrows(TensorException.class, () -> Device.of("opencl:99")).getMessage();
    assertTrue(message.startsWith("device: no OpenCL device can be used as opencl:99: there is"));
    assertFalse(message.contains("\n"), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"opencl:fpga", "opencl:1:2"})
  void anUnknownDeviceIsAnError(String name) {
    String message = assertThrows(TensorException.class, () -> Device.of(name)).getMessage();
    assertTrue(message.startsWith("device: expected opencl or opencl:NUMBER"), message);
  }

  @Test
  void automaticIsACardOrTheProcessor() {
    Device device = Device.of("auto");
    boolean card = Probe.devices().stream().anyMatch(d -> !d.kind().equals("cpu"));
    assertTrue(device.name().startsWith(card ? "opencl:" : "cpu:"), device.name());
  }

  /** Prints a survey, in a process of its own. */
  static final class Survey {
    private Survey() {}

    public static void main(String[] arguments) {
      Backend.Survey survey = new OpenClBackend().survey();
      // Asked twice, since a library that is missing fails in another way the second time.
      assertEquals(survey.notes(), new OpenClBackend().survey().notes());
      System.out.println(survey.devices().size());
      survey.notes().forEach(System.out::println);
    }
  }

  private List<String> survey(Map<String, String> environment)
      throws IOException, InterruptedException {
    return Child.start(Survey.class, folder, environment).end();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void withoutALibraryItSaysWhatToInstall() throws Exception {
    // An empty file of that name stands before the real one, and cannot be loaded.
    Files.createFile(folder.resolve("libOpenCL.so.1"));
    List<String> lines = survey(Map.of("LD_LIBRARY_PATH", folder.toString()));
    assertEquals(2, lines.size(), () -> String.join("\n", lines));
    assertEquals("0", lines.get(0));
    assertTrue(lines.get(1).startsWith(NO_LIBRARY + " (libOpenCL.so.1)"), lines.get(1));
    assertTrue(lines.get(1).contains("apt-get install"), lines.get(1));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void withoutADriverItSaysWhatToInstall() throws Exception {
    assumeADevice();
    List<String> lines = survey(Map.of("OCL_ICD_VENDORS", folder.toString()));
    assertEquals(2, lines.size(), () -> String.join("\n", lines));
    assertEquals("0", lines.get(0));
    assertTrue(lines.get(1).startsWith("no OpenCL driver: install "), lines.get(1));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aDriverWithoutADeviceIsNamed() throws Exception {
    assumeADevice();
    List<String> lines = survey(Map.of("POCL_DEVICES", "none"));
    boolean hasPocl =
        Probe.devices().stream()
            .anyMatch(
                d -> Info.text(d.platform(), org.jocl.CL.CL_PLATFORM_NAME).contains("Portable"));
    assumeTrue(hasPocl, "SKIPPED, because PoCL is not here");
    assertTrue(
        lines.contains("the OpenCL driver 'Portable Computing Language' has no device"),
        () -> String.join("\n", lines));
  }
}
