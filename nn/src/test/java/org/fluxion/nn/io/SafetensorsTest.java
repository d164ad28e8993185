package org.fluxion.nn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.nn.Linear;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is written comes back, and what is damaged never does. */
class SafetensorsTest {
  private static final int LENGTH_BYTES = 8;

  private static final byte[] WHOLE = written(sample());

  @TempDir Path folder;

  private static byte[] written(Parameters parameters) {
    try {
      Path path = Files.createTempFile("whole", ".safetensors");
      Safetensors.write(path, parameters, Map.of("config", "{}"));
      byte[] bytes = Files.readAllBytes(path);
      Files.delete(path);
      return bytes;
    } catch (IOException failed) {
      throw new java.io.UncheckedIOException(failed);
    }
  }

  private static byte[] file(String header, byte... data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(LENGTH_BYTES + text.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .put(data)
        .array();
  }

  private static Parameters sample() {
    return Parameters.builder()
        .add("flags", Tensor.tensor(1, 0, 1).cast(DType.BOOL))
        .add("half", Tensor.tensor(1f, -2.5f, 65504f).cast(DType.FLOAT16))
        .add("brain", Tensor.tensor(1f, -2.5f, 3e38f).cast(DType.BFLOAT16))
        .add("blocks.0.weight", Tensor.of(new float[] {1, 2, 3, 4, 5, Float.NaN}, 2, 3))
        .add("step", Tensor.scalar(7, DType.INT64))
        .add("labels", Tensor.tensor(Integer.MIN_VALUE, -1, 3))
        .add("exact", Tensor.tensor(Math.PI, Double.NEGATIVE_INFINITY, -0.0))
        .add("nothing", Tensor.zeros(0, 4))
        .build();
  }

  private static byte[] bytes(Tensor tensor) {
    return tensor.value().segment().toArray(ValueLayout.JAVA_BYTE);
  }

  private static void assertSameTensors(Parameters expected, Parameters actual) {
    assertEquals(expected.names(), actual.names());
    expected
        .asMap()
        .forEach(
            (name, tensor) -> {
              assertEquals(tensor.dtype(), actual.get(name).dtype(), name);
              assertEquals(tensor.shape(), actual.get(name).shape(), name);
              assertArrayEquals(bytes(tensor), bytes(actual.get(name)), name);
            });
  }

  @Test
  void everyDtypeComesBackBitForBit() throws IOException {
    Path path = folder.resolve("all.safetensors");
    Map<String, String> metadata = Map.of("config", "{\"depth\": 4}", "λ", "Größe");
    Safetensors.write(path, sample(), metadata);
    try (Safetensors file = Safetensors.open(path)) {
      assertSameTensors(sample(), file.parameters());
      assertEquals(metadata, file.metadata());
      StoredTensor info = file.info("blocks.0.weight");
      assertEquals("F32", info.type());
      assertEquals(Shape.of(2, 3), info.shape());
      assertEquals(24, info.bytes());
      for (StoredTensor tensor : file.tensors().values()) {
        assertEquals(0, tensor.offset() % tensor.dtype().orElseThrow().bytes(), "aligned");
      }
    }
    try (var left = Files.list(folder)) {
      assertEquals(List.of(path), left.toList(), "no temporary file stays");
    }
  }

  /**
   * Of every dtype and ranks 0 to 5, empty ones among them, of any bits, under names of any sort.
   */
  @Property(tries = 100, seed = "5150")
  void whatIsWrittenIsRead(@ForAll("names") List<String> names, @ForAll long seed)
      throws IOException {
    Random random = new Random(seed);
    Parameters.Builder written = Parameters.builder();
    for (String name : names) {
      written.add(name, drawn(random));
    }
    Path path = Files.createTempFile("any", ".safetensors");
    try {
      Safetensors.write(path, written.build());
      try (Safetensors file = Safetensors.open(path)) {
        assertSameTensors(written.build(), file.parameters());
      }
    } finally {
      Files.delete(path);
    }
  }

  /** With what JSON escapes, what UTF-8 writes as two to four bytes, and dots. */
  @Provide
  Arbitrary<List<String>> names() {
    return Arbitraries.of(
            "a", "Z", "0", ".", " ", "\"", "\\", "/", "\n", "\0", "λ", "€", "𝒥", "{", ",")
        .list()
        .ofMinSize(1)
        .ofMaxSize(8)
        .map(parts -> String.join("", parts))
        .list()
        .uniqueElements()
        .ofMaxSize(6);
  }

  private static Tensor drawn(Random random) {
    DType dtype = DType.values()[random.nextInt(DType.values().length)];
    Shape shape = Shape.of(random.ints(random.nextInt(6), 0, 4).toArray());
    HostData data = HostData.allocate(dtype, shape.elements());
    byte[] bits = new byte[(int) data.segment().byteSize()];
    random.nextBytes(bits);
    for (int i = 0; i < bits.length && dtype == DType.BOOL; i++) {
      bits[i] &= 1;
    }
    MemorySegment.copy(bits, 0, data.segment(), ValueLayout.JAVA_BYTE, 0, bits.length);
    return Tensor.of(data, shape);
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void tensorsBeyondOneChunkComeBack(DType dtype) throws IOException {
    Path path = folder.resolve("large.safetensors");
    Parameters large =
        Parameters.of("odd", Tensor.tensor(1).cast(DType.BOOL))
            .merge(Parameters.of("x", Tensor.arange(300_001, DType.INT32).cast(dtype)));
    Safetensors.write(path, large);
    try (Safetensors file = Safetensors.open(path)) {
      assertSameTensors(large, file.parameters());
    }
  }

  @Test
  void tensorsOutliveTheFileAndAnOldFileIsReplaced() throws IOException {
    Path path = folder.resolve("a.safetensors");
    Safetensors.write(path, Parameters.of("x", Tensor.tensor(1f)));
    Safetensors first = Safetensors.open(path);
    Safetensors.write(path, Parameters.of("x", Tensor.tensor(2f)));
    Tensor old = first.tensor("x");
    first.close();
    first.close();
    assertEquals(1, old.item());
    assertThrows(IllegalStateException.class, () -> first.tensor("x"));
    try (Safetensors second = Safetensors.open(path)) {
      assertEquals(2, second.tensor("x").item());
    }
  }

  @Test
  void aFailedWriteLeavesTheOldFile() throws IOException {
    Path path = folder.resolve("a.safetensors");
    Safetensors.write(path, Parameters.of("x", Tensor.tensor(1f)));
    byte[] before = Files.readAllBytes(path);
    assertThrows(
        IllegalArgumentException.class,
        () -> Safetensors.write(path, Parameters.of("__metadata__", Tensor.tensor(2f))));
    Tensor unbound = Tensor.input("x", Shape.of(1), DType.FLOAT32);
    assertThrows(
        IllegalArgumentException.class, () -> Safetensors.write(path, Parameters.of("x", unbound)));
    assertArrayEquals(before, Files.readAllBytes(path));
  }

  /** Headers, with ` for ", before four bytes of data; what the message must contain. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,4]}|Unexpected end-of-input",
        "[1]|does not begin with {",
        "{`a`}|not valid JSON",
        "{`a`:1}|expected an object",
        "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,4]},`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,4]}}|names"
            + " it twice",
        "{`a`:{`dtype`:`F32`,`dtype`:`I32`,`shape`:[1],`data_offsets`:[0,4]}}|occurs twice",
        "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,4],`more`:1}}|got \"more\"",
        "{`a`:{`dtype`:`F32`,`shape`:[1]}}|is missing",
        "{`a`:{`dtype`:`F99`,`shape`:[1],`data_offsets`:[0,4]}}|dtype \"F99\" is unknown",
        "{`a`:{`dtype`:32,`shape`:[1],`data_offsets`:[0,4]}}|expected a string",
        "{`a`:{`dtype`:`F32`,`shape`:[1.0],`data_offsets`:[0,4]}}|expected integers",
        "{`a`:{`dtype`:`F32`,`shape`:1,`data_offsets`:[0,4]}}|expected an array",
        "{`a`:{`dtype`:`F32`,`shape`:[-1],`data_offsets`:[0,4]}}|negative",
        "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[-4,0]}}|negative",
        "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[4,0]}}|misordered",
        "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,4,8]}}|expected [begin, end]",
        "{`a`:{`dtype`:`F32`,`shape`:[2],`data_offsets`:[0,8]}}|beyond the 4 bytes",
        "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,99999999999999999999]}}|not valid JSON",
        "{`a`:{`dtype`:`F32`,`shape`:[2],`data_offsets`:[0,4]}}|takes 8 bytes",
        "{`a`:{`dtype`:`F64`,`shape`:[1],`data_offsets`:[0,4]}}|takes 8 bytes",
        "{`a`:{`dtype`:`F32`,`shape`:[4294967297],`data_offsets`:[0,4]}}|too large",
        "{`a`:{`dtype`:`F32`,`shape`:[2147483647,2147483647,4],`data_offsets`:[0,4]}}|too large",
        "{`a`:{`dtype`:`F32`,`shape`:[2147483647,2147483647],`data_offsets`:[0,4]}}|too large",
        "{`a`:{`dtype`:`BOOL`,`shape`:[3],`data_offsets`:[0,3]},`b`:{`dtype`:`BOOL`,`shape`:[2],`data_offsets`:[2,4]}}|overlaps",
        "{`a`:{`dtype`:`BOOL`,`shape`:[1],`data_offsets`:[0,1]},`b`:{`dtype`:`BOOL`,`shape`:[2],`data_offsets`:[2,4]}}|leaves"
            + " a gap",
        "{`a`:{`dtype`:`BOOL`,`shape`:[2],`data_offsets`:[0,2]}}|2 bytes of no tensor",
        "{}|4 bytes of no tensor",
        "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,4]}} {}|expected spaces",
        "{`__metadata__`:{`k`:1},`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,4]}}|expected a"
            + " string",
        "{`__metadata__`:{`k`:`1`,`k`:`2`}}|occurs twice",
        "{`__metadata__`:{},`__metadata__`:{}}|twice",
        "{`__metadata__`:[]}|expected an object of strings",
      })
  void everyLieInAHeaderIsNamed(String header, String expected) throws IOException {
    Path path = folder.resolve("bad.safetensors");
    Files.write(path, file(header.replace('`', '"'), new byte[4]));
    var error = assertThrows(SafetensorsException.class, () -> Safetensors.open(path));
    assertTrue(error.getMessage().startsWith(path + ": "), error.getMessage());
    assertTrue(error.getMessage().contains("at byte "), error.getMessage());
    assertTrue(error.getMessage().contains(expected), error.getMessage());
  }

  @Test
  void lengthsAndEncodingsAreChecked() throws IOException {
    Path path = folder.resolve("bad.safetensors");
    byte[] notText = file("{}");
    notText[LENGTH_BYTES] = (byte) 0xFF;
    for (byte[] bad :
        List.of(
            new byte[0],
            new byte[7],
            new byte[8],
            new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'},
            new byte[] {2, 0, 0, 0, 0, 0, 0, -128, '{', '}'},
            notText)) {
      Files.write(path, bad);
      assertThrows(SafetensorsException.class, () -> Safetensors.open(path).close());
    }
    Files.write(path, file("{}   "));
    try (Safetensors empty = Safetensors.open(path)) {
      assertEquals(List.of(), empty.names());
    }
    assertThrows(IOException.class, () -> Safetensors.open(folder.resolve("absent")));
  }

  /** Beginnings of files of other kinds, \\xHH for a byte; what the message must contain. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PK\\x03\\x04\\x14\\x00\\x00\\x00archive/data.pkl|a zip archive, as PyTorch's .pt",
        "\\x80\\x02\\x8a\\x0al\\xfc\\x9cF\\xf9 j|a Python pickle",
        "\\x93NUMPY\\x01\\x00v\\x00|a NumPy array",
        "\\x89HDF\\x0d\\x0a\\x1a\\x0a\\x00|an HDF5 file",
        "GGUF\\x03\\x00\\x00\\x00\\x10|a GGUF file",
        "\\x1f\\x8b\\x08\\x00\\x00\\x00\\x00\\x00\\x00|a gzip file; unpack it first",
        "\\x89PNG\\x0d\\x0a\\x1a\\x0a\\x00|a PNG image",
        "version https://git-lfs.github.com/spec/v1|'git lfs pull' fetches",
        "<!DOCTYPE html><html>|an HTML or XML page",
        "{\"weight_map\": {\"a\": \"b\"}}|JSON text",
        "Entry not found|this looks like text",
        "\\xfe\\xed\\xfa\\xce\\x01\\x02\\x03\\x04\\x05|the header is said to be",
      })
  void whatIsAnotherKindOfFileIsCalledWhatItLooksLike(String beginning, String expected)
      throws IOException {
    Path path = folder.resolve("other.safetensors");
    String bytes =
        Pattern.compile("\\\\x([0-9a-f]{2})")
            .matcher(beginning)
            .replaceAll(
                hex -> Matcher.quoteReplacement("" + (char) Integer.parseInt(hex.group(1), 16)));
    Files.write(path, bytes.getBytes(StandardCharsets.ISO_8859_1));
    String message =
        assertThrows(SafetensorsException.class, () -> Safetensors.open(path)).getMessage();
    assertTrue(message.startsWith(path + ": at byte 0: "), message);
    assertTrue(message.contains(expected), message);
  }

  @Property(tries = 50, seed = "4409")
  void aDamagedFileOfTheRightKindIsNotTakenForAnother(@ForAll @IntRange(min = 9, max = 99) int keep)
      throws IOException {
    Path path = Files.createTempFile("cut", ".safetensors");
    try {
      Files.write(path, Arrays.copyOf(WHOLE, keep));
      String message =
          assertThrows(SafetensorsException.class, () -> Safetensors.open(path)).getMessage();
      assertTrue(message.contains("is it whole?"), message);
    } finally {
      Files.delete(path);
    }
  }

  /** Of a file whose bytes cannot be read it is not known whether they are right. */
  @Test
  void whatCannotBeReadIsNotSaidToBeWrong() throws IOException {
    Path path = folder.resolve("vanishing.safetensors");
    Safetensors.write(path, Parameters.of("w", Tensor.zeros(1 << 20)));
    try (Safetensors file = Safetensors.open(path)) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(1000);
      }
      var error = assertThrows(SafetensorsException.class, () -> file.tensor("w"));
      assertFalse(error.isOfContents());
      assertTrue(error.getMessage().contains("it cannot be read"), error.getMessage());
    }
    var cut = assertThrows(SafetensorsException.class, () -> Safetensors.open(path));
    assertTrue(cut.isOfContents());
  }

