package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What lies in the cache's folder is right or as if it were not there. */
class ProgramCacheTest {
  private static final String SOURCE = "kernel void nothing() {}";
  private static final String DEVICE = "a device";

  @TempDir private Path folder;

  private ProgramCache cache() {
    return new ProgramCache(Optional.of(folder), DEVICE);
  }

  /** What a driver might have made of a source. */
  private static byte[] program(String source) {
    byte[] program = new byte[3000];
    new Random(source.hashCode()).nextBytes(program);
    return program;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private Path only() throws IOException {
    assertEquals(1, files(folder).size(), () -> "more than one file");
    return files(folder).get(0);
  }

  private static boolean holds(ProgramCache cache, String source) {
    Optional<byte[]> found = cache.find(source);
    found.ifPresent(program -> assertArrayEquals(program(source), program));
    return found.isPresent();
  }

  @Test
  void whatIsKeptIsFound() throws IOException {
    assertFalse(holds(cache(), SOURCE));
    cache().keep(SOURCE, program(SOURCE));
    assertTrue(holds(cache(), SOURCE));
    assertFalse(holds(cache(), SOURCE + " "));
    assertFalse(holds(new ProgramCache(Optional.of(folder), DEVICE + ", new driver"), SOURCE));
    cache().keep(SOURCE, program(SOURCE));
    only();
  }

  @Test
  void whatIsCutOffIsNotThere() throws IOException {
    cache().keep(SOURCE, program(SOURCE));
    byte[] whole = Files.readAllBytes(only());
    for (int length = 0; length < whole.length; length += 1 + length / 16) {
      Files.write(only(), Arrays.copyOf(whole, length));
      assertFalse(holds(cache(), SOURCE), "cut off after " + length);
    }
    Files.write(only(), Arrays.copyOf(whole, whole.length + 1));
    assertFalse(holds(cache(), SOURCE), "with a byte too many");
    cache().keep(SOURCE, program(SOURCE));
    assertTrue(holds(cache(), SOURCE), "written anew");
  }

  @Test
  void whatIsDamagedIsNotThere() throws IOException {
    cache().keep(SOURCE, program(SOURCE));
    byte[] whole = Files.readAllBytes(only());
    for (int at = 0; at < whole.length; at += 1 + at / 16) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 4;
      Files.write(only(), damaged);
      assertFalse(holds(cache(), SOURCE), "damaged at " + at);
    }
  }

  @Test
  void anotherProgramUnderThisNameIsNotThere() throws IOException {
    cache().keep(SOURCE, program(SOURCE));
    Path name = only();
    String other = "kernel void other() {}";
    byte[] whole = Files.readAllBytes(name);
    Files.delete(name);
    cache().keep(other, program(other));
    assertTrue(holds(cache(), other));
    Files.write(only(), whole);
    assertFalse(cache().find(other).isPresent());
  }

  @Test
  void aFolderThatCannotBeWrittenCostsTimeAlone() throws IOException {
    // A file stands where the folder would be: this stops even the superuser.
    Path file = Files.createFile(folder.resolve("file"));
    ProgramCache cache = new ProgramCache(Optional.of(file.resolve("below")), DEVICE);
    cache.keep(SOURCE, program(SOURCE));
    cache.tidy();
    assertFalse(holds(cache, SOURCE));
    assertTrue(cache.obstacle().orElseThrow().contains("file"), cache.obstacle().orElseThrow());
    ProgramCache none = new ProgramCache(Optional.empty(), DEVICE);
    none.keep(SOURCE, program(SOURCE));
    none.tidy();
    assertFalse(holds(none, SOURCE));
    assertEquals(Optional.empty(), none.obstacle());
  }

  @Test
  void aFolderThatMayOnlyBeReadIsRead() throws IOException {
    cache().keep(SOURCE, program(SOURCE));
    Path name = only();
    Files.setLastModifiedTime(name, FileTime.from(Instant.now().minus(Duration.ofDays(3))));
    assertTrue(folder.toFile().setWritable(false) && name.toFile().setWritable(false));
    try {
      assertTrue(holds(cache(), SOURCE));
      ProgramCache cache = cache();
      cache.keep("another", program("another"));
      cache.tidy();
      // The superuser may write all the same.
      assertEquals(cache.obstacle().isEmpty(), holds(cache, "another"));
    } finally {
      assertTrue(folder.toFile().setWritable(true));
    }
  }

