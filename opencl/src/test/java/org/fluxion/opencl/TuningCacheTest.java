package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

/** What was measured is there again, or else it is as if nothing had been, and a note says so. */
class TuningCacheTest {
  private static final String KERNELS = "0123456789abcdef";
  private static final String CLASS = "processor 16 float32 NN m~4096 n~362 k~512 batch~1";
  private static final MatmulTile TILE = new MatmulTile(6, 64, 16, 512, 1, 2, 1, 3);
  private static final TunedFile.Product PRODUCT =
      new TunedFile.Product(TILE, "matmul 4096×384×384", 91.5, 83.2);

  private Path folder;

  @BeforeTry
  void makeFolder() throws IOException {
    folder = Files.createTempDirectory("tiles");
  }

  @AfterTry
  @AfterProperty
  void deleteFolder() throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted((x, y) -> y.compareTo(x)).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static SequencedMap<String, String> device(String driver) {
    SequencedMap<String, String> device = new LinkedHashMap<>();
    device.put("platform", "Portable \"Computing\" Language");
    device.put("vendor", "Ada & Söhne");
    device.put("name", "Card (TM) 7");
    device.put("computeUnits", "4");
    device.put("driver", driver);
    return device;
  }

  /** As another process would open it. */
  private TuningCache open(String driver, String kernels) {
    return new TuningCache(Optional.of(folder), device(driver), () -> kernels);
  }

  private TuningCache open() {
    return open("1.0", KERNELS);
  }

  private Path file() {
    return open().file().orElseThrow();
  }

  private static void isUnusable(TuningCache cache, String why) {
    assertEquals(Optional.empty(), cache.find(CLASS));
    assertEquals(Optional.empty(), cache.find("another"));
    assertEquals(1, cache.notes().size(), () -> "" + cache.notes());
    String note = cache.notes().get(0);
    assertEquals(1, note.lines().count(), note);
    assertTrue(note.contains(why), note);
    assertTrue(note.contains(cache.file().orElseThrow().toString()), note);
  }

  @Provide
  Arbitrary<MatmulTile> tiles() {
    Arbitrary<Integer> widths = Arbitraries.of(1, 2, 4, 8, 16);
    Arbitrary<Integer> few = Arbitraries.integers().between(1, 16);
    return Combinators.combine(
            few, Arbitraries.of(1, 2), widths, Arbitraries.of(1, 16, 4096), few, few, few)
        .as(
            (rows, vectors, width, depth, down, across, split) ->
                new MatmulTile(
                    rows,
                    vectors * width,
                    width,
                    depth,
                    down,
                    across,
                    1 + split % 2,
                    split * split * split));
  }

  @Property(tries = 100, seed = "7952")
  void whatIsWrittenIsRead(
      @ForAll("tiles") MatmulTile tile,
      @ForAll @CharRange(to = '\u2fff') String name,
      @ForAll @CharRange(to = '\u2fff') String measured) {
    TunedFile.Product product = new TunedFile.Product(tile, measured, 12.5, 0);
    open().keep(CLASS, Optional.of(PRODUCT));
    open().keep(name, Optional.of(product));
    TuningCache read = open();
    assertEquals(Optional.of(product), read.find(name));
    assertEquals(name.equals(CLASS) ? product : PRODUCT, read.find(CLASS).orElseThrow());
    assertEquals(List.of(), read.notes());
    open().keep(name, Optional.empty());
    assertEquals(Optional.empty(), open().find(name));
  }

  @Property(tries = 200, seed = "2615")
  void whatIsCutOffIsAsIfItWereNotThere(@ForAll @IntRange(max = 100_000) int place)
      throws IOException {
    open().keep(CLASS, Optional.of(PRODUCT));
    byte[] whole = Files.readAllBytes(file());
    Files.write(file(), Arrays.copyOf(whole, place % whole.length));
    isUnusable(open(), "it is damaged");
  }

  @Property(tries = 500, seed = "4740")
  void aByteThatIsAnotherIsNoticed(
      @ForAll @IntRange(max = 100_000) int place, @ForAll @IntRange(min = 1, max = 255) int flip)
      throws IOException {
    open().keep(CLASS, Optional.of(PRODUCT));
    byte[] bytes = Files.readAllBytes(file());
    bytes[place % bytes.length] ^= (byte) flip;
    Files.write(file(), bytes);
    isUnusable(open(), "");
  }

  @Property(tries = 200, seed = "2526")
  void whateverElseLiesThereIsNoHarm(@ForAll byte[] bytes) throws IOException {
    Files.write(file(), bytes);
    isUnusable(open(), "it is damaged");
    TuningCache cache = open();
    cache.keep(CLASS, Optional.of(PRODUCT));
    assertEquals(Optional.of(PRODUCT), cache.find(CLASS));
    assertEquals(List.of(), cache.notes());
    assertEquals(Optional.of(PRODUCT), open().find(CLASS));
  }

  /** A file whose check is right, with one number in it replaced. */
  private void write(String from, String to) throws IOException {
    TunedFile file = new TunedFile(KERNELS, device("1.0"), Map.of(CLASS, PRODUCT));
    String text = new String(file.bytes(), StandardCharsets.UTF_8);
    assertTrue(text.contains(from), text);
    Files.writeString(file(), text.replace(from, to));
  }