  @Test
  void anEmptyFileIsCalledEmpty() throws IOException {
    Path path = Files.createFile(folder.resolve("empty.safetensors"));
    var error = assertThrows(SafetensorsException.class, () -> Safetensors.open(path));
    assertTrue(error.getMessage().contains("the file is empty"), error.getMessage());
  }

  @Test
  void aTypeWithoutDtypeIsListedButNotRead() throws IOException {
    Path path = folder.resolve("f8.safetensors");
    Files.write(
        path,
        file(
            "{\"q\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}}",
            (byte) 1,
            (byte) 2));
    try (Safetensors file = Safetensors.open(path)) {
      assertEquals("F8_E4M3", file.info("q").type());
      var error = assertThrows(SafetensorsException.class, () -> file.tensor("q"));
      assertTrue(error.getMessage().contains("its type F8_E4M3 cannot be read"));
      assertThrows(SafetensorsException.class, () -> file.tensor("p"));
    }
  }

  @Test
  void aBoolIsZeroOrOne() throws IOException {
    Path path = folder.resolve("bool.safetensors");
    byte[] bytes =
        file(
            "{\"b\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]}}",
            (byte) 1,
            (byte) 2);
    Files.write(path, bytes);
    try (Safetensors file = Safetensors.open(path)) {
      var error = assertThrows(SafetensorsException.class, () -> file.tensor("b"));
      assertTrue(error.getMessage().contains("at byte " + (bytes.length - 1)));
    }
  }

