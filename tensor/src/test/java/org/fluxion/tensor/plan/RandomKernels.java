package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.conformance.Streams;

/**
 * Kernels that read and write each other's buffers, of which some are parts of others: each reads
 * what earlier ones have written. Only what they read and write is meant; what they compute is
 * nothing.
 */
final class RandomKernels {
  private static final List<DType> DTYPES = List.of(DType.FLOAT32, DType.FLOAT64, DType.BOOL);

  final long seed;
  final List<Kernel> kernels = new ArrayList<>();
  final List<Buffer> inputs = new ArrayList<>();
  final List<Buffer> outputs = new ArrayList<>();
  final Parts parts = new Parts();

  /** What each whole is made of, in order, without gaps; itself wholes perhaps. */
  final List<List<Buffer>> wholes = new ArrayList<>();

  private final Random random;
  private final List<Buffer> known = new ArrayList<>();
  private final List<Buffer> free = new ArrayList<>();

  /** Results that are read, and so finished. */
  private final Set<Buffer> read = new HashSet<>();

  private int buffers;

  /** The same kernels for the same seed. */
  RandomKernels(long seed) {
    this.seed = seed;
    this.random = Streams.of(seed, 0);
    DType dtype = DTYPES.get(random.nextInt(DTYPES.size()));
    for (int i = random.nextInt(4); i >= 0; i--) {
      Buffer.Kind kind = i == 1 ? Buffer.Kind.CONSTANT : Buffer.Kind.INPUT;
      Buffer input = buffer(dtype, 12, kind);
      known.add(input);
      if (kind == Buffer.Kind.INPUT) {
        inputs.add(input);
      }
    }
    int count = 1 + random.nextInt(12);
    for (int i = 0; i < count; i++) {
      kernels.add(kernel(i, dtype));
      if (free.size() > 1 && random.nextInt(3) == 0) {
        join(dtype);
      }
    }
  }

  private Buffer buffer(DType dtype, int elements, Buffer.Kind kind) {
    int id = buffers++;
    return new Buffer(id, dtype, Shape.of(elements), kind, kind.name().charAt(0) + "" + id);
  }

  private Kernel kernel(int number, DType dtype) {
    List<Buffer> reads = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      reads.add(known.get(random.nextInt(known.size())));
    }
    List<Buffer> writes = new ArrayList<>();
    for (int i = random.nextInt(2); i >= 0; i--) {
      boolean output = random.nextInt(4) == 0;
      int elements = output ? 12 : random.nextInt(5) * random.nextInt(20);
      Buffer written = buffer(dtype, elements, output ? Buffer.Kind.OUTPUT : Buffer.Kind.TEMPORARY);
      writes.add(written);
      if (output) {
        outputs.add(written);
      } else {
        free.add(written);
      }
    }
    if (!outputs.isEmpty()) {
      Buffer output = outputs.get(random.nextInt(outputs.size()));
      if (!writes.contains(output) && random.nextInt(4) == 0) {
        reads.add(output);
        read.add(output);
      } else if (!writes.contains(output) && !read.contains(output) && random.nextInt(4) == 0) {
        // Two kernels write one result, each its share.
        writes.add(output);
      }
    }
    known.addAll(writes.stream().filter(b -> b.kind() != Buffer.Kind.OUTPUT).toList());
    return kernel("kernel" + number, reads, writes);
  }

  private Kernel kernel(String name, List<Buffer> reads, List<Buffer> writes) {
    if (reads.size() == 2 && writes.size() == 1 && random.nextBoolean()) {
      return new Kernel.MatmulKernel(
          name, List.of(), 3, 4, 5, plain(reads.get(0)), plain(reads.get(1)), plain(writes.get(0)));
    }
    List<Kernel.Instruction> body = new ArrayList<>();
    for (Buffer read : reads) {
      body.add(new Kernel.Load(access(read)));
    }
    body.add(new Kernel.Index(DType.FLOAT32, 0, List.of(4L, 1L)));
    List<Kernel.Store> stores = new ArrayList<>();
    for (Buffer write : writes) {
      Kernel.Level level = random.nextInt(5) == 0 ? Kernel.Level.ROW : Kernel.Level.ELEMENT;
      int value = random.nextInt(3) == 0 ? random.nextInt(body.size()) : body.size() - 1;
      stores.add(new Kernel.Store(value, write, level));
    }
    return new Kernel.LoopKernel(name, List.of(3L, 4L), 0, 0, body, stores);
  }

  private static Access plain(Buffer buffer) {
    return new Access(buffer, 0, new long[] {4, 1}, List.of());
  }

  /** Mostly in order, sometimes from elsewhere, or in another order, or under a condition. */
  private Access access(Buffer buffer) {
    List<Access.Bound> bounds = List.of(new Access.Bound(0, new long[] {4, 1}, 100));
    return switch (random.nextInt(8)) {
      case 0 -> new Access(buffer, 1, new long[] {4, 1}, List.of());
      case 1 -> new Access(buffer, 0, new long[] {1, 3}, List.of());
      case 2 -> new Access(buffer, 0, new long[] {4, 1}, bounds);
      default -> plain(buffer);
    };
  }

  /** Makes a whole of two or three buffers that are no parts yet. */
  private void join(DType dtype) {
    List<Buffer> joined = new ArrayList<>();
    while (joined.size() < 3 && !free.isEmpty()) {
      joined.add(free.remove(random.nextInt(free.size())));
    }
    int elements = joined.stream().mapToInt(b -> (int) b.elements()).sum();
    Buffer whole = buffer(dtype, elements, Buffer.Kind.TEMPORARY);
    long offset = 0;
    for (Buffer part : joined) {
      parts.put(part, new Parts.Part(whole, offset));
      offset += part.elements();
    }
    List<Buffer> all = new ArrayList<>(List.of(whole));
    all.addAll(joined);
    wholes.add(all);
    known.add(whole);
    free.add(whole);
  }

  @Override
  public String toString() {
    return Stream.concat(
            kernels.stream().map(k -> k.name() + ": " + k.reads() + " → " + k.writes()),
            wholes.stream().map(w -> w.getFirst() + " = " + w.subList(1, w.size())))
        .collect(Collectors.joining("\n"));
  }
}
