package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.DeviceInfo;
import org.fluxion.tensor.TensorException;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;
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

  /**
   * Skips a test, and says so where nobody can miss it, if there is no OpenCL device; fails it with
   * {@code FLUXION_REQUIRE_OPENCL} in the environment.
   */
  static void assumeADevice() {
    if (Probe.devices().isEmpty()) {
      String lacking = "OpenCL has no device here: " + String.join("; ", Probe.notes());
      assertNull(System.getenv("FLUXION_REQUIRE_OPENCL"), lacking);
      String reason = "SKIPPED, because " + lacking;
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
      boolean shares = device.features().contains("shares the host's memory");
      assertEquals(
          shares ? OptionalLong.empty() : OptionalLong.of(device.memoryBytes()),
          Device.of(device.name()).memoryBytes());
    }
    OpenClDevice first = Probe.devices().get(0);
    assertTrue(first.obstacle().isEmpty(), () -> first.obstacle().orElseThrow());
    assertEquals("opencl:0, " + first.model(), Device.of("opencl:0").toString());
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
  @ValueSource(strings = {"opencl:fpga", "opencl:1:2", "opencl:0/crad"})
  void anUnknownDeviceIsAnError(String name) {
    String message = assertThrows(TensorException.class, () -> Device.of(name)).getMessage();
    assertTrue(message.startsWith("device: expected opencl or opencl:NUMBER"), message);
    assertTrue(message.contains("/card or /processor"), message);
  }

  @Test
  void whatLacksTheBackendsNameIsGuessed() {
    for (String name : List.of("gpu", "GPU", "accelerator", "gpu/card", "1")) {
      String message = assertThrows(TensorException.class, () -> Device.of(name)).getMessage();
      String meant = "; did you mean opencl:" + name.toLowerCase(Locale.ROOT) + "?";
      assertTrue(message.endsWith("got '" + name + "'" + meant), message);
    }
    String message = assertThrows(TensorException.class, () -> Device.of("abacus")).getMessage();
    assertTrue(message.endsWith("got 'abacus'"), message);
  }

  @Test
  void automaticIsACardOrTheProcessor() {
    Device device = Device.of("auto");
    List<OpenClDevice> cards =
        Probe.devices().stream()
            .filter(d -> !d.kind().equals("cpu") && d.obstacle().isEmpty())
            .toList();
    assertTrue(device.name().startsWith(cards.isEmpty() ? "cpu:" : "opencl:"), device.name());
    // Every device but the one that is taken is a line, and so is whatever else was found.
    int taken = cards.isEmpty() ? 0 : 1;
    assertEquals(
        Probe.devices().size() - taken + Probe.notes().size(),
        device.notes().size(),
        () -> device.notes().toString());
  }

  private static OpenClDevice device(int number, String kind, String trial) {
    OpenClDevice real = Probe.devices().get(0);
    return new OpenClDevice(number, real.platform(), real.id(), kind, trial);
  }

  @Test
  void aCardWhoseCompilerFailsIsPassedOver() {
    assumeADevice();
    OpenClDevice broken = device(0, "gpu", "kernel void trial(global float *a) { planted }");
    OpenClDevice processor = device(1, "cpu", OpenClDevice.TRIAL);
    Backend.Choice none =
        OpenClBackend.automatic(
            List.of(broken, processor), List.of("the OpenCL driver 'x' has no device"));
    assertTrue(none.device().isEmpty());
    assertEquals(3, none.passedOver().size(), () -> none.passedOver().toString());
    assertEquals("the OpenCL driver 'x' has no device", none.passedOver().get(0));
    String why = none.passedOver().get(1);
    assertTrue(
        why.startsWith(
            "opencl:0 (%s) cannot be used: its driver fails to build a kernel: "
                .formatted(broken.model())),
        why);
    assertTrue(why.contains("planted") && !why.contains("\n"), why);
    assertEquals(
        "opencl:1 (%s) is the processor, which the backend cpu runs on"
            .formatted(processor.model()),
        none.passedOver().get(2));

    OpenClDevice good = device(2, "gpu", OpenClDevice.TRIAL);
    Backend.Choice card = OpenClBackend.automatic(List.of(broken, processor, good), List.of());
    assertEquals("opencl:2", card.device().orElseThrow().name());
    assertEquals(none.passedOver().subList(1, 3), card.passedOver());
  }

  @Test
  void whatADeviceLacksForNowIsNoFaultOfItsDriverAndIsTriedAgain() {
    assumeADevice();
    OpenClDevice device = device(0, "gpu", OpenClDevice.TRIAL);
    for (int status :
        new int[] {CL.CL_DEVICE_NOT_AVAILABLE, CL.CL_OUT_OF_HOST_MEMORY, CL.CL_OUT_OF_RESOURCES}) {
      String why =
          device
              .obstacle(
                  () -> {
                    throw new CLException(CL.stringFor_errorCode(status), status);
                  })
              .orElseThrow();
      assertEquals(
          CL.stringFor_errorCode(status)
              + (status == CL.CL_DEVICE_NOT_AVAILABLE
                  ? ". Another process may have the device for itself: try again, or use another"
                      + " device (fluxion devices lists them)"
                  : ". There is too little memory: close what else uses the device"),
          why);
    }
    assertEquals(Optional.empty(), device.obstacle());
    OpenClDevice broken = device(1, "gpu", OpenClDevice.TRIAL);
    Optional<String> settled =
        broken.obstacle(
            () -> {
              throw new CLException("planted", CL.CL_COMPILER_NOT_AVAILABLE);
            });
    assertTrue(settled.orElseThrow().contains("fails to build a kernel: planted"), settled::get);
    assertEquals(settled, broken.obstacle());
  }

  @Test
  void aDeviceBefore12IsToldToBeOne() {
    String old = "it needs OpenCL 1.2, its driver offers 1.1 (install a newer version of it)";
    assertEquals(Optional.of(old), OpenClDevice.lacking("OpenCL 1.1 Mesa 13.0", true));
    assertEquals(Optional.of(old), OpenClDevice.lacking("OpenCL 1.1", false));
    for (String enough :
        List.of("OpenCL 1.2 x", "OpenCL 2.0 x", "OpenCL 3.0 PoCL", "OpenCL 1.10")) {
      assertEquals(Optional.empty(), OpenClDevice.lacking(enough, true), enough);
    }
    assertEquals(
        Optional.of("its driver has no compiler"), OpenClDevice.lacking("OpenCL 1.2", false));
  }

  /** Drivers of which the first knows nothing, and of the second every other device is lost. */
  private static final class Broken implements Probe.Drivers {
    private final OpenClDevice real = Probe.devices().get(0);

    @Override
    public List<cl_platform_id> all() {
      return List.of(new cl_platform_id(), real.platform());
    }

    @Override
    public String name(cl_platform_id driver) {
      return new Probe.Installed().name(known(driver));
    }

    @Override
    public List<cl_device_id> devices(cl_platform_id driver) {
      known(driver);
      return List.of(new cl_device_id(), real.id());
    }

    @Override
    public OpenClDevice device(int number, cl_platform_id driver, cl_device_id id) {
      if (id != real.id()) {
        throw new CLException("CL_INVALID_DEVICE", CL.CL_INVALID_DEVICE);
      }
      return new OpenClDevice(number, driver, id);
    }

    private cl_platform_id known(cl_platform_id driver) {
      if (driver != real.platform()) {
        throw new CLException("CL_INVALID_PLATFORM", CL.CL_INVALID_PLATFORM);
      }
      return driver;
    }
  }

  @Test
  void whatOneDriverOrDeviceRefusesHidesNoOther() {
    assumeADevice();
    List<OpenClDevice> devices = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Broken drivers = new Broken();
    Probe.find(drivers, devices, notes);
    assertEquals(1, devices.size());
    assertEquals("opencl:0, " + drivers.real.model(), devices.get(0).toString());
    assertEquals(
        List.of(
            "the OpenCL driver '0' does not say its name: CL_INVALID_PLATFORM",
            "the OpenCL driver '0' does not list its devices: CL_INVALID_PLATFORM",
            "the OpenCL driver '%s' does not say what its device 0 is: CL_INVALID_DEVICE"
                .formatted(drivers.name(drivers.real.platform()))),
        notes);
  }

  /** Asks for devices, in a process of its own. */
  static final class Survey {
    private Survey() {}

    public static void main(String[] arguments) {
      Backend.Survey survey = new OpenClBackend().survey();
      // Asked twice, since a library that is missing fails in another way the second time.
      assertEquals(survey.notes(), new OpenClBackend().survey().notes());
      System.out.println(survey.devices().size());
      survey.notes().forEach(System.out::println);
      try {
        Device.of("opencl");
      } catch (TensorException none) {
        System.out.println(none.getMessage());
      }
      Device automatic = Device.of("auto");
      System.out.println(automatic.name());
      automatic.notes().forEach(System.out::println);
    }
  }

  /**
   * Looks for devices where something is missing: no device is found, which is a line that begins
   * with a reason, the error of who asks for one, and what "auto" says when it takes the processor.
   */
  private void withoutADevice(String reason, Map<String, String> environment) throws Exception {
    List<String> lines = survey(environment);
    String all = String.join("\n", lines);
    assertEquals(5, lines.size(), all);
    assertEquals("0", lines.get(0), all);
    String found = lines.get(1);
    assertTrue(found.startsWith(reason), all);
    assertEquals("device: no OpenCL device can be used: " + found, lines.get(2));
    assertEquals(Device.cpu().name(), lines.get(3));
    assertEquals("auto: " + found, lines.get(4));
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
    withoutADevice(
        NO_LIBRARY + " (libOpenCL.so.1) that can be loaded: install the driver of your card",
        Map.of("LD_LIBRARY_PATH", folder.toString()));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void withoutADriverItSaysWhatToInstall() throws Exception {
    assumeADevice();
    withoutADevice(
        "no OpenCL driver: install that of your card",
        Map.of("OCL_ICD_VENDORS", folder.toString()));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aDriverWithoutADeviceIsNamed() throws Exception {
    assumeADevice();
    assumePocl();
    if (Probe.devices().size() == 1) {
      withoutADevice(
          "the OpenCL driver 'Portable Computing Language' has no device: it sees no card",
          Map.of("POCL_DEVICES", "none"));
    } else {
      List<String> lines = survey(Map.of("POCL_DEVICES", "none"));
      assertTrue(
          lines.stream()
              .anyMatch(
                  line ->
                      line.startsWith(
                          "the OpenCL driver 'Portable Computing Language' has no device: ")),
          () -> String.join("\n", lines));
    }
  }

  private static void assumePocl() {
    boolean hasPocl =
        Probe.devices().stream()
            .anyMatch(d -> Info.text(d.platform(), CL.CL_PLATFORM_NAME).contains("Portable"));
    assumeTrue(hasPocl, "SKIPPED, because PoCL is not here");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aDriverWhoseCompilerFailsIsOneLine() throws Exception {
    assumeADevice();
    assumePocl();
    // Another name for the first word of every kernel is an error in each.
    List<String> lines = survey(Map.of("POCL_EXTRA_BUILD_FLAGS", "-Dkernel=planted"));
    String all = String.join("\n", lines);
    assertTrue(
        lines.stream()
            .anyMatch(
                line ->
                    line.matches(
                        "device: no OpenCL device can be used: .*opencl:[0-9]+ \\(.*\\) cannot be"
                            + " used: its driver fails to build a kernel: .*planted.*")),
        all);
    assertTrue(lines.contains(Device.cpu().name()), all);
  }
}
