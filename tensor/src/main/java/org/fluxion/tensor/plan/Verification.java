package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * States what holds of every plan: nothing is read before it is written, nothing is written twice
 * in the same place, and no two buffers share memory while both are in use. It runs where
 * assertions are on, thus in every test.
 */
final class Verification {
  private Verification() {}

  /**
   * Checks a schedule and its memory.
   *
   * @return true, so that it can be asserted
   * @throws IllegalStateException naming the kernel and the buffer
   */
  static boolean holds(List<Kernel> order, Parts parts, Arena arena) {
    written(order, parts);
    memory(order, parts, arena);
    return true;
  }

  private static void written(List<Kernel> order, Parts parts) {
    Map<Buffer, Integer> left = new HashMap<>();
    for (Kernel kernel : order) {
      for (Buffer buffer : kernel.writes()) {
        parts.containing(buffer).forEach(each -> left.merge(each, 1, Integer::sum));
      }
    }
    for (int i = 0; i < order.size(); i++) {
      Kernel kernel = order.get(i);
      for (Buffer buffer : kernel.reads()) {
        boolean outside =
            buffer.kind() == Buffer.Kind.INPUT || buffer.kind() == Buffer.Kind.CONSTANT;
        if (!outside && buffer.elements() > 0 && left.getOrDefault(buffer, 1) != 0) {
          throw new IllegalStateException(
              "plan: kernel %d, %s, reads %s before it is written"
                  .formatted(i, kernel.name(), buffer));
        }
      }
      for (Buffer buffer : kernel.writes()) {
        parts.containing(buffer).forEach(each -> left.merge(each, -1, Integer::sum));
      }
    }
  }

  private static void memory(List<Kernel> order, Parts parts, Arena arena) {
    Map<Buffer, Integer> last = new HashMap<>();
    List<Set<Buffer>> used = new ArrayList<>();
    for (int i = 0; i < order.size(); i++) {
      Set<Buffer> here = new HashSet<>();
      for (Buffer buffer : order.get(i).reads()) {
        here.add(parts.whole(buffer));
      }
      for (Buffer buffer : order.get(i).writes()) {
        here.add(parts.whole(buffer));
      }
      here.removeIf(buffer -> buffer.kind() != Buffer.Kind.TEMPORARY);
      for (Buffer buffer : here) {
        last.put(buffer, i);
      }
      used.add(here);
    }
    TreeMap<Long, Buffer> live = new TreeMap<>();
    for (int i = 0; i < order.size(); i++) {
      for (Buffer buffer : used.get(i)) {
        long offset = arena.offsets().get(buffer);
        if (live.get(offset) == buffer) {
          continue;
        }
        Map.Entry<Long, Buffer> below = live.floorEntry(offset);
        Long above = live.ceilingKey(offset);
        boolean clash =
            (below != null && below.getKey() + below.getValue().bytes() > offset)
                || (above != null && offset + buffer.bytes() > above)
                || offset + buffer.bytes() > arena.bytes();
        if (clash) {
          throw new IllegalStateException(
              "plan: kernel %d, %s: the memory of %s is in use"
                  .formatted(i, order.get(i).name(), buffer));
        }
        live.put(offset, buffer);
      }
      int now = i;
      live.values().removeIf(buffer -> last.get(buffer) == now);
    }
  }
}