  @Test
  void whatIsOldMakesRoom() throws IOException {
    ProgramCache small = new ProgramCache(Optional.of(folder), DEVICE, 10_000);
    List<String> sources = List.of("a", "b", "c", "d", "e");
    Instant now = Instant.now();
    for (String source : sources) {
      small.keep(source, program(source));
      for (Path file : files(folder)) {
        Instant older = Files.getLastModifiedTime(file).toInstant().minus(Duration.ofDays(2));
        Files.setLastModifiedTime(file, FileTime.from(older));
      }
    }
    // What is used counts as new.
    assertTrue(holds(small, "a"));
    Path left = Files.createFile(folder.resolve("left.part"));
    Path fresh = Files.createFile(folder.resolve("fresh.part"));
    Files.setLastModifiedTime(left, FileTime.from(now.minus(Duration.ofHours(2))));
    small.tidy();
    assertEquals(
        List.of("a", "d", "e"), sources.stream().filter(source -> holds(small, source)).toList());
    assertFalse(Files.exists(left), "what a process that was killed has left");
    assertTrue(Files.exists(fresh), "what another process may be writing");
  }

  /** Keeps the same programs over and over, and looks at what there is. */
  static final class Writer {
    private Writer() {}

    /** Takes the folder, and how often; 0 for ever. */
    public static void main(String[] arguments) {
      ProgramCache cache = new ProgramCache(Optional.of(Path.of(arguments[0])), DEVICE);
      int rounds = Integer.parseInt(arguments[1]);
      for (int round = 0; rounds == 0 || round < rounds; round++) {
        for (int i = 0; i < 20; i++) {
          String source = "source " + i;
          if (round > 0 && !holds(cache, source)) {
            throw new AssertionError(source + " is not there");
          }
          cache.keep(source, program(source));
        }
        cache.tidy();
        if (round == 0) {
          System.out.println("ready");
        }
      }
      cache.obstacle().ifPresent(System.out::println);
    }
  }

