package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * Roots that one kernel computes. A cluster's number is an order in which clusters may run: its
 * members read only clusters with smaller numbers, and each other where the value is at hand.
 */
final class Cluster {
  private static final int MOST_MEMBERS = 48;

  /**
   * Roots that read nothing in common but operands so many times smaller than themselves gain
   * nothing from a common kernel, whose body would only grow with the number of layers.
   */
  private static final long SHARED = 4;

  int number;
  final int level;
  final List<Root> members = new ArrayList<>();
  final long walked;

  /** What members read, each other among them. */
  final Set<Root> reads = new HashSet<>();

  /** The loops that fit all members. */
  Loops loops;

  /** Elements in a row, once a member reduces along rows or columns; 0 until then. */
  long row;

  /** Rows that a column reduction folds into one; 0 until there is one. */
  long folded;

  Cluster(int number, int level, Root first) {
    this.number = number;
    this.level = level;
    this.walked = first.walked();
    this.loops = first.loops;
    add(first);
  }

  boolean isOperation() {
    return members.get(0).kind == Root.Kind.OPERATION || isPlaced();
  }

  /** Whether its kernel is attention. */
  boolean isAttention() {
    return members.get(0).node.op() instanceof Op.Attention;
  }

  /**
   * What a kernel of attention reads, by role.
   *
   * @param members operations of the family that agree in what they share
   */
  static Map<Kernel.Role, Tensor> attentionOperands(List<Root> members) {
    Map<Kernel.Role, Tensor> operands = new EnumMap<>(Kernel.Role.class);
    for (Root member : members) {
      List<Kernel.Role> roles = Kernel.Role.of((Op.Attention) member.node.op());
      List<Tensor> inputs = member.node.inputs();
      for (int i = 0; i < inputs.size(); i++) {
        operands.put(i < roles.size() ? roles.get(i) : Kernel.Role.MASK, inputs.get(i));
      }
    }
    return operands;
  }

  /**
   * Adds an operation of the attention family if one kernel computes it with those that are there:
   * the output, its log-sum-exp and its tangent, or the cotangents of keys and values. What it
   * reads is of lower levels, so that the order is not at stake. Only for attention of the same
   * level.
   */
  boolean acceptsAttention(Root root, Set<Tensor> chosen) {
    Op.Attention first = (Op.Attention) members.get(0).node.op();
    Op.Attention op = (Op.Attention) root.node.op();
    if (first.causal() != op.causal()
        || first.scale() != op.scale()
        || Kernel.Role.pass(first) != Kernel.Role.pass(op)
        || members.stream().anyMatch(m -> m.node.op().getClass() == op.getClass())) {
      return false;
    }
    Map<Kernel.Role, Tensor> own = attentionOperands(List.of(root));
    Map<Kernel.Role, Tensor> there = attentionOperands(members);
    if (own.containsKey(Kernel.Role.MASK) != there.containsKey(Kernel.Role.MASK)
        || own.entrySet().stream()
            .anyMatch(e -> !e.getValue().equals(there.getOrDefault(e.getKey(), e.getValue())))) {
      return false;
    }
    List<Root> all = new ArrayList<>(members);
    all.add(root);
    if (MatrixViews.of(List.copyOf(attentionOperands(all).values()), all, chosen) == null) {
      return false;
    }
    add(root);
    return true;
  }

  /** Whether it is one root that the products placed in it fill: no kernel. */
  boolean isPlaced() {
    return members.get(0).placed;
  }

  /**
   * Whether its kernel reads and writes no more than so many buffers if a root joins: what members
   * read of others, and what each of them may have to store.
   */
  private boolean hasRoom(Root root, int mostBuffers) {
    Set<Root> buffers = new HashSet<>(reads);
    root.dependencies.forEach(dependency -> buffers.add(dependency.root()));
    buffers.addAll(members);
    // The root's own.
    return buffers.size() < mostBuffers;
  }

  /**
   * Adds a root if it fits; says whether it did. Only for clusters that are no operation.
   *
   * @param root the root
   * @param related whether something else than a common operand calls for a common kernel
   * @param mostBuffers how many buffers its kernel may read and write
   * @param order where the cluster stands, which is changed if need be
   */
  boolean accepts(Root root, boolean related, int mostBuffers, ClusterOrder order) {
    if (members.size() >= MOST_MEMBERS) {
      return false;
    }
    boolean rowLevel = root.walked() != walked;
    if (rowLevel && (root.kind != Root.Kind.ELEMENT || root.walked() * row != walked)) {
      return false;
    }
    if (root.isReduction()
        && ((row != 0 && row != root.inner)
            || (root.kind == Root.Kind.COLUMN && folded != 0 && folded != root.folded))) {
      return false;
    }
    // A row-level member that joined earlier fixes the row; nothing else can contradict it here.
    boolean connected = related;
    for (Root.Dependency dependency : root.dependencies) {
      Root read = dependency.root();
      if (read.cluster == this) {
        // In order, it is computed at the same element or in the same row: they are as many.
        if (!dependency.isAtHand()) {
          return false;
        }
        connected = true;
      }
      connected |=
          reads.contains(read)
              && !dependency.isSlice()
              && read.node.shape().elements() * SHARED >= walked;
    }
    if (!connected) {
      return false;
    }
    // Rows, and groups of folded rows, begin where a loop begins: a reduction's own loops do so.
    Loops refined = Loops.refine(loops, rowLevel ? withRow(root.loops, row) : root.loops);
    if (refined == null || !hasRoom(root, mostBuffers) || !order.admits(this, root)) {
      return false;
    }
    loops = refined;
    add(root);
    return true;
  }

  private static Loops withRow(Loops outer, long row) {
    List<Long> extents = new ArrayList<>(outer.extents());
    extents.add(row);
    return new Loops(extents);
  }

  private void add(Root root) {
    members.add(root);
    root.cluster = this;
    if (root.isReduction()) {
      row = root.inner;
    }
    if (root.kind == Root.Kind.COLUMN) {
      folded = root.folded;
    }
    root.dependencies.forEach(dependency -> reads.add(dependency.root()));
  }

  @Override
  public String toString() {
    return "#" + number + members;
  }
}