  @Example
  void tilesThatCannotBeAreRefused() throws IOException {
    for (String[] hostile :
        new String[][] {
          {"\"rows\" : 6", "\"rows\" : 17"},
          {"\"rows\" : 6", "\"rows\" : \"6\""},
          {"\"columns\" : 64", "\"columns\" : 2147483632"},
          {"\"columns\" : 64", "\"columns\" : 63"},
          {"\"width\" : 16", "\"width\" : 0"},
          {"\"depth\" : 512", "\"depth\" : 1073741824"},
          {"\"depth\" : 512", "\"depth\" : -1"},
          {"\"down\" : 1", "\"down\" : 2147483647"},
          {"\"across\" : 2", "\"across\" : 1e99"},
          {"\"buffers\" : 1", "\"buffers\" : 3"},
          {"\"split\" : 3", "\"split\" : 99999999999999"},
        }) {
      write(hostile[0], hostile[1]);
      isUnusable(open(), "says what cannot be: expected");
    }
    write("fluxion tiles 1", "fluxion tiles 2");
    isUnusable(open(), "its format is 'fluxion tiles 2', not 'fluxion tiles 1'");
    Files.writeString(file(), "[".repeat(1_000_000));
    isUnusable(open(), "it is damaged");
    Files.writeString(file(), " ".repeat((1 << 20) + 1));
    isUnusable(open(), "it is longer than");
    Files.delete(file());
    Files.createDirectory(file());
    isUnusable(open(), "no regular file");
  }

  @Example
  void anotherDriverOrVersionOfTheKernelsIsANote() {
    open().keep(CLASS, Optional.of(PRODUCT));
    isUnusable(open("1.1", KERNELS), "driver was '1.0' and is '1.1'");
    isUnusable(open("1.0", "other"), "another version's kernels");
    // What is measured then takes its place.
    open("1.1", KERNELS).keep("new", Optional.of(PRODUCT));
    assertEquals(Optional.empty(), open("1.1", KERNELS).find(CLASS));
    assertEquals(Optional.of(PRODUCT), open("1.1", KERNELS).find("new"));
  }

  @Example
  void otherDevicesHaveFilesOfTheirOwn() {
    SequencedMap<String, String> larger = device("1.0");
    larger.put("computeUnits", "8");
    Path other = new TuningCache(Optional.of(folder), larger, () -> KERNELS).file().orElseThrow();
    assertTrue(!other.equals(file()), other::toString);
    assertTrue(file().getFileName().toString().matches("tiles-card-tm-7-[0-9a-f]{8}\\.json"));
  }

  @Example
  void itMayBeDeletedAtAnyTime() throws IOException {
    TuningCache cache = open();
    cache.keep(CLASS, Optional.of(PRODUCT));
    deleteFolder();
    // This process goes on as it began; another one finds nothing, and nothing to say.
    assertEquals(Optional.of(PRODUCT), cache.find(CLASS));
    TuningCache other = open();
    assertEquals(Optional.empty(), other.find(CLASS));
    assertEquals(List.of(), other.notes());
    cache.keep("new", Optional.of(PRODUCT));
    assertEquals(Optional.of(PRODUCT), open().find(CLASS));
    assertEquals(Optional.of(PRODUCT), open().find("new"));
  }

  @Example
  void whereNothingIsKeptItLastsAsLongAsTheProcess() {
    TuningCache cache = new TuningCache(Optional.empty(), device("1.0"), () -> KERNELS);
    assertEquals(Optional.empty(), cache.find(CLASS));
    cache.keep(CLASS, Optional.of(PRODUCT));
    assertEquals(Optional.of(PRODUCT), cache.find(CLASS));
    assertEquals(List.of(), cache.notes());
    assertEquals(Optional.empty(), cache.obstacle());
  }

  @Example
  void aFolderThatCannotBeIsAnObstacle() throws IOException {
    Path taken = Files.writeString(folder.resolve("taken"), "");
    TuningCache cache = new TuningCache(Optional.of(taken), device("1.0"), () -> KERNELS);
    assertTrue(cache.obstacle().orElse("").contains(taken.toString()), "known before it is needed");
    assertEquals(Optional.empty(), cache.find(CLASS));
    cache.keep(CLASS, Optional.of(PRODUCT));
    assertTrue(cache.obstacle().orElse("").contains(taken.toString()));
    assertEquals(Optional.of(PRODUCT), cache.find(CLASS));
  }

  @Example
  void askingForAnObstacleLeavesTheFileAsItIs() throws IOException {
    assertEquals(Optional.empty(), open().obstacle());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
    open().keep(CLASS, Optional.of(PRODUCT));
    assertEquals(Optional.empty(), open().obstacle());
    assertEquals(Optional.of(PRODUCT), open().find(CLASS));
    // A folder in its place.
    Files.delete(file());
    Files.createDirectories(file().resolve("inner"));
    assertTrue(open().obstacle().orElse("").contains(file().toString()));
  }

  /** Whoever reads meanwhile finds a whole file, or none. */
  @Example
  void processesThatWriteAtOnceLeaveAWholeFile() throws IOException {
    IntStream.range(0, 8)
        .parallel()
        .forEach(
            writer -> {
              TuningCache cache = open();
              for (int i = 0; i < 20; i++) {
                cache.keep("class " + writer + " " + i, Optional.of(PRODUCT));
                TuningCache reader = open();
                reader.find(CLASS);
                assertEquals(List.of(), reader.notes());
              }
            });
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file()), files.toList());
    }
    open().keep(CLASS, Optional.of(PRODUCT));
    assertEquals(Optional.of(PRODUCT), open().find(CLASS));
  }
}
