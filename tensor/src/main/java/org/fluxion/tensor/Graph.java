package org.fluxion.tensor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A closed piece of computation: outputs as functions of inputs. Transforms and programs work on
 * it.
 *
 * @param inputs the variables, in the order in which values are bound to them
 * @param outputs the results
 */
public record Graph(List<Tensor> inputs, List<Tensor> outputs) {
  /** Copies the lists. */
  public Graph {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /**
   * Every node that the outputs need, operands before users, down to the graph's inputs.
   *
   * @return the nodes, each once, in an order that depends on the graph alone
   */
  public List<Tensor> nodes() {
    return topological(outputs, new HashSet<>(inputs));
  }

  /**
   * Every ancestor of the roots, operands before users. The walk is iterative, so that depth is no
   * limit, and its order depends on the graph alone, never on hash codes.
   *
   * @param roots where to start
   * @param stops nodes that are listed but not walked through
   * @return the nodes, each once
   */
  public static List<Tensor> topological(List<Tensor> roots, Set<Tensor> stops) {
    return topological(roots, stops::contains);
  }

  /** The same with stops that are recognised rather than listed. */
  static List<Tensor> topological(List<Tensor> roots, Predicate<Tensor> stops) {
    List<Tensor> order = new ArrayList<>();
    Set<Tensor> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Visit> visits = new ArrayDeque<>();
    for (Tensor root : roots) {
      enter(root, seen, stops, visits, order);
      while (!visits.isEmpty()) {
        Visit visit = visits.peek();
        if (visit.operands.hasNext()) {
          enter(visit.operands.next(), seen, stops, visits, order);
        } else {
          order.add(visits.pop().node);
        }
      }
    }
    return order;
  }

  /** Begins with a node; lists it at once if there is nothing to be walked through below it. */
  private static void enter(
      Tensor node,
      Set<Tensor> seen,
      Predicate<Tensor> stops,
      Deque<Visit> visits,
      List<Tensor> order) {
    if (!seen.add(node)) {
      return;
    }
    if (node.inputs().isEmpty() || stops.test(node)) {
      order.add(node);
    } else {
      visits.push(new Visit(node, node.inputs().iterator()));
    }
  }

  /** A node on the way from a root, with those of its operands that are yet to be looked at. */
  private record Visit(Tensor node, Iterator<Tensor> operands) {}

  /**
   * The outputs with other tensors in the inputs' place.
   *
   * @param replacements a tensor per input, of its shape and dtype
   * @return the outputs over the replacements
   */
  public List<Tensor> apply(List<Tensor> replacements) {
    if (replacements.size() != inputs.size()) {
      throw new TensorException(
          "graph: expected %d inputs, got %d".formatted(inputs.size(), replacements.size()));
    }
    Map<Tensor, Tensor> image = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      Tensor input = inputs.get(i);
      Tensor replacement = replacements.get(i);
      if (!input.shape().equals(replacement.shape()) || input.dtype() != replacement.dtype()) {
        throw new TensorException(
            "graph: input %d is %s %s, got %s %s"
                .formatted(
                    i, input.dtype(), input.shape(), replacement.dtype(), replacement.shape()));
      }
      image.put(input, replacement);
    }
    for (Tensor node : nodes()) {
      if (!image.containsKey(node)) {
        List<Tensor> operands = node.inputs().stream().map(image::get).toList();
        image.put(node, operands.equals(node.inputs()) ? node : Tensor.apply(node.op(), operands));
      }
    }
    return outputs.stream().map(image::get).toList();
  }
}
