package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Orders kernels so that little memory is in use at a time: of those that are ready, the one that
 * frees most, less what it allocates, runs next; of equals the one that was built first. A detached
 * computation, which frees as much as it allocates, is thus finished before one whose results have
 * to wait for the backward pass.
 */
final class Schedule {
  /** What is left to do with a buffer. */
  private static final class Use {
    final List<Integer> readers = new ArrayList<>();
    final List<Integer> writers = new ArrayList<>();
    int unwritten;
    int unread;

    /** The sum of the numbers of the kernels that have yet to read it: the last one's, at last. */
    long left;

    boolean begun;
  }

  private final List<Kernel> kernels;
  private final Map<Buffer, Use> uses = new HashMap<>();
  private final long[] growth;
  private final boolean[] ready;
  private final TreeSet<Integer> queue;

  private Schedule(List<Kernel> kernels) {
    this.kernels = kernels;
    this.growth = new long[kernels.size()];
    this.ready = new boolean[kernels.size()];
    this.queue =
        new TreeSet<>(
            (a, b) ->
                growth[a] != growth[b]
                    ? Long.compare(growth[a], growth[b])
                    : Integer.compare(a, b));
  }

  static List<Kernel> of(List<Kernel> kernels) {
    return new Schedule(kernels).run();
  }

  private List<Kernel> run() {
    for (int i = 0; i < kernels.size(); i++) {
      for (Buffer buffer : kernels.get(i).writes()) {
        Use use = use(buffer);
        use.writers.add(i);
        use.unwritten++;
      }
      for (Buffer buffer : kernels.get(i).reads()) {
        Use use = use(buffer);
        use.readers.add(i);
        use.unread++;
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
      for (Buffer buffer : kernel.reads()) {
        Use use = use(buffer);
        use.unread--;
        use.left -= next;
        if (use.unread == 1) {
          update((int) use.left);
        }
      }
      for (Buffer buffer : kernel.writes()) {
        Use use = use(buffer);
        boolean first = !use.begun;
        use.begun = true;
        if (--use.unwritten == 0) {
          for (int reader : use.readers) {
            if (--missing[reader] == 0) {
              enqueue(reader);
            }
          }
        } else if (first) {
          use.writers.forEach(this::update);
        }
      }
    }
    if (order.size() != kernels.size()) {
      throw new IllegalStateException("the kernels depend on each other");
    }
    return order;
  }

  private Use use(Buffer buffer) {
    return uses.computeIfAbsent(buffer, b -> new Use());
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
    Kernel kernel = kernels.get(number);
    long growth = 0;
    for (Buffer buffer : kernel.writes()) {
      growth += isTemporary(buffer) && !use(buffer).begun ? buffer.bytes() : 0;
    }
    for (Buffer buffer : kernel.reads()) {
      if (isTemporary(buffer) && use(buffer).unread == 1) {
        growth -= buffer.bytes();
      }
    }
    return growth;
  }

  private static boolean isTemporary(Buffer buffer) {
    return buffer.kind() == Buffer.Kind.TEMPORARY;
  }
}
