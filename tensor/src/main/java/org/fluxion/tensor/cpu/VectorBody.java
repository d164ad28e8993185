package org.fluxion.tensor.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The body of a loop in vector operations: nodes, operands before users, each computed as seldom as
 * its level says. Equal bodies are the same code: sizes, strides and addresses are no part of it.
 */
final class VectorBody {
  /** How a value varies. */
  enum Level {
    /** The same everywhere. */
    UNIFORM,
    /** One for each row, in every lane. */
    ROW,
    /** One for each element. */
    ELEMENT;

    Level join(Level other) {
      return compareTo(other) >= 0 ? this : other;
    }
  }

  /**
   * An operation.
   *
   * @param op what it does
   * @param a its first operand's number, or −1
   * @param b the second
   * @param c the third
   * @param attribute an operand's number, a constant's value or a shift's bits, or null
   * @param level how it varies
   */
  record Node(VectorOp op, int a, int b, int c, Object attribute, Level level) {
    int[] operands() {
      return c >= 0
          ? new int[] {a, b, c}
          : b >= 0 ? new int[] {a, b} : a >= 0 ? new int[] {a} : new int[0];
    }
  }

  /** How a value leaves the loop. */
  enum Sink {
    /** Stored for each element. */
    ELEMENTS,
    /** Likewise, over an operand that is read. */
    IN_PLACE,
    /** Stored for each row. */
    ROWS,
    /** Added to the accumulators of the columns. */
    COLUMN_SUM,
    /** The larger of it and the accumulators of the columns. */
    COLUMN_MAX
  }

  /**
   * A value that leaves the loop.
   *
   * @param node the value
   * @param operand the number of the loop's operand that takes it
   * @param sink how
   */
  record Result(int node, int operand, Sink sink) {}

  final List<Node> nodes = new ArrayList<>();
  final List<Result> results = new ArrayList<>();
  private final Map<Node, Integer> known = new HashMap<>();
  private int operands;

  /** The number of operands, inputs and results. */
  int operands() {
    return operands;
  }

  Level level(int node) {
    return nodes.get(node).level;
  }

  VectorOp.Type type(int node) {
    return nodes.get(node).op.type;
  }

  /** A new operand that is read. */
  int load(VectorOp op, Level level) {
    return add(new Node(op, -1, -1, -1, operands++, level));
  }

  /** A new operand that takes a value. */
  int result(int node, Sink sink) {
    results.add(new Result(node, operands, sink));
    return operands++;
  }

  int constant(float value) {
    return add(new Node(VectorOp.FLOAT_CONSTANT, -1, -1, -1, value, Level.UNIFORM));
  }

  int constant(int value) {
    return add(new Node(VectorOp.INT_CONSTANT, -1, -1, -1, value, Level.UNIFORM));
  }

  int add(VectorOp op, int a) {
    return add(new Node(op, a, -1, -1, null, op.isReduction() ? Level.ROW : level(a)));
  }

  int add(VectorOp op, int a, int b) {
    return add(new Node(op, a, b, -1, null, level(a).join(level(b))));
  }

  int add(VectorOp op, int a, int b, int c) {
    return add(new Node(op, a, b, c, null, level(a).join(level(b)).join(level(c))));
  }

  int shift(VectorOp op, int a, int bits) {
    return add(new Node(op, a, -1, -1, bits, level(a)));
  }

  private int add(Node node) {
    return known.computeIfAbsent(
        node,
        n -> {
          nodes.add(n);
          return nodes.size() - 1;
        });
  }

  /** What makes two bodies the same code. */
  String structure() {
    StringBuilder text = new StringBuilder();
    for (Node node : nodes) {
      text.append(node.op.name()).append(node.level.ordinal());
      for (int operand : node.operands()) {
        text.append(' ').append(operand);
      }
      if (node.attribute != null) {
        text.append(' ').append(node.attribute);
      }
      text.append(';');
    }
    for (Result result : results) {
      text.append(result.sink).append(result.node).append(' ').append(result.operand).append(';');
    }
    return text.toString();
  }
}
