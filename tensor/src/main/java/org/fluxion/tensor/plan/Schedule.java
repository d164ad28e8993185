package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Orders kernels so that little memory is in use at a time: of those that are ready, the one that
 * frees most, less what it allocates, runs next. A detached computation, which frees as much as it
 * allocates, is thus finished before one whose results have to wait for the backward pass.
 */
final class Schedule {
  private final List<Kernel> kernels;
  private final Map<Buffer, List<Integer>> readers = new HashMap<>();
  private final Map<Buffer, Integer> writers = new HashMap<>();

  private Schedule(List<Kernel> kernels) {
    this.kernels = kernels;
  }

  static List<Kernel> of(List<Kernel> kernels) {
    return new Schedule(kernels).run();
  }

  private List<Kernel> run() {
    int[] missing = new int[kernels.size()];
    Map<Buffer, Integer> remaining = new HashMap<>();
    for (int i = 0; i < kernels.size(); i++) {
      for (Buffer buffer : kernels.get(i).writes()) {
        writers.put(buffer, i);
      }
    }
    for (int i = 0; i < kernels.size(); i++) {
      for (Buffer buffer : kernels.get(i).reads()) {
        readers.computeIfAbsent(buffer, b -> new ArrayList<>()).add(i);
        remaining.merge(buffer, 1, Integer::sum);
        missing[i] += writers.containsKey(buffer) ? 1 : 0;
      }
    }
    Set<Integer> ready = new LinkedHashSet<>();
    for (int i = 0; i < missing.length; i++) {
      if (missing[i] == 0) {
        ready.add(i);
      }
    }
    List<Kernel> order = new ArrayList<>();
    while (!ready.isEmpty()) {
      int best = -1;
      long least = Long.MAX_VALUE;
      for (int candidate : ready) {
        long growth = growth(kernels.get(candidate), remaining);
        if (growth < least || (growth == least && candidate < best)) {
          best = candidate;
          least = growth;
        }
      }
      ready.remove(best);
      Kernel kernel = kernels.get(best);
      order.add(kernel);
      kernel.reads().forEach(buffer -> remaining.merge(buffer, -1, Integer::sum));
      for (Buffer buffer : kernel.writes()) {
        for (int reader : readers.getOrDefault(buffer, List.of())) {
          if (--missing[reader] == 0) {
            ready.add(reader);
          }
        }
      }
    }
    if (order.size() != kernels.size()) {
      throw new IllegalStateException("the kernels depend on each other");
    }
    return order;
  }

  private static long growth(Kernel kernel, Map<Buffer, Integer> remaining) {
    long growth = 0;
    for (Buffer buffer : kernel.writes()) {
      growth += buffer.kind() == Buffer.Kind.TEMPORARY ? buffer.bytes() : 0;
    }
    for (Buffer buffer : kernel.reads()) {
      if (buffer.kind() == Buffer.Kind.TEMPORARY && remaining.get(buffer) == 1) {
        growth -= buffer.bytes();
      }
    }
    return growth;
  }
}
