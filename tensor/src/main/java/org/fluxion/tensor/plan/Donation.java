package org.fluxion.tensor.plan;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds outputs that may be written over the inputs they replace. */
final class Donation {
  private Donation() {}

  /** For each such output its buffer and the input's. */
  static Map<Buffer, Buffer> of(
      List<Kernel> order, List<Buffer> inputs, List<Buffer> outputs, int[] donations) {
    Map<Buffer, Integer> written = new HashMap<>();
    Map<Buffer, Integer> lastRead = new HashMap<>();
    for (int i = 0; i < order.size(); i++) {
      for (Buffer buffer : order.get(i).writes()) {
        written.putIfAbsent(buffer, i);
      }
      for (Buffer buffer : order.get(i).reads()) {
        lastRead.put(buffer, i);
      }
    }
    Map<Buffer, Buffer> result = new HashMap<>();
    Set<Buffer> taken = new HashSet<>();
    for (int o = 0; o < outputs.size(); o++) {
      Buffer output = outputs.get(o);
      if (donations[o] < 0 || output.kind() != Buffer.Kind.OUTPUT || result.containsKey(output)) {
        continue;
      }
      Buffer input = inputs.get(donations[o]);
      if (outputs.contains(input) || taken.contains(input)) {
        continue;
      }
      int writer = written.get(output);
      int reader = lastRead.getOrDefault(input, -1);
      if (reader < writer || (reader == writer && inOrder(order.get(writer), input, output))) {
        result.put(output, input);
        taken.add(input);
      }
    }
    return result;
  }

  /** Whether a kernel reads a buffer only where it writes the other, at the same time. */
  private static boolean inOrder(Kernel kernel, Buffer input, Buffer output) {
    if (!(kernel instanceof Kernel.LoopKernel loops)) {
      return false;
    }
    long[] steps = new Loops(loops.loops()).steps();
    boolean stored =
        loops.stores().stream()
            .anyMatch(s -> s.buffer().equals(output) && s.level() == Kernel.Level.ELEMENT);
    // Stores follow all else, one after the other: the input itself would be read after the first.
    boolean copied =
        loops.stores().stream()
            .filter(s -> !s.buffer().equals(output))
            .map(s -> loops.body().get(s.value()))
            .anyMatch(i -> i instanceof Kernel.Load load && load.access().buffer().equals(input));
    return stored
        && !copied
        && loops.body().stream()
            .filter(Kernel.Load.class::isInstance)
            .map(i -> ((Kernel.Load) i).access())
            .filter(a -> a.buffer().equals(input))
            .allMatch(
                a -> a.offset() == 0 && a.bounds().isEmpty() && Arrays.equals(a.strides(), steps));
  }
}
