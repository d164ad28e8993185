package org.fluxion.tensor.plan;

import static java.util.Comparator.naturalOrder;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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

    /**
     * Whether the other's element is there when one kernel computes both: that of a sum over
     * columns is not until the end.
     */
    boolean isAtHand() {
      return root.kind != Kind.COLUMN && repeat != OTHER;
    }
  }

  final Tensor node;
  final Kind kind;

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

  Root(Tensor node, Kind kind) {
    this.node = node;
    if (kind == Kind.ROW) {
      Shape operand = node.inputs().get(0).shape();
      List<Integer> reduced = reducedAxes(node.op());
      int rank = operand.rank();
      int last =
          reduced.stream()
              .filter(axis -> operand.extent(axis) > 1)
              .max(naturalOrder())
              .orElse(rank);
      boolean row = product(operand, IntStream.range(last + 1, rank).boxed().toList()) == 1;
      // Kept axes that lie between reduced ones move outwards; those behind the last stay inside.
      List<Integer> outside = kept(reduced, 0, row ? rank : last);
      List<Integer> inside = kept(reduced, row ? rank : last, rank);
      this.axes = Stream.of(outside, reduced, inside).flatMap(List::stream).toList();
      this.loops = Loops.of(axes.stream().mapToLong(operand::extent).toArray());
      long total = product(operand, reduced);
      this.kind = row ? Kind.ROW : Kind.COLUMN;
      this.inner = row ? total : product(operand, inside);
      this.folded = row ? 1 : total;
    } else {
      this.kind = kind;
      this.axes = null;
      this.loops = Loops.of(Arrays.stream(node.shape().extents()).asLongStream().toArray());
      this.inner = 1;
      this.folded = 1;
    }
  }

  private static List<Integer> kept(List<Integer> reduced, int from, int to) {
    return IntStream.range(from, to).filter(axis -> !reduced.contains(axis)).boxed().toList();
  }

  private static long product(Shape shape, List<Integer> axes) {
    return axes.stream().mapToLong(shape::extent).reduce(1, (a, b) -> a * b);
  }

  private static List<Integer> reducedAxes(Op op) {
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