  @Test
  void processesDoNotDisturbEachOther() throws Exception {
    List<Child> children = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      children.add(Child.start(Writer.class, folder, Map.of(), "" + folder.resolve("both"), "40"));
    }
    for (Child child : children) {
      assertEquals(List.of("ready"), child.end());
    }
    assertEquals(20, files(folder.resolve("both")).size());
  }

  @Test
  void aProcessThatIsKilledLeavesNothingBroken() throws Exception {
    Path shared = folder.resolve("shared");
    for (int round = 0; round < 3; round++) {
      Child child = Child.start(Writer.class, folder, Map.of(), "" + shared, "0");
      child.await("ready");
      Thread.sleep(7 * round);
      child.kill();
      ProgramCache cache = new ProgramCache(Optional.of(shared), DEVICE);
      for (int i = 0; i < 20; i++) {
        assertTrue(holds(cache, "source " + i));
      }
    }
    for (Path file : files(shared)) {
      assertTrue(file.toString().matches(".*\\.(program|part)"), file::toString);
    }
  }

  // ---- with a device ----

  private static final Family FAMILY = Family.processor(2);

  private static Plan plan() {
    Tensor x = Tensor.input("x", Shape.of(40, 30), DType.FLOAT32);
    return Plan.of(
        new Graph(List.of(x), List.of(x.matmul(x.transpose()).softmax(-1).sum(0))), new int[] {-1});
  }

  /** Runs the plan, and gives how many programs were compiled for it. */
  private static int compiled(Optional<Path> folder, HostData result) {
    OpenClDevice device = Probe.devices().get(0);
    try (Context context = new Context(device, Limits.of(device), folder);
        Executable run = new OpenClExecutable(plan(), context, FAMILY)) {
      run.write(0, RandomKey.of(1).normal(Shape.of(40, 30), DType.FLOAT32).value());
      run.run();
      run.read(0, result);
      int all = context.programs().count();
      assertTrue(all > 1, "too few programs to tell");
      assertTrue(context.programs().compiled() == 0 || context.programs().compiled() == all);
      return context.programs().compiled();
    }
  }

  private static HostData result() {
    return HostData.allocate(DType.FLOAT32, 40);
  }

  private static void equal(HostData expected, HostData got) {
    for (int i = 0; i < expected.elements(); i++) {
      assertEquals(expected.getDouble(i), got.getDouble(i));
    }
  }

  @Test
  void aProgramIsCompiledOnce() throws IOException {
    ProbeTest.assumeADevice();
    HostData expected = result();
    int all = compiled(Optional.empty(), expected);
    HostData first = result();
    assertEquals(all, compiled(Optional.of(folder), first));
    equal(expected, first);
    assertEquals(all, files(folder).size());
    HostData second = result();
    assertEquals(0, compiled(Optional.of(folder), second));
    equal(expected, second);
    assertEquals(all, compiled(Optional.empty(), expected), "switched off");
  }

  @Test
  void nothingMoreIsCompiledOnceItsThreadIsInterrupted() {
    ProbeTest.assumeADevice();
    OpenClDevice device = Probe.devices().get(0);
    try (Context context = new Context(device, Limits.of(device), Optional.empty())) {
      Thread.currentThread().interrupt();
      assertThrows(
          CancellationException.class, () -> new OpenClExecutable(plan(), context, FAMILY));
      assertEquals(0, context.programs().compiled());
      assertTrue(Thread.interrupted(), "it stays interrupted");
      try (Executable run = new OpenClExecutable(plan(), context, FAMILY)) {
        assertTrue(context.programs().compiled() > 0);
        Thread.currentThread().interrupt();
        assertThrows(CancellationException.class, run::run);
        assertTrue(Thread.interrupted());
        assertEquals(0, run.runs());
        // Its state may be half a step old.
        assertThrows(IllegalStateException.class, run::run);
      }
    }
  }

  @Test
  void nothingIsKeptBeforeSomebodyHasWaited() throws IOException {
    ProbeTest.assumeADevice();
    OpenClDevice device = Probe.devices().get(0);
    Tensor x = Tensor.input("x", Shape.of(40, 30), DType.FLOAT32);
    Tensor none = Tensor.input("none", Shape.of(0, 30), DType.FLOAT32);
    Plan plan =
        Plan.of(new Graph(List.of(x, none), List.of(none.neg(), x.neg())), new int[] {-1, -1});
    try (Context context = new Context(device, Limits.of(device), Optional.of(folder));
        Executable run = new OpenClExecutable(plan, context, FAMILY)) {
      run.run();
      // Of nothing nothing is read, and the kernels may be running still.
      run.read(0, HostData.allocate(DType.FLOAT32, 0));
      assertEquals(List.of(), files(folder));
      run.read(1, HostData.allocate(DType.FLOAT32, 40 * 30));
      assertEquals(context.programs().count(), files(folder).size());
    }
  }

  /** One run goes on without a pause while another of the same plan has its programs kept. */
  static final class TwoRuns {
    private static final int N = 192;

    private TwoRuns() {}

    /** Takes the folder. */
    public static void main(String[] arguments) throws Exception {
      OpenClDevice device = Probe.devices().get(0);
      Tensor x = Tensor.input("x", Shape.of(N, N), DType.FLOAT32);
      Tensor y = x;
      for (int i = 0; i < 20; i++) {
        y = x.matmul(y).tanh();
      }
      Plan plan = Plan.of(new Graph(List.of(x), List.of(y)), new int[] {-1});
      HostData data = RandomKey.of(1).normal(Shape.of(N, N), DType.FLOAT32).value();
      HostData ofOne = HostData.allocate(DType.FLOAT32, (long) N * N);
      HostData ofOther = HostData.allocate(DType.FLOAT32, (long) N * N);
      AtomicBoolean enough = new AtomicBoolean();
      try (Context context =
              new Context(device, Limits.of(device), Optional.of(Path.of(arguments[0])));
          Executable one = new OpenClExecutable(plan, context, FAMILY);
          Executable other = new OpenClExecutable(plan, context, FAMILY)) {
        one.write(0, data);
        other.write(0, data);
        one.run();
        Thread thread =
            Thread.ofPlatform()
                .start(
                    () -> {
                      while (!enough.get()) {
                        one.run();
                      }
                    });
        other.run();
        other.read(0, ofOther);
        System.out.println("kept " + (files(Path.of(arguments[0])).size() > 0));
        long before = one.runs();
        while (thread.isAlive() && one.runs() < before + 2 * RunsAhead.MOST) {
          Thread.sleep(1);
        }
        enough.set(true);
        thread.join();
        one.read(0, ofOne);
      }
      equal(ofOne, ofOther);
      System.out.println("equal");
    }
  }

  @Test
  void programsAreKeptWhileAnotherRunOfThemGoesOn() throws Exception {
    ProbeTest.assumeADevice();
    // In a process of its own, which a driver may end.
    List<String> lines =
        Child.start(TwoRuns.class, folder, Map.of(), "" + folder.resolve("programs")).end();
    assertEquals(List.of("kept true", "equal"), lines);
  }

  @Test
  void aProgramThatCannotBeKeptRunsAndSaysSo() throws IOException {
    ProbeTest.assumeADevice();
    Path file = Files.createFile(folder.resolve("file"));
    Path below = file.resolve("below");
    HostData expected = result();
    HostData got = result();
    assertEquals(compiled(Optional.empty(), expected), compiled(Optional.of(below), got));
    equal(expected, got);
    assertEquals(
        List.of(
            "OpenCL programs are compiled at every start: the folder %s cannot be written; the"
                    .formatted(below)
                + " environment variable FLUXION_CACHE names another"),
        notes(Optional.of(below)));
    assertEquals(List.of(), notes(Optional.of(folder)));
    assertEquals(List.of(), notes(Optional.empty()), "switched off");
  }

  private static List<String> notes(Optional<Path> folder) {
    OpenClDevice device = Probe.devices().get(0);
    try (Context context = new Context(device, Limits.of(device), folder);
        Executable run = new OpenClExecutable(plan(), context, FAMILY)) {
      return run.notes();
    }
  }

  @Test
  void aDamagedCacheIsBuiltAnew() throws IOException {
    ProbeTest.assumeADevice();
    HostData expected = result();
    int all = compiled(Optional.of(folder), expected);
    for (Path file : files(folder)) {
      byte[] whole = Files.readAllBytes(file);
      whole[whole.length / 2] ^= 1;
      Files.write(file, whole);
    }
    HostData got = result();
    assertEquals(all, compiled(Optional.of(folder), got));
    equal(expected, got);
    assertEquals(0, compiled(Optional.of(folder), got));
  }

  @Test
  void whatTheDriverDoesNotTakeIsBuiltAnew() throws IOException {
    ProbeTest.assumeADevice();
    HostData expected = result();
    int all = compiled(Optional.of(folder), expected);
    OpenClDevice device = Probe.devices().get(0);
    for (Launch launch : launches()) {
      // Whole, and of the right name, but nothing that the driver has made.
      Programs.cache(device, Optional.of(folder)).keep(launch.source(), program("nonsense"));
    }
    HostData got = result();
    assertEquals(all, compiled(Optional.of(folder), got));
    equal(expected, got);
    assertEquals(0, compiled(Optional.of(folder), got));
  }

  private static List<Launch> launches() {
    List<Launch> launches = new ArrayList<>();
    for (Kernel kernel : plan().kernels()) {
      launches.addAll(
          switch (kernel) {
            case Kernel.LoopKernel loops -> LoopSource.launches(loops, FAMILY);
            case Kernel.MatmulKernel matmul ->
                MatmulSource.of(
                    matmul, FAMILY, Probe.devices().get(0).matmulTiles(FAMILY).of(matmul));
            default -> throw new AssertionError(kernel.name());
          });
    }
    return launches;
  }
}