  /** Any damage: an error, or tensors that cover the data exactly and are its bytes. */
  @Property(tries = 1000, seed = "3843")
  void damageGivesAnErrorOrExactlyTheBytesInTheFile(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int edits) throws IOException {
    Path path = Files.createTempFile("damaged", ".safetensors");
    try {
      byte[] damaged = WHOLE;
      Random random = new Random(seed);
      for (int i = 0; i < edits; i++) {
        damaged = damage(damaged, random);
      }
      Files.write(path, damaged);
      try (Safetensors file = Safetensors.open(path)) {
        Parameters read = file.parameters();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        file.names().stream()
            .sorted(Comparator.comparing(name -> file.tensors().get(name).offset()))
            .forEach(name -> data.writeBytes(bytes(read.get(name))));
        long header = ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertArrayEquals(
            Arrays.copyOfRange(damaged, (int) header + LENGTH_BYTES, damaged.length),
            data.toByteArray());
      } catch (SafetensorsException expected) {
        assertTrue(expected.getMessage().startsWith(path.toString()));
      }
    } finally {
      Files.delete(path);
    }
  }

  private static byte[] damage(byte[] bytes, Random random) {
    if (bytes.length == 0) {
      return bytes;
    }
    int at = random.nextInt(bytes.length);
    byte[] changed = bytes.clone();
    return switch (random.nextInt(5)) {
      case 0 -> Arrays.copyOf(bytes, at);
      case 1 -> Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(9));
      case 2 -> {
        // A digit for a digit: lies that stay valid JSON.
        for (int i = at; i < bytes.length; i++) {
          if (Character.isDigit(bytes[i])) {
            changed[i] = (byte) ('0' + random.nextInt(10));
            break;
          }
        }
        yield changed;
      }
      case 3 -> {
        changed[at] = (byte) random.nextInt();
        yield changed;
      }
      default -> {
        changed[at] ^= (byte) (1 << random.nextInt(8));
        yield changed;
      }
    };
  }

  @Property(tries = 100, seed = "477")
  void aTruncatedOrExtendedFileNeverOpens(@ForAll @IntRange(min = 1, max = 2000) int change)
      throws IOException {
    Path path = Files.createTempFile("cut", ".safetensors");
    try {
      byte[] whole = WHOLE;
      Files.write(path, Arrays.copyOf(whole, Math.max(0, whole.length - change)));
      assertThrows(SafetensorsException.class, () -> Safetensors.open(path));
      Files.write(path, Arrays.copyOf(whole, whole.length + change));
      assertThrows(SafetensorsException.class, () -> Safetensors.open(path));
    } finally {
      Files.delete(path);
    }
  }

  @Test
  void aModelTakesItsParametersAndCastsThem() throws IOException {
    Linear model = new Linear(2, 3);
    Parameters stored = model.initialise(RandomKey.of(3)).cast(DType.FLOAT16);
    Path path = folder.resolve("model.safetensors");
    Safetensors.write(
        path,
        stored
            .prefixed("ema")
            .merge(
                stored
                    .map(t -> t.cast(DType.FLOAT32).mul(2).cast(DType.FLOAT16))
                    .prefixed("param")));
    try (Safetensors file = Safetensors.open(path)) {
      Parameters loaded = model.load(file, Load.strict().prefix("ema.").cast(DType.FLOAT32));
      assertSameTensors(stored.cast(DType.FLOAT32), loaded);
      var error =
          assertThrows(IOException.class, () -> model.load(file, Load.strict().prefix("ema.")));
      assertTrue(
          error.getMessage().contains("weight (expected float32, stored F16)"), error.getMessage());
    }
  }

  @Test
  void differencesAreListedByName() throws IOException {
    Path path = folder.resolve("other.safetensors");
    Safetensors.write(path, Parameters.of("weight", Tensor.ones(3, 2), "extra", Tensor.ones(1)));
    try (Safetensors file = Safetensors.open(path)) {
      Parameters expected =
          Parameters.of("weight", Tensor.zeros(3, 2), "bias", Tensor.ones(3).mul(4));
      var error = assertThrows(IOException.class, () -> Load.strict().read(file, expected));
      assertTrue(error.getMessage().contains("missing in the file (1"), error.getMessage());
      assertTrue(error.getMessage().contains("bias"), error.getMessage());
      assertTrue(error.getMessage().contains("extra"), error.getMessage());
      Parameters loaded = Load.lenient().read(file, expected);
      assertEquals(expected.names(), loaded.names());
      assertArrayEquals(new float[] {4, 4, 4}, loaded.get("bias").toFloatArray());
      assertArrayEquals(new float[] {1, 1, 1, 1, 1, 1}, loaded.get("weight").toFloatArray());
      Parameters other = Parameters.of("weight", Tensor.zeros(2, 3));
      var shaped = assertThrows(IOException.class, () -> Load.lenient().read(file, other));
      assertTrue(shaped.getMessage().contains("weight (expected [2, 3], stored [3, 2])"));
    }
  }
}
