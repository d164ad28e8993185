package org.fluxion.nn.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;

/** Writes safetensors files. */
final class SafetensorsWriter {
  /** The header is padded to this, so that every element lies aligned in the file. */
  private static final int ALIGNMENT = 8;

  private static final int CHUNK_BYTES = 1 << 20;

  private SafetensorsWriter() {}

  static void write(Path file, Parameters parameters, Map<String, String> metadata)
      throws IOException {
    if (parameters.contains(SafetensorsHeader.METADATA)) {
      throw new IllegalArgumentException(
          "safetensors: a tensor is named %s, which the format keeps for itself; rename it"
              .formatted(SafetensorsHeader.METADATA));
    }
    Tensor.evaluate(parameters.leaves());
    // Wide elements first in the data keeps all aligned; the header keeps the parameters' order.
    List<Map.Entry<String, Tensor>> ordered = new ArrayList<>(parameters.asMap().entrySet());
    ordered.sort(
        Map.Entry.comparingByValue(
            Comparator.comparingInt((Tensor t) -> t.dtype().bytes()).reversed()));
    Map<String, Long> offsets = new LinkedHashMap<>();
    long next = 0;
    for (Map.Entry<String, Tensor> entry : ordered) {
      offsets.put(entry.getKey(), next);
      next += bytes(entry.getValue());
    }
    byte[] header = header(parameters, metadata, offsets);
    WholeFile.write(
        file,
        channel -> {
          ByteBuffer length = ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES);
          length.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).flip();
          WholeFile.writeFully(channel, length);
          WholeFile.writeFully(channel, ByteBuffer.wrap(header));
          for (Map.Entry<String, Tensor> entry : ordered) {
            writeElements(channel, entry.getValue().value());
          }
        });
  }

  private static long bytes(Tensor tensor) {
    return tensor.shape().elements() * tensor.dtype().bytes();
  }

  private static byte[] header(
      Parameters parameters, Map<String, String> metadata, Map<String, Long> offsets)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(SafetensorsHeader.METADATA);
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
      }
      for (Map.Entry<String, Tensor> entry : parameters.asMap().entrySet()) {
        Tensor tensor = entry.getValue();
        long begin = offsets.get(entry.getKey());
        json.writeObjectFieldStart(entry.getKey());
        json.writeStringField("dtype", ElementTypes.name(tensor.dtype()));
        json.writeFieldName("shape");
        int[] extents = tensor.shape().extents();
        json.writeArray(extents, 0, extents.length);
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {begin, begin + bytes(tensor)}, 0, 2);
        json.writeEndObject();
      }
      json.writeEndObject();
    }
    while (bytes.size() % ALIGNMENT != 0) {
      bytes.write(' ');
    }
    if (bytes.size() > SafetensorsHeader.LONGEST) {
      throw new IOException(
          "safetensors: the header takes %d bytes, more than the format's %d; shorten the metadata"
              .formatted(bytes.size(), SafetensorsHeader.LONGEST));
    }
    return bytes.toByteArray();
  }

  private static void writeElements(FileChannel channel, HostData data) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(CHUNK_BYTES, ALIGNMENT);
      int size = data.dtype().bytes();
      long total = data.elements() * size;
      for (long from = 0; from < total; from += CHUNK_BYTES) {
        long count = Math.min(CHUNK_BYTES, total - from);
        copy(data.segment(), from, chunk, count / size, size);
        WholeFile.writeFully(channel, chunk.asSlice(0, count).asByteBuffer());
      }
    }
  }

  /** Copies elements, from the machine's byte order to the file's. */
  private static void copy(
      MemorySegment source, long from, MemorySegment target, long count, int size) {
    ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    switch (size) {
      case 8 ->
          MemorySegment.copy(
              source,
              ValueLayout.JAVA_LONG_UNALIGNED,
              from,
              target,
              ValueLayout.JAVA_LONG.withOrder(order),
              0,
              count);
      case 4 ->
          MemorySegment.copy(
              source,
              ValueLayout.JAVA_INT_UNALIGNED,
              from,
              target,
              ValueLayout.JAVA_INT.withOrder(order),
              0,
              count);
      case 2 ->
          MemorySegment.copy(
              source,
              ValueLayout.JAVA_SHORT_UNALIGNED,
              from,
              target,
              ValueLayout.JAVA_SHORT.withOrder(order),
              0,
              count);
      default -> MemorySegment.copy(source, from, target, 0, count);
    }
  }
}
