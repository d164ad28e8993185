package org.fluxion.nn.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;

/**
 * A memory-mapped checkpoint in the safetensors format (huggingface.co/docs/safetensors): names and
 * shapes are checked when it is opened, bytes are read when a tensor is asked for. Tensors are
 * copies and stay valid after {@link #close}. Thread-safe.
 */
public final class Safetensors implements AutoCloseable {
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private final Path file;
  private final SafetensorsHeader header;
  private final Arena arena;
  private final MemorySegment mapped;

  private Safetensors(Path file, SafetensorsHeader header, Arena arena, MemorySegment mapped) {
    this.file = file;
    this.header = header;
    this.arena = arena;
    this.mapped = mapped;
  }

  /**
   * Opens a file and checks its header against its size.
   *
   * @param file the file
   * @return the checkpoint, to be closed
   * @throws SafetensorsException if the file is damaged
   * @throws IOException if it cannot be read
   */
  public static Safetensors open(Path file) throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size == 0) {
        throw new SafetensorsException(
            file, 0, "the file is empty; a download or a copy may have failed");
      }
      if (size < SafetensorsHeader.LENGTH_BYTES) {
        throw new SafetensorsException(
            file,
            size,
            "the file ends inside the %d bytes of the header's length; is it whole?"
                .formatted(SafetensorsHeader.LENGTH_BYTES));
      }
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      long length = mapped.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER), 0);
      long available = size - SafetensorsHeader.LENGTH_BYTES;
      if (length < 0 || length > available || length > SafetensorsHeader.LONGEST) {
        throw noSafetensors(
            file,
            mapped,
            0,
            "the header is said to be %s bytes long, of %d in the file and %d allowed; is it whole?"
                .formatted(Long.toUnsignedString(length), available, SafetensorsHeader.LONGEST));
      }
      if (length > 0 && !beginsAsHeader(mapped)) {
        throw noSafetensors(
            file,
            mapped,
            SafetensorsHeader.LENGTH_BYTES,
            "the header does not begin with {; is this a safetensors file?");
      }
      SafetensorsHeader header =
          SafetensorsHeader.parse(
              file,
              mapped.asSlice(SafetensorsHeader.LENGTH_BYTES, length).asByteBuffer(),
              available - length);
      return new Safetensors(file, header, arena, mapped);
    } catch (IOException | RuntimeException | Error failed) {
      arena.close();
      if (failed instanceof InternalError unreadable) {
        throw new SafetensorsException(file, 0, unreadable);
      }
      throw failed;
    }
  }

  private static boolean beginsAsHeader(MemorySegment bytes) {
    return bytes.byteSize() > SafetensorsHeader.LENGTH_BYTES
        && bytes.get(ValueLayout.JAVA_BYTE, SafetensorsHeader.LENGTH_BYTES) == '{';
  }

  /** An error that says what else the file seems to be, or else what is wrong with it. */
  private static SafetensorsException noSafetensors(
      Path file, MemorySegment bytes, long offset, String problem) {
    // A damaged file of the right kind may begin like any other: with its header's length.
    return Optional.of(bytes)
        .filter(b -> !beginsAsHeader(b))
        .flatMap(ForeignFile::look)
        .map(kind -> new SafetensorsException(file, 0, "expected a safetensors file; " + kind))
        .orElseGet(() -> new SafetensorsException(file, offset, problem));
  }

  /**
   * Writes a file: first beside its place under another name, forced to the disk, then moved there
   * in one step, so that a reader sees the old file or the new one, never half.
   *
   * @param file where
   * @param parameters what; computed if need be
   * @param metadata free text by key
   * @throws IOException if it cannot be written; an old file is then untouched
   */
  public static void write(Path file, Parameters parameters, Map<String, String> metadata)
      throws IOException {
    SafetensorsWriter.write(file, parameters, metadata);
  }

  /**
   * Writes a file without metadata, like {@link #write(Path, Parameters, Map)}.
   *
   * @param file where
   * @param parameters what; computed if need be
   * @throws IOException if it cannot be written; an old file is then untouched
   */
  public static void write(Path file, Parameters parameters) throws IOException {
    write(file, parameters, Map.of());
  }

  /**
   * The file.
   *
   * @return the path it was opened by
   */
  public Path file() {
    return file;
  }

  /**
   * The tensors' names.
   *
   * @return in the header's order
   */
  public List<String> names() {
    return List.copyOf(header.tensors().keySet());
  }

  /**
   * Everything stored, without reading any of it.
   *
   * @return an unmodifiable map in the header's order
   */
  public SequencedMap<String, StoredTensor> tensors() {
    return Collections.unmodifiableSequencedMap(header.tensors());
  }

  /**
   * The free text beside the tensors.
   *
   * @return an unmodifiable map, empty if there is none
   */
  public SequencedMap<String, String> metadata() {
    return Collections.unmodifiableSequencedMap(header.metadata());
  }

  /**
   * What the file says of one tensor.
   *
   * @param name its name
   * @return its type, shape and place
   * @throws SafetensorsException if there is none of that name
   */
  public StoredTensor info(String name) throws SafetensorsException {
    StoredTensor info = header.tensors().get(name);
    if (info == null) {
      throw new SafetensorsException(
          file,
          name,
          SafetensorsHeader.LENGTH_BYTES,
          "there is none of that name among %d; names() lists them"
              .formatted(header.tensors().size()));
    }
    return info;
  }

  /**
   * Reads one tensor.
   *
   * @param name its name
   * @return a copy of it
   * @throws SafetensorsException if there is none of that name, its type has no dtype here, or a
   *     bool is neither 0 nor 1
   * @throws IllegalStateException if the file was closed
   */
  public Tensor tensor(String name) throws SafetensorsException {
    StoredTensor info = info(name);
    DType dtype =
        info.dtype()
            .orElseThrow(
                () ->
                    new SafetensorsException(
                        file,
                        name,
                        info.offset(),
                        "its type %s cannot be read; convert it to one of F64 F32 F16 BF16 I64 I32 BOOL"
                            .formatted(info.type())));
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException(file + ": closed; read its tensors before");
    }
    HostData data = HostData.allocate(dtype, info.shape().elements());
    try {
      copy(dtype, info, data);
    } catch (InternalError unreadable) {
      throw new SafetensorsException(file, name, info.offset(), unreadable);
    }
    if (dtype == DType.BOOL) {
      requireBools(name, info, data);
    }
    return Tensor.of(data, info.shape());
  }

  private void copy(DType dtype, StoredTensor info, HostData data) {
    long count = data.elements();
    MemorySegment target = data.segment();
    // A layout in the file's order to one in the machine's: bytes are swapped where they must be.
    switch (dtype) {
      case FLOAT64, INT64 ->
          MemorySegment.copy(
              mapped,
              ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER),
              info.offset(),
              target,
              ValueLayout.JAVA_LONG,
              0,
              count);
      case FLOAT32, INT32 ->
          MemorySegment.copy(
              mapped,
              ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER),
              info.offset(),
              target,
              ValueLayout.JAVA_INT,
              0,
              count);
      case FLOAT16, BFLOAT16 ->
          MemorySegment.copy(
              mapped,
              ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER),
              info.offset(),
              target,
              ValueLayout.JAVA_SHORT,
              0,
              count);
      case BOOL -> MemorySegment.copy(mapped, info.offset(), target, 0, count);
    }
  }

  private void requireBools(String name, StoredTensor info, HostData data)
      throws SafetensorsException {
    for (long i = 0; i < data.elements(); i++) {
      long value = data.getLong(i);
      if (value != 0 && value != 1) {
        throw new SafetensorsException(
            file, name, info.offset() + i, "expected a bool 0 or 1, got " + value);
      }
    }
  }

  /**
   * Reads everything.
   *
   * @return all tensors, in the header's order
   * @throws SafetensorsException if one cannot be read
   */
  public Parameters parameters() throws SafetensorsException {
    Parameters.Builder builder = Parameters.builder();
    for (String name : header.tensors().keySet()) {
      if (name.isEmpty()) {
        throw new SafetensorsException(
            file,
            name,
            SafetensorsHeader.LENGTH_BYTES,
            "a name is empty; read it with tensor(\"\")");
      }
      builder.add(name, tensor(name));
    }
    return builder.build();
  }

  /**
   * What it is, in a line.
   *
   * @return the file and the number of tensors
   */
  @Override
  public String toString() {
    return "Safetensors(%s, %d tensors)".formatted(file, header.tensors().size());
  }

  /** Releases the mapping; a second call does nothing. */
  @Override
  public synchronized void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
