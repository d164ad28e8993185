package org.fluxion.opencl;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * What was measured of a device's products, and its form in JSON. The text holds a hash of itself
 * and is spelt in one way alone: whatever is not just as {@link #bytes} would write it, be it cut
 * off, damaged or edited, is refused.
 *
 * @param kernels the version of the kernels that were measured
 * @param device what the device and its driver say they are
 * @param products what was found, by class
 */
record TunedFile(
    String kernels, SequencedMap<String, String> device, Map<String, TunedFile.Product> products) {
  private static final String FORMAT = "fluxion tiles 1";
  private static final JsonMapper READER = new JsonMapper();
  private static final ObjectWriter WRITER = READER.writer(printer());

  /** Copies the maps; products are sorted by class. */
  TunedFile {
    device = new LinkedHashMap<>(device);
    products = new TreeMap<>(products);
  }

  /**
   * What was found of a class of products.
   *
   * @param tile the fastest tile
   * @param measured the product that was measured
   * @param rate its GFLOP/s
   * @param usualRate what it was without tuning; 0 if it could not be computed so
   */
  record Product(MatmulTile tile, String measured, double rate, double usualRate) {}

  /** The same lines wherever it is written. */
  private static DefaultPrettyPrinter printer() {
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(lines);
    printer.indentArraysWith(lines);
    return printer;
  }

  // ---- writing ----

  /** The file. */
  byte[] bytes() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("format", FORMAT);
    root.put("kernels", kernels);
    ObjectNode of = root.putObject("device");
    device.forEach(of::put);
    ObjectNode found = root.putObject("products");
    products.forEach((name, product) -> write(found.putObject(name), product));
    root.put("check", hash(text(root)));
    byte[] text = text(root);
    byte[] lines = Arrays.copyOf(text, text.length + 1);
    lines[text.length] = '\n';
    return lines;
  }

  private static void write(ObjectNode node, Product product) {
    MatmulTile tile = product.tile();
    node.putObject("tile")
        .put("rows", tile.rows())
        .put("columns", tile.columns())
        .put("width", tile.width())
        .put("depth", tile.depth())
        .put("down", tile.down())
        .put("across", tile.across())
        .put("buffers", tile.buffers())
        .put("split", tile.split());
    node.put("measured", product.measured());
    node.put("gigaflops", product.rate());
    node.put("usualGigaflops", product.usualRate());
  }

  private static byte[] text(ObjectNode root) {
    try {
      return WRITER.writeValueAsBytes(root);
    } catch (IOException impossible) {
      // It is written to memory.
      throw new IllegalStateException(impossible);
    }
  }

  private static String hash(byte[] text) {
    return HexFormat.of().formatHex(Sha256.digest().digest(text));
  }

  // ---- reading ----

  /**
   * Reads a file.
   *
   * @param bytes what it holds
   * @return what was written
   * @throws OpenClException if that is not what {@link #bytes} would write; the message says in
   *     what way, as the end of a sentence about the file
   */
  static TunedFile parse(byte[] bytes) {
    JsonNode root;
    try {
      root = READER.readTree(bytes);
    } catch (IOException noJson) {
      throw new OpenClException("it is damaged, no whole JSON", noJson);
    }
    if (root == null || !root.isObject()) {
      throw new OpenClException("it is damaged, no object of JSON");
    }
    String format = root.path("format").asText();
    if (!format.equals(FORMAT)) {
      throw new OpenClException("its format is '%s', not '%s'".formatted(shown(format), FORMAT));
    }
    SequencedMap<String, String> device = new LinkedHashMap<>();
    object(root, "device").properties().forEach(e -> device.put(e.getKey(), e.getValue().asText()));
    Map<String, Product> products = new TreeMap<>();
    object(root, "products")
        .properties()
        .forEach(e -> products.put(e.getKey(), product(e.getKey(), e.getValue())));
    TunedFile file = new TunedFile(root.path("kernels").asText(), device, products);
    if (!Arrays.equals(file.bytes(), bytes)) {
      throw new OpenClException("it is damaged or was edited");
    }
    return file;
  }

  private static Product product(String name, JsonNode node) {
    JsonNode tile = object(node, "tile");
    try {
      return new Product(
          new MatmulTile(
              integer(tile, "rows"),
              integer(tile, "columns"),
              integer(tile, "width"),
              integer(tile, "depth"),
              integer(tile, "down"),
              integer(tile, "across"),
              integer(tile, "buffers"),
              integer(tile, "split")),
          node.path("measured").asText(),
          node.path("gigaflops").asDouble(),
          node.path("usualGigaflops").asDouble());
    } catch (OpenClException impossible) {
      throw new OpenClException(
          "of '%s' it says what cannot be: %s".formatted(shown(name), impossible.getMessage()));
    }
  }

  private static JsonNode object(JsonNode node, String key) {
    JsonNode found = node.path(key);
    if (!found.isObject()) {
      throw new OpenClException("it is damaged, '%s' is no object".formatted(key));
    }
    return found;
  }

  private static int integer(JsonNode node, String key) {
    JsonNode found = node.path(key);
    if (!found.isInt()) {
      throw new OpenClException("expected an integer %s, got %s".formatted(key, shown("" + found)));
    }
    return found.intValue();
  }

  /** What a line on a terminal can hold. */
  static String shown(String text) {
    String printable = text.replaceAll("[^\\p{L}\\p{N}\\p{P}\\p{S} ]", "?");
    return printable.length() <= 60 ? printable : printable.substring(0, 59) + "…";
  }
}
