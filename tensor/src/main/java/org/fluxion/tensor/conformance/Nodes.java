package org.fluxion.tensor.conformance;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * What is known of a graph's nodes. Those that do the same to the same have it in common, so that
 * it is found once: derivatives of derivatives repeat most of what they consist of.
 */
final class Nodes {
  /** What is known of a node. Two are equal if they are one. */
  static final class Node {
    /** Its exact value, of floating point in float64 whatever the dtype. */
    final HostData value;

    /** The same as doubles. */
    final double[] numbers;

    /** What a result may be off by. */
    double[] bound;

    /** What those who use it must reckon with, which is more where it is beyond the dtype. */
    double[] error;

    private Node(HostData value) {
      this.value = value;
      this.numbers = value.toDoubles();
    }
  }

  /** What makes two nodes the same: the operation, constants by value, and the operands. */
  private record Computation(Object operation, List<Node> operands) {}

  private record Elements(DType dtype, Shape shape, ByteBuffer bytes) {}

  /** Comparing larger constants by value would cost more than finding two of them alike saves. */
  private static final long LARGEST_BYTES = 1 << 12;

  private final Map<Tensor, Node> nodes = new IdentityHashMap<>();
  private final Map<Computation, Node> computed = new HashMap<>();

  /** The tensors of which something is known. */
  Set<Tensor> tensors() {
    return nodes.keySet();
  }

  /** What is known of a tensor. */
  Node get(Tensor tensor) {
    return nodes.get(tensor);
  }

  /** An input of some value. */
  Node give(Tensor input, HostData value) {
    Node node = new Node(value);
    nodes.put(input, node);
    return node;
  }

  /**
   * A node whose operands are known.
   *
   * @param tensor the node
   * @param bounds finds out the rest, where only its value is known
   */
  void compute(Tensor tensor, Runnable bounds) {
    List<Node> operands = new ArrayList<>(tensor.inputs().size());
    for (Tensor operand : tensor.inputs()) {
      operands.add(nodes.get(operand));
    }
    Computation computation = new Computation(operation(tensor.op()), operands);
    Node same = computed.get(computation);
    if (same != null) {
      nodes.put(tensor, same);
      return;
    }
    List<HostData> values = operands.stream().map(operand -> operand.value).toList();
    Node node = give(tensor, ReferenceInterpreter.apply(tensor, values));
    bounds.run();
    computed.put(computation, node);
  }

  private static Object operation(Op op) {
    return op instanceof Op.Constant constant
            && constant.data().segment().byteSize() <= LARGEST_BYTES
        ? new Elements(
            constant.data().dtype(),
            constant.shape(),
            ByteBuffer.wrap(constant.data().segment().toArray(ValueLayout.JAVA_BYTE)))
        : op;
  }
}
