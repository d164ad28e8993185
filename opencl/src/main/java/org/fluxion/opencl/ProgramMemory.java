package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.Slabs;
import org.jocl.CLException;
import org.jocl.cl_mem;

/**
 * The memory of a program on a device: a piece for each input, output and constant, some for all
 * temporary values, one for what kernels need for themselves, and the numbers of each launch.
 * Everything is asked for at once, after it has been added up.
 */
final class ProgramMemory {
  /** Where a buffer lies: a piece of device memory, and the byte of it at which it begins. */
  record Place(cl_mem memory, long firstByte) {}

  private final DeviceMemory device;
  private final List<cl_mem> pieces = new ArrayList<>();
  private final Map<Buffer, Place> places = new HashMap<>();
  private final List<cl_mem> numbers = new ArrayList<>();
  private cl_mem scratch;
  private long bytes;

  ProgramMemory(DeviceMemory device) {
    this.device = device;
  }

  /**
   * Takes the memory.
   *
   * @param plan the program
   * @param launches its launches
   * @throws TensorException if there is not so much; nothing is held then
   */
  void allocate(Plan plan, List<Launch> launches) {
    Map<Buffer, Long> alone = new LinkedHashMap<>();
    plan.inputs().forEach(b -> alone.put(b, size(b.bytes())));
    plan.outputs().stream()
        .filter(b -> !plan.donated().containsKey(b))
        .forEach(b -> alone.put(b, size(b.bytes())));
    plan.constants().keySet().forEach(b -> alone.put(b, size(b.bytes())));
    Slabs slabs =
        device.isWatched()
            ? plan.arena().apart()
            : plan.arena().slabs(device.limits().allocation());
    long scratchBytes = launches.stream().mapToLong(Launch::scratchBytes).max().orElse(0);
    List<Long> numbersBytes =
        launches.stream().map(l -> 8L * (l.buffers().size() + l.numbers().size())).toList();
    long total = slabs.bytes() + scratchBytes;
    for (List<Long> sizes : List.of(List.copyOf(alone.values()), numbersBytes)) {
      total += sizes.stream().mapToLong(Long::longValue).sum();
    }
    alone.keySet().forEach(b -> device.requireInOnePiece(b.bytes(), b.describe()));
    plan.arena()
        .lifetimes()
        .forEach(l -> device.requireInOnePiece(l.buffer().bytes(), l.buffer().describe()));
    device.requireInOnePiece(scratchBytes, "what one of the kernels needs for itself");
    device.reserve(total, plan);
    bytes = total;
    try {
      alone.forEach((buffer, size) -> places.put(buffer, new Place(piece(size), 0)));
      plan.donated().forEach((output, input) -> places.put(output, places.get(input)));
      List<cl_mem> made = slabs.sizes().stream().map(this::piece).toList();
      slabs
          .places()
          .forEach((b, place) -> places.put(b, new Place(made.get(place.slab()), place.offset())));
      scratch = scratchBytes > 0 ? piece(scratchBytes) : null;
      numbersBytes.forEach(size -> numbers.add(piece(size)));
    } catch (CLException refused) {
      if (Failure.isOfMemory(refused)) {
        // Before the error counts what is free and what others hold: this program is none of them.
        release();
        throw device.exhausted(
            total, plan, ", but the driver gives less: %s".formatted(refused.getMessage()));
      }
      throw refused;
    }
  }

  /** No memory can have no bytes. */
  private static long size(long bytes) {
    return Math.max(1, bytes);
  }

  private cl_mem piece(long size) {
    cl_mem piece = device.allocate(size);
    pieces.add(piece);
    return piece;
  }

  /** Where a buffer lies. */
  Place place(Buffer buffer) {
    return places.get(buffer);
  }

  /** What kernels need for themselves; null if none does. */
  cl_mem scratch() {
    return scratch;
  }

  /** The memory for the numbers of a launch. */
  cl_mem numbers(int launch) {
    return numbers.get(launch);
  }

  long bytes() {
    return bytes;
  }

  /** Gives everything back, whatever was taken; nothing the second time. */
  void release() {
    for (cl_mem piece : pieces) {
      Failure.ignore(() -> device.release(piece));
    }
    pieces.clear();
    places.clear();
    numbers.clear();
    device.free(bytes);
    bytes = 0;
  }
}
