package org.fluxion.tensor.conformance;

import static org.fluxion.tensor.conformance.Elements.each;

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
    /** Its exact value, or the rounded one; of floating point in float64 whatever the dtype. */
    final HostData value;

    /** The same as doubles. */
    final double[] numbers;

    /** The same before they were rounded to the dtype, where they are. */
    final double[] before;

    /** What a result may be off by. */
    double[] bound;

    /** What those who use it must reckon with, which is more where it is beyond the dtype. */
    double[] error;

    private Node(HostData value, HostData before) {
      this.value = value;
      this.numbers = value.toDoubles();
      this.before = before == value ? numbers : before.toDoubles();
    }
  }

  /** What makes two nodes the same: the operation, constants by value, and the operands. */
  private record Computation(int hash, Object operation, List<Node> operands) {
    static Computation of(Object operation, List<Node> operands) {
      return new Computation(31 * operation.hashCode() + operands.hashCode(), operation, operands);
    }

    /** Kept, since each lookup asks for it, and an operation's goes through all its fields. */
    @Override
    public int hashCode() {
      return hash;
    }
  }

  private record Literal(DType dtype, Shape shape, ByteBuffer bytes) {}

  /** Comparing larger constants by value would cost more than finding two of them alike saves. */
  private static final long LARGEST_BYTES = 1 << 12;

  private final boolean areRounded;

  private final Map<Tensor, Node> nodes = new IdentityHashMap<>();
  private final Map<Computation, Node> computed = new HashMap<>();

  /**
   * None yet.
   *
   * @param areRounded whether each node's value is rounded to its dtype before others use it
   */
  Nodes(boolean areRounded) {
    this.areRounded = areRounded;
  }

  /** The tensors of which something is known. */
  Set<Tensor> tensors() {
    return nodes.keySet();
  }

  /** What is known of a tensor. */
  Node get(Tensor tensor) {
    return nodes.get(tensor);
  }

  /** A tensor's value. */
  HostData value(Tensor tensor) {
    return get(tensor).value;
  }

  /** The same as doubles. */
  double[] numbers(Tensor tensor) {
    return get(tensor).numbers;
  }

  /** The same before they were rounded to the dtype, where they are. */
  double[] before(Tensor tensor) {
    return get(tensor).before;
  }

  /** What those who use a tensor must reckon with. */
  double[] errors(Tensor tensor) {
    return get(tensor).error;
  }

  /** 1 where a tensor has a zero of a sign, 0 elsewhere. */
  double[] zeros(Tensor tensor, double signed) {
    double[] value = numbers(tensor);
    return each(tensor, i -> Double.compare(value[i], signed) == 0 ? 1 : 0);
  }

  /** A node's operation, of other numbers in its first operand's place. */
  double[] applied(Tensor node, double[] first) {
    List<HostData> operands = new ArrayList<>(List.of(HostData.of(first)));
    for (Tensor operand : node.inputs().subList(1, node.inputs().size())) {
      operands.add(value(operand));
    }
    return ReferenceInterpreter.apply(node, operands).toDoubles();
  }

  /** An input of some value, which is of its dtype. */
  Node give(Tensor input, HostData value) {
    return give(input, value, value);
  }

  private Node give(Tensor tensor, HostData value, HostData before) {
    Node node = new Node(value, before);
    nodes.put(tensor, node);
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
    List<HostData> values = new ArrayList<>(tensor.inputs().size());
    for (Tensor operand : tensor.inputs()) {
      Node node = nodes.get(operand);
      operands.add(node);
      values.add(node.value);
    }
    Computation computation = Computation.of(operation(tensor.op()), operands);
    Node same = computed.get(computation);
    if (same != null) {
      nodes.put(tensor, same);
      return;
    }
    Node node = computed(tensor, values);
    bounds.run();
    computed.put(computation, node);
  }

  private Node computed(Tensor tensor, List<HostData> operands) {
    if (!areRounded) {
      HostData exact = ReferenceInterpreter.apply(tensor, operands);
      return give(tensor, exact, exact);
    }
    HostData before = RoundedValues.before(tensor, operands);
    return give(tensor, RoundedValues.rounded(tensor.dtype(), before), before);
  }

  private static Object operation(Op op) {
    return op instanceof Op.Constant constant
            && constant.data().segment().byteSize() <= LARGEST_BYTES
        ? new Literal(
            constant.data().dtype(),
            constant.shape(),
            ByteBuffer.wrap(constant.data().segment().toArray(ValueLayout.JAVA_BYTE)))
        : op;
  }
}
