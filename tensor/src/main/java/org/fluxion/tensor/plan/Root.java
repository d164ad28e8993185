package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * A tensor that some kernel computes as a whole and may store. Everything between roots is computed
 * where it is needed, again in every kernel that needs it.
 */
final class Root {
  /** How a root comes about. */
  enum Kind {
    /** An input or a constant: no kernel. */
    LEAF,
    /** Each element from elements of other roots. */
    ELEMENT,
    /** A reduction over the innermost loops. */
    ROW,
    /** A reduction over outer loops; the innermost ones stay. */
    COLUMN,
    /** An operation with a kernel of its own. */
    OPERATION
  }

  /** Another root that this one reads, and how. */
  record Dependency(Root root, long repeat) {
    /** The other's element is not a function of this one's position in order. */
    static final long OTHER = -1;

    /**
     * Whether it may be a slice of a large input, with which another slice has nothing in common.
     */
    boolean isSlice() {
      return root.kind == Kind.LEAF && repeat == OTHER;
    }
  }

  final Tensor node;
  final Kind kind;
  final int order;

  /** The loops that compute it; for reductions those of the operand, kept ones first. */
  Loops loops;

  /** Elements folded innermost (row) or kept innermost (column); 1 for elementwise roots. */
  final long inner;

  /** For column reductions the elements folded for each result; 1 otherwise. */
  final long folded;

  /** The operand's axes in the order of the loops; null unless a reduction. */
  private final List<Integer> axes;

  List<Dependency> dependencies = List.of();
  Cluster cluster;
  Buffer buffer;
  boolean stored;

  /** Whether it is filled by the roots placed in it, so that no kernel computes it. */
  boolean placed;

  /** The root whose memory this one is computed in; null if it has its own. */
  Root target;

  /** For a product placed in another root, the movements on the way there. */
  List<Placement.Link> way = List.of();

  /** For any other root placed in another, its first element there. */
  long offset;

  Root(Tensor node, Kind kind, int order) {
    this.node = node;
    this.order = order;
    if (kind == Kind.ROW) {
      Shape operand = node.inputs().get(0).shape();
      List<Integer> reduced = reducedAxes(node.op());
      int last = operand.rank() - 1;
      while (last > 0 && operand.extent(last) == 1) {
        last--;
      }
      boolean row = reduced.contains(last);
      // Kept axes that lie between reduced ones move outwards; those behind the last stay inside.
      int lastReduced = -1;
      for (int axis : reduced) {
        lastReduced = operand.extent(axis) > 1 ? Math.max(lastReduced, axis) : lastReduced;
      }
      int border = lastReduced;
      List<Integer> axisOrder = new ArrayList<>();
      IntStream.range(0, operand.rank())
          .filter(a -> !reduced.contains(a) && (row || a < border))
          .forEach(axisOrder::add);
      axisOrder.addAll(reduced.stream().sorted().toList());
      IntStream.range(0, operand.rank())
          .filter(a -> !reduced.contains(a) && !row && a >= border)
          .forEach(axisOrder::add);
      this.axes = List.copyOf(axisOrder);
      this.loops = Loops.of(axes.stream().mapToLong(operand::extent).toArray());
      long total = reduced.stream().mapToLong(operand::extent).reduce(1, (a, b) -> a * b);
      this.kind = row || total == 1 ? Kind.ROW : Kind.COLUMN;
      if (this.kind == Kind.ROW) {
        this.inner = total;
        this.folded = 1;
      } else {
        this.inner =
            IntStream.range(border + 1, operand.rank())
                .filter(a -> !reduced.contains(a))
                .mapToLong(operand::extent)
                .reduce(1, (a, b) -> a * b);
        this.folded = total;
      }
    } else {
      this.kind = kind;
      this.axes = null;
      this.loops = Loops.of(Arrays.stream(node.shape().extents()).asLongStream().toArray());
      this.inner = 1;
      this.folded = 1;
    }
  }

  static List<Integer> reducedAxes(Op op) {
    return switch (op) {
      case Op.Sum o -> o.axes();
      case Op.ReduceMax o -> o.axes();
      default -> throw new IllegalStateException("not a reduction: " + op.label());
    };
  }

  /** The elements that its loops walk over. */
  long walked() {
    return loops.elements();
  }

  boolean isReduction() {
    return kind == Kind.ROW || kind == Kind.COLUMN;
  }

  /** The tensor that the loops walk over: the operand of a reduction, else the root itself. */
  Tensor walkedTensor() {
    return isReduction() ? node.inputs().get(0) : node;
  }

  /** Where loops stand in the walked tensor. */
  IndexMap start(Loops loops, long[] steps) throws IndexMap.SplitNeeded, IndexMap.NotAffine {
    Tensor walked = walkedTensor();
    if (axes == null) {
      return IndexMap.of(walked.shape(), loops, steps);
    }
    Shape permuted = Shape.of(axes.stream().map(walked.shape()::extent).toList());
    IndexMap inOrder = IndexMap.of(permuted, loops, steps);
    return inOrder.unpermuted(axes);
  }

  @Override
  public String toString() {
    return kind + " " + node.op().label() + node.shape();
  }
}
