package org.fluxion.nn.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.TensorException;

/**
 * The header of a safetensors file: a JSON object from names to type, shape and offsets. Everything
 * in it is distrusted: what is returned covers the data exactly, without gap or overlap.
 *
 * @param tensors what is stored, in the header's order
 * @param metadata the free text beside it
 */
record SafetensorsHeader(
    SequencedMap<String, StoredTensor> tensors, SequencedMap<String, String> metadata) {
  /** Bytes of the length that comes first in the file. */
  static final int LENGTH_BYTES = 8;

  /** The format's own limit. */
  static final long LONGEST = 100_000_000;

  static final String METADATA = "__metadata__";

  /** Reads one header, and knows where it is for the errors. */
  private static final class Reader {
    private final Path file;
    private final long dataStart;
    private final long dataBytes;
    private final JsonParser json;

    Reader(Path file, long dataStart, long dataBytes, JsonParser json) {
      this.file = file;
      this.dataStart = dataStart;
      this.dataBytes = dataBytes;
      this.json = json;
    }

    /** The byte of the current token; exact while the header before it is ASCII. */
    private long here() {
      return LENGTH_BYTES + Math.max(0, json.currentTokenLocation().getCharOffset());
    }

    private SafetensorsException error(String problem) {
      return new SafetensorsException(file, here(), problem);
    }

    private SafetensorsException error(String tensor, String problem) {
      return new SafetensorsException(file, tensor, here(), problem);
    }

    SafetensorsHeader read() throws IOException {
      SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
      SequencedMap<String, String> metadata = new LinkedHashMap<>();
      boolean described = false;
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        if (name.equals(METADATA)) {
          if (described) {
            throw error("the header has " + METADATA + " twice");
          }
          described = true;
          readMetadata(metadata);
        } else {
          if (tensors.containsKey(name)) {
            throw error(name, "the header names it twice");
          }
          tensors.put(name, readTensor(name));
        }
      }
      if (json.nextToken() != null) {
        throw error("expected spaces after the header's object, got " + json.currentToken());
      }
      requireCover(tensors);
      return new SafetensorsHeader(tensors, metadata);
    }

    private void readMetadata(Map<String, String> metadata) throws IOException {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw error(METADATA + ": expected an object of strings, got " + json.currentToken());
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        if (json.nextToken() != JsonToken.VALUE_STRING) {
          throw error(
              "%s: \"%s\": expected a string, got %s"
                  .formatted(METADATA, key, json.currentToken()));
        }
        if (metadata.put(key, json.getText()) != null) {
          throw error("%s: \"%s\" occurs twice".formatted(METADATA, key));
        }
      }
    }

    private StoredTensor readTensor(String name) throws IOException {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw error(name, "expected an object, got " + json.currentToken());
      }
      String type = null;
      List<Long> extents = null;
      List<Long> offsets = null;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        json.nextToken();
        boolean twice =
            switch (key) {
              case "dtype" -> type != null;
              case "shape" -> extents != null;
              case "data_offsets" -> offsets != null;
              default ->
                  throw error(
                      name, "expected dtype, shape and data_offsets, got \"%s\"".formatted(key));
            };
        if (twice) {
          throw error(name, "\"%s\" occurs twice".formatted(key));
        }
        switch (key) {
          case "dtype" -> type = readType(name);
          case "shape" -> extents = readNumbers(name, key);
          default -> offsets = readNumbers(name, key);
        }
      }
      if (type == null || extents == null || offsets == null) {
        throw error(
            name,
            "dtype, shape or data_offsets is missing: got dtype %s, shape %s, data_offsets %s"
                .formatted(type, extents, offsets));
      }
      return checked(name, type, extents, offsets);
    }

    private String readType(String name) throws IOException {
      if (json.currentToken() != JsonToken.VALUE_STRING) {
        throw error(name, "dtype: expected a string, got " + json.currentToken());
      }
      return json.getText();
    }

    private List<Long> readNumbers(String name, String key) throws IOException {
      if (json.currentToken() != JsonToken.START_ARRAY) {
        throw error(name, key + ": expected an array, got " + json.currentToken());
      }
      List<Long> numbers = new ArrayList<>();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
          throw error(name, key + ": expected integers, got " + json.currentToken());
        }
        long number = json.getLongValue();
        if (number < 0) {
          throw error(name, "%s: %d is negative".formatted(key, number));
        }
        numbers.add(number);
      }
      return numbers;
    }

    private StoredTensor checked(String name, String type, List<Long> extents, List<Long> offsets)
        throws SafetensorsException {
      int elementBytes =
          ElementTypes.bytes(type)
              .orElseThrow(() -> error(name, "dtype \"%s\" is unknown".formatted(type)));
      if (offsets.size() != 2) {
        throw error(name, "data_offsets: expected [begin, end], got " + offsets);
      }
      long begin = offsets.get(0);
      long end = offsets.get(1);
      if (begin > end || end > dataBytes) {
        throw error(
            name,
            "data_offsets %s are misordered or beyond the %d bytes of data; is the file whole?"
                .formatted(offsets, dataBytes));
      }
      Shape shape;
      long bytes;
      try {
        shape = Shape.of(extents.stream().mapToInt(Math::toIntExact).toArray());
        bytes = Math.multiplyExact(shape.elements(), elementBytes);
      } catch (ArithmeticException | TensorException tooLarge) {
        throw error(name, "shape %s is too large".formatted(extents));
      }
      if (bytes != end - begin) {
        throw error(
            name,
            "%s %s takes %d bytes, but data_offsets %s span %d"
                .formatted(type, shape, bytes, offsets, end - begin));
      }
      return new StoredTensor(type, ElementTypes.dtype(type), shape, dataStart + begin, bytes);
    }

    private void requireCover(Map<String, StoredTensor> tensors) throws SafetensorsException {
      List<Map.Entry<String, StoredTensor>> ordered = new ArrayList<>(tensors.entrySet());
      ordered.sort(
          Map.Entry.comparingByValue(
              java.util.Comparator.comparingLong(StoredTensor::offset)
                  .thenComparingLong(StoredTensor::bytes)));
      long next = dataStart;
      for (Map.Entry<String, StoredTensor> entry : ordered) {
        StoredTensor tensor = entry.getValue();
        if (tensor.offset() != next) {
          throw new SafetensorsException(
              file,
              entry.getKey(),
              tensor.offset(),
              tensor.offset() < next
                  ? "overlaps the tensor before it, which ends at byte " + next
                  : "leaves a gap after byte " + next);
        }
        next += tensor.bytes();
      }
      if (next != dataStart + dataBytes) {
        throw new SafetensorsException(
            file, next, "%d bytes of no tensor at the end".formatted(dataStart + dataBytes - next));
      }
    }
  }

  /**
   * Reads and checks a header.
   *
   * @param file the file, for the errors
   * @param bytes the header's bytes, without the length before it
   * @param dataBytes the bytes after the header
   * @return the header
   * @throws IOException if anything about it is wrong
   */
  static SafetensorsHeader parse(Path file, ByteBuffer bytes, long dataBytes) throws IOException {
    long dataStart = (long) LENGTH_BYTES + bytes.remaining();
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException notText) {
      throw new SafetensorsException(
          file, LENGTH_BYTES, "the header is not UTF-8; is this a safetensors file?");
    }
    if (!text.startsWith("{")) {
      throw new SafetensorsException(
          file, LENGTH_BYTES, "the header does not begin with {; is this a safetensors file?");
    }
    try (JsonParser json = new JsonFactory().createParser(text)) {
      return new Reader(file, dataStart, dataBytes, json).read();
    } catch (JsonProcessingException invalid) {
      long offset =
          invalid.getLocation() == null ? 0 : Math.max(0, invalid.getLocation().getCharOffset());
      SafetensorsException error =
          new SafetensorsException(
              file,
              LENGTH_BYTES + offset,
              // Without Jackson's own idea of the place.
              "the header is not valid JSON: "
                  + invalid.getOriginalMessage().replaceFirst(" \\(start marker[\\s\\S]*", ""));
      error.initCause(invalid);
      throw error;
    }
  }
}
