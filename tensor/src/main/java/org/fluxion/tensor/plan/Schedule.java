package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Orders kernels so that little memory is in use at a time: of those that are ready, the one that
 * frees most, less what it allocates, runs next; of equals the one that was built first. A detached
 * computation, which frees as much as it allocates, is thus finished before one whose results have
 * to wait for the backward pass.
 */
final class Schedule {
  /** What is left to do with a buffer, or with the memory that it shares with others. */
  private static final class Use {
    final List<Integer> readers = new ArrayList<>();
    final List<Integer> writers = new ArrayList<>();
    int unwritten;

    /** The kernels that have yet to use the memory, and the sum of their numbers. */
    int unused;

    long left;
    boolean begun;
  }

  private final List<Kernel> kernels;
  private final Parts parts;
  private final Map<Buffer, Use> uses = new HashMap<>();
  private final long[] growth;
  private final boolean[] ready;
  private final TreeSet<Integer> queue;

  private Schedule(List<Kernel> kernels, Parts parts) {
    this.kernels = kernels;
    this.parts = parts;
    this.growth = new long[kernels.size()];
    this.ready = new boolean[kernels.size()];
    this.queue =
        new TreeSet<>(
            (a, b) ->
                growth[a] != growth[b]
                    ? Long.compare(growth[a], growth[b])
                    : Integer.compare(a, b));
  }

  static List<Kernel> of(List<Kernel> kernels, Parts parts) {
    return new Schedule(kernels, parts).run();
  }

  private List<Kernel> run() {
    for (int i = 0; i < kernels.size(); i++) {
      for (Buffer buffer : kernels.get(i).writes()) {
        for (Buffer containing : parts.containing(buffer)) {
          Use use = use(containing);
          use.writers.add(i);
          use.unwritten++;
        }
      }
      for (Buffer buffer : kernels.get(i).reads()) {
        use(buffer).readers.add(i);
      }
      for (Buffer memory : memories(kernels.get(i))) {
        Use use = use(memory);
        use.unused++;
        use.left += i;
      }
    }
    int[] missing = new int[kernels.size()];
    for (int i = 0; i < missing.length; i++) {
      for (Buffer buffer : kernels.get(i).reads()) {
        missing[i] += use(buffer).unwritten > 0 ? 1 : 0;
      }
      growth[i] = growth(i);
    }
    for (int i = 0; i < missing.length; i++) {
      if (missing[i] == 0) {
        enqueue(i);
      }
    }
    List<Kernel> order = new ArrayList<>();
    while (!queue.isEmpty()) {
      int next = queue.pollFirst();
      ready[next] = false;
      Kernel kernel = kernels.get(next);
      order.add(kernel);
      for (Buffer memory : memories(kernel)) {
        Use use = use(memory);
        use.left -= next;
        if (--use.unused == 1) {
          update((int) use.left);
        }
        if (!use.begun) {
          use.begun = true;
          use.writers.forEach(this::update);
        }
      }
      for (Buffer buffer : kernel.writes()) {
        for (Buffer containing : parts.containing(buffer)) {
          complete(use(containing), missing);
        }
      }
    }
    if (order.size() != kernels.size()) {
      throw new IllegalStateException("the kernels depend on each other");
    }
    return order;
  }

  private void complete(Use use, int[] missing) {
    if (--use.unwritten == 0) {
      for (int reader : use.readers) {
        if (--missing[reader] == 0) {
          enqueue(reader);
        }
      }
    }
  }

  private Use use(Buffer buffer) {
    return uses.computeIfAbsent(buffer, b -> new Use());
  }

  /** The pieces of memory that a kernel reads or writes. */
  private List<Buffer> memories(Kernel kernel) {
    return Stream.concat(kernel.reads().stream(), kernel.writes().stream())
        .map(parts::whole)
        .distinct()
        .toList();
  }

  private void enqueue(int kernel) {
    growth[kernel] = growth(kernel);
    ready[kernel] = true;
    queue.add(kernel);
  }

  private void update(int kernel) {
    if (ready[kernel]) {
      queue.remove(kernel);
      enqueue(kernel);
    }
  }

  private long growth(int number) {
    long growth = 0;
    for (Buffer memory : memories(kernels.get(number))) {
      if (memory.kind() == Buffer.Kind.TEMPORARY) {
        Use use = use(memory);
        growth += use.begun ? 0 : memory.bytes();
        growth -= use.unused == 1 ? memory.bytes() : 0;
      }
    }
    return growth;
  }
}
