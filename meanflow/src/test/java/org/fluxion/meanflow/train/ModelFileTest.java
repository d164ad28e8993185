package org.fluxion.meanflow.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFileTest {
  @TempDir Path folder;

  private static ModelFile flow() {
    ModelConfiguration model = TinyRun.model();
    return new ModelFile(
        ModelFile.Kind.FLOW,
        model,
        model.transformer().initialise(RandomKey.of(3)),
        Map.of("steps", "12"));
  }

  private static Map<String, byte[]> bytes(Path file) throws IOException {
    Map<String, byte[]> found = new LinkedHashMap<>();
    try (Safetensors stored = Safetensors.open(file)) {
      for (String name : stored.names()) {
        found.put(name, stored.tensor(name).value().segment().toArray(ValueLayout.JAVA_BYTE));
      }
    }
    return found;
  }

  private static void assertSameBytes(Map<String, byte[]> expected, Map<String, byte[]> got) {
    assertEquals(expected.keySet(), got.keySet());
    expected.forEach((name, bytes) -> assertArrayEquals(bytes, got.get(name), name));
  }

  @Test
  void whatIsWrittenReadsBackInEitherDType() throws IOException {
    for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT16}) {
      Path file = folder.resolve(dtype + ".safetensors");
      ModelFile written = flow().cast(dtype);
      written.write(file);
      ModelFile read = ModelFile.read(file);
      assertEquals(written.kind(), read.kind());
      assertEquals(written.model(), read.model());
      assertEquals(Map.of("steps", "12"), read.notes());
      assertEquals(written.parameters().names(), read.parameters().names());
      for (String name : read.parameters().names()) {
        Tensor stored = read.parameters().get(name);
        assertEquals(dtype, stored.dtype());
        assertEquals(
            DType.FLOAT32, read.flow().parameters().get(name).dtype(), "the model computes so");
      }
      Path again = folder.resolve(dtype + "-again.safetensors");
      read.write(again);
      assertSameBytes(bytes(file), bytes(again));
    }
    assertTrue(
        Files.size(folder.resolve("float16.safetensors"))
            < Files.size(folder.resolve("float32.safetensors")));
  }

  @Test
  void conversionTouchesNoWeight() throws IOException {
    for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT16}) {
      Path from = folder.resolve(dtype + "-flow.safetensors");
      Path to = folder.resolve(dtype + "-map.safetensors");
      flow().cast(dtype).write(from);
      ModelFile.read(from).convert(2).write(to);
      assertSameBytes(bytes(from), bytes(to));
      try (Safetensors stored = Safetensors.open(to)) {
        assertEquals("map", stored.metadata().get("kind"));
        assertEquals(
            TinyRun.model().withDecoderDepth(2),
            ModelConfiguration.ofJson(stored.metadata().get("model")));
      }
    }
  }

  @Test
  void aModelIsNotTakenForWhatItIsNot() {
    ModelFile flow = flow();
    ModelFile map = flow.convert(1);
    assertTrue(messageOf(flow::map).contains("convert it first"));
    assertTrue(messageOf(map::flow).contains("expected a flow model, got a flow map"));
    assertTrue(messageOf(() -> map.convert(1)).contains("got a flow map"));
    assertTrue(messageOf(() -> flow.convert(3)).contains("from 0 to 2, got 3"));
  }

  private static String messageOf(Runnable act) {
    return assertThrows(IllegalArgumentException.class, act::run).getMessage();
  }

  /** The message about a file that was written like a model's, but for one change. */
  private String messageOfFile(
      Consumer<Map<String, String>> metadata, java.util.function.UnaryOperator<Parameters> tensors)
      throws IOException {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("kind", "flow");
    texts.put("model", flow().model().toJson());
    metadata.accept(texts);
    Path file = folder.resolve("changed.safetensors");
    Safetensors.write(file, tensors.apply(flow().parameters()), texts);
    String message = assertThrows(IOException.class, () -> ModelFile.read(file)).getMessage();
    assertTrue(message.startsWith(file.toString()), message);
    return message.substring(file.toString().length() + 2);
  }

  @Test
  void aSingleWrongBitIsFound() throws IOException {
    Path file = folder.resolve("model.safetensors");
    flow().write(file);
    byte[] whole = Files.readAllBytes(file);
    int note = new String(whole, 0, 4000, StandardCharsets.ISO_8859_1).indexOf("\"12\"") + 2;
    for (int at : new int[] {note, whole.length - 1001, whole.length - 1}) {
      byte[] changed = whole.clone();
      changed[at] ^= 1;
      Files.write(file, changed);
      String message = assertThrows(IOException.class, () -> ModelFile.read(file)).getMessage();
      assertTrue(message.startsWith(file + ": the checksum is not"), message);
    }
    // Other writers know of no checksum, and order names as they like.
    Parameters.Builder reversed = Parameters.builder();
    flow()
        .parameters()
        .names()
        .reversed()
        .forEach(n -> reversed.add(n, flow().parameters().get(n)));
    Map<String, String> metadata = new LinkedHashMap<>();
    Files.write(file, whole);
    try (Safetensors stored = Safetensors.open(file)) {
      metadata.putAll(stored.metadata());
    }
    Safetensors.write(file, reversed.build(), metadata);
    assertEquals(Map.of("steps", "12"), ModelFile.read(file).notes());
    metadata.remove(Checksum.KEY);
    metadata.put(Checksum.EARLIER_KEY, "01234567");
    Safetensors.write(file, flow().parameters(), metadata);
    assertEquals(Map.of("steps", "12"), ModelFile.read(file).notes());
  }

  @Test
  void otherFilesAreRefusedByName() throws IOException {
    String noKind = messageOfFile(m -> m.remove("kind"), p -> p);
    assertTrue(noKind.startsWith("expected a model file"), noKind);
    String otherKind = messageOfFile(m -> m.put("kind", "checkpoint"), p -> p);
    assertTrue(otherKind.endsWith("got \"checkpoint\""), otherKind);
    String noModel = messageOfFile(m -> m.remove("model"), p -> p);
    assertTrue(noModel.contains("metadata's model"), noModel);
    String badModel = messageOfFile(m -> m.put("model", "{\"width\": 8}"), p -> p);
    assertTrue(badModel.contains("model.depth: missing"), badModel);
    String shape =
        messageOfFile(
            m -> m.put("model", flow().model().toJson().replace("\"classes\":10", "\"classes\":5")),
            p -> p);
    assertTrue(shape.contains("y_embedder.embedding_table.weight (expected [6, 8]"), shape);
    String more = messageOfFile(m -> {}, p -> p.with("extra", Tensor.zeros(1)));
    assertTrue(more.contains("unexpected in the file (1") && more.contains("extra"), more);
    assertEquals(
        "no-such-model: expected the path of a model file, or one of flow, map, digits-flow,"
            + " digits-map",
        assertThrows(IOException.class, () -> ModelFile.read("no-such-model")).getMessage());
    String directory =
        assertThrows(IOException.class, () -> ModelFile.read(folder.toString())).getMessage();
    assertEquals(folder + ": expected a model file, got a folder", directory);
    assertThrows(IOException.class, () -> ModelFile.read(folder));
  }

  @Test
  void shippedModelsHaveShortAndFullNames() throws IOException {
    for (String name : new String[] {"flow", "map"}) {
      ModelFile read = ModelFile.read(name);
      assertEquals(name, read.kind().written());
      assertEquals(read.notes(), ModelFile.read("digits-" + name).notes());
      assertFalse(read.isConverted(), name);
    }
  }

  @Test
  void shippedModelsAreCheckedAndAreTheDocumentedOnes() throws Exception {
    String page = Files.readString(Path.of("docs", "models.md"));
    for (String name : new String[] {"digits-flow", "digits-map"}) {
      Path file = folder.resolve(name + ".safetensors");
      try (InputStream stream =
          ModelFile.class.getResourceAsStream(
              "/org/fluxion/meanflow/models/" + file.getFileName())) {
        Files.copy(stream, file);
      }
      byte[] bytes = Files.readAllBytes(file);
      String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
      assertTrue(page.contains("| `%s` | `%s` |".formatted(file.getFileName(), hash)), hash);
      bytes[bytes.length - 1] ^= 1;
      Files.write(file, bytes);
      String message = assertThrows(IOException.class, () -> ModelFile.read(file)).getMessage();
      assertTrue(message.contains("the file is damaged"), message);
    }
  }

  @Test
  void aConvertedMapIsToldFromATrainedOne() throws IOException {
    assertFalse(flow().isConverted());
    Path file = folder.resolve("converted.safetensors");
    flow().convert(1).cast(DType.FLOAT16).write(file);
    ModelFile read = ModelFile.read(file);
    assertTrue(read.isConverted());
    assertEquals("12", read.notes().get("steps"), "what was known of the flow model still is");
  }

  @Test
  void storedPositionsAreKept() throws IOException {
    Tensor positions = RandomKey.of(5).normal(Shape.of(1, 4, 8), DType.FLOAT32).detach();
    Path file = folder.resolve("positions.safetensors");
    new ModelFile(
            ModelFile.Kind.FLOW, TinyRun.model(), flow().parameters().with("pos_embed", positions))
        .write(file);
    assertArrayEquals(
        positions.toFloatArray(),
        ModelFile.read(file).flow().parameters().get("pos_embed").toFloatArray());
  }
}
