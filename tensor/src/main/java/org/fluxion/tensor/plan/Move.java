package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * A copy of a whole buffer between two runs, by which an output becomes the next run's input.
 *
 * @param from what is copied
 * @param to where to; of the same dtype and size, and nowhere else than it
 */
public record Move(Buffer from, Buffer to) {
  /**
   * The copies that make outputs the next run's inputs, in an order in which no value is lost:
   * inputs may trade places. What would be overwritten before it is read goes by way of a temporary
   * buffer.
   *
   * @param inputs the plan's inputs
   * @param outputs the plan's outputs
   * @param donated outputs that are written over an input
   * @param carries for each output the index of the input that it becomes, or −1
   * @param ids numbers of buffers that are still free
   */
  static List<Move> between(
      List<Buffer> inputs,
      List<Buffer> outputs,
      Map<Buffer, Buffer> donated,
      List<Integer> carries,
      IntSupplier ids) {
    List<Move> direct = new ArrayList<>();
    Set<Buffer> overwritten = new HashSet<>();
    for (int output = 0; output < outputs.size(); output++) {
      int input = carries.get(output);
      if (input < 0) {
        continue;
      }
      Buffer from = donated.getOrDefault(outputs.get(output), outputs.get(output));
      Buffer to = inputs.get(input);
      if (!from.equals(to) && to.elements() > 0) {
        direct.add(new Move(from, to));
        overwritten.add(to);
      }
    }
    List<Move> first = new ArrayList<>();
    List<Move> last = new ArrayList<>();
    Map<Buffer, Buffer> asides = new HashMap<>();
    for (Move move : direct) {
      Buffer from = move.from;
      if (overwritten.contains(from) && !asides.containsKey(from)) {
        Buffer aside =
            new Buffer(
                ids.getAsInt(),
                from.dtype(),
                from.shape(),
                Buffer.Kind.TEMPORARY,
                from.name() + " aside");
        asides.put(from, aside);
        first.add(new Move(from, aside));
      }
      last.add(new Move(asides.getOrDefault(from, from), move.to));
    }
    first.addAll(last);
    return List.copyOf(first);
  }
}
