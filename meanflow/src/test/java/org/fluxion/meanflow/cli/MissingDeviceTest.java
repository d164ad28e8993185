package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.DeviceInfo;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a person reads where the library, a driver, a device or a compiler is missing. */
@EnabledOnOs(OS.LINUX)
class MissingDeviceTest {
  private static final String MARK = "exit code ";

  /**
   * What Java's logger says where the option for vectors is missing, and PoCL's compiler on its
   * own.
   */
  private static final List<String> NOT_OURS =
      List.of("CpuBackend$ScalarWarning", "WARNING: the cpu backend", "1 error generated.");

  @TempDir private Path folder;

  /** Runs commands, of which each is an argument, its words with spaces between. */
  static final class Commands {
    private Commands() {}

    public static void main(String[] commands) {
      for (String command : commands) {
        System.out.println(MARK + Main.execute(Main.commandLine(), command.split(" ")));
      }
    }
  }

  static Stream<Arguments> situations() {
    return Stream.of(
        Arguments.of(
            "LD_LIBRARY_PATH", "", "no OpenCL library (libOpenCL.so.1) that can be loaded"),
        Arguments.of("OCL_ICD_VENDORS", "", "no OpenCL driver: install that of your card"),
        Arguments.of(
            "POCL_DEVICES",
            "none",
            "the OpenCL driver 'Portable Computing Language' has no device"),
        Arguments.of(
            "POCL_EXTRA_BUILD_FLAGS", "-Dkernel=planted", "its driver fails to build a kernel: "));
  }

  /** PoCL alone, by which a driver's faults are made up here. */
  private static void assumePoclAlone(String variable) {
    for (Backend backend : Backend.all()) {
      if (backend.name().equals("opencl") && !variable.equals("LD_LIBRARY_PATH")) {
        List<DeviceInfo> devices = backend.survey().devices();
        Assumptions.assumeTrue(
            devices.size() == 1 && devices.get(0).kind().equals("cpu"),
            "SKIPPED " + variable + ", because PoCL is not the only OpenCL device here");
      }
    }
  }

  /** What each command says on either stream, and last its exit code. */
  private List<List<String>> run(Map<String, String> environment, String... commands)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(Commands.class.getName());
    command.addAll(List.of(commands));
    Path out = Files.createTempFile(folder, "commands", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(out.toFile()).environment().putAll(environment);
    assertEquals(0, builder.start().waitFor(), () -> read(out).toString());
    List<List<String>> said = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    for (String line : read(out)) {
      if (NOT_OURS.stream().noneMatch(line::contains)) {
        lines.add(line);
      }
      if (line.startsWith(MARK)) {
        said.add(lines);
        lines = new ArrayList<>();
      }
    }
    return said;
  }

  private static List<String> read(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException unreadable) {
      throw new AssertionError(unreadable);
    }
  }

  @ParameterizedTest
  @MethodSource("situations")
  void itIsOneLineAndTheProcessorIsThere(String variable, String value, String reason)
      throws Exception {
    assumePoclAlone(variable);
    // No value stands for a folder: of drivers none is there, and of libraries one that is empty.
    if (value.isEmpty()) {
      Files.createFile(folder.resolve("libOpenCL.so.1"));
    }
    String convert = "convert --flow flow --out " + folder.resolve("map") + " --backend ";
    List<List<String>> said =
        run(
            Map.of(variable, value.isEmpty() ? folder.toString() : value),
            convert + "opencl",
            convert + "auto",
            "devices --check --backend opencl",
            "devices");
    String all = said.toString();
    assertEquals(4, said.size(), all);

    List<String> asked = said.get(0);
    assertEquals(2, asked.size(), all);
    assertTrue(asked.get(0).startsWith("fluxion: --backend: no OpenCL device can be used: "), all);
    assertTrue(asked.get(0).contains(reason), all);
    assertEquals(MARK + 2, asked.get(1), all);

    List<String> automatic = said.get(1);
    // The processor by OpenCL is passed over whether or not its compiler works.
    String why = variable.contains("FLAGS") ? "is the processor" : reason;
    assertTrue(automatic.get(0).startsWith("note: auto: "), all);
    assertTrue(automatic.get(0).contains(why), all);
    assertEquals(1, automatic.stream().filter(line -> line.startsWith("note: ")).count(), all);
    assertEquals(MARK + 0, automatic.getLast(), all);

    assertEquals(asked, said.get(2), "the check says the same");

    List<String> listed = said.get(3);
    assertTrue(listed.stream().anyMatch(line -> line.startsWith("cpu ")), all);
    assertEquals(1, listed.stream().filter(line -> line.contains(reason)).count(), all);
    assertTrue(listed.get(listed.size() - 2).startsWith("auto is cpu"), all);
    assertEquals(MARK + 0, listed.getLast(), all);
  }
}
