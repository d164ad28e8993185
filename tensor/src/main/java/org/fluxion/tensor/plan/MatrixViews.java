package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Reads the operands of matrix products and of attention where they lie: transposes, slices, splits
 * into heads and broadcasts become strides. An operand that rows, columns and batch loops cannot
 * reach is stored.
 */
final class MatrixViews {
  /**
   * The loops of a batch, and how far apart each matrix's elements lie along them.
   *
   * @param batch the loops
   * @param operands the views of the operands
   * @param results the views of the results
   */
  record Views(Loops batch, List<View> operands, List<View> results) {}

  /**
   * One matrix.
   *
   * @param source the root that holds it
   * @param offset its first element
   * @param batch elements per step of each batch loop
   * @param row elements per row
   * @param column elements per column
   */
  record View(Tensor source, long offset, long[] batch, long row, long column) {}

  private MatrixViews() {}

  /** The operands that have to be stored, since no strides describe them. */
  static List<Tensor> unreachable(Tensor node, Set<Tensor> chosen) {
    List<Tensor> result = new ArrayList<>();
    for (Tensor operand : node.inputs()) {
      if (plain(operand, chosen) == null) {
        result.add(operand);
      }
    }
    if (result.isEmpty() && batch(node.inputs(), chosen) == null) {
      result.addAll(new LinkedHashSet<>(node.inputs()));
    }
    return result;
  }

  /**
   * The coarsest loops in which matrices can be walked that are all reachable; null if none are.
   */
  private static Loops batch(List<Tensor> operands, Set<Tensor> chosen) {
    Loops batch = plainBatch(operands.get(0));
    for (Tensor operand : operands) {
      batch = batch == null ? null : Loops.refine(batch, plain(operand, chosen).batch);
    }
    return batch;
  }

  /**
   * The tensor to store so that an operand can be read: the one closest to where its elements come
   * from, so that transposed uses of the same value share it.
   */
  static Tensor storage(Tensor operand, Set<Tensor> chosen) {
    Tensor found = operand;
    Tensor node = operand;
    while (Roots.isView(node.op()) && !chosen.contains(node)) {
      node = node.inputs().get(0);
      if (!Roots.isLiteral(node) && plain(operand, Set.of(node)) != null) {
        found = node;
      }
    }
    return found;
  }

  /** An operand in the coarsest loops, or null if no strides describe it. */
  private static Cut plain(Tensor operand, Set<Tensor> chosen) {
    return cut(operand, plainBatch(operand), chosen);
  }

  /**
   * The views of a kernel whose operands are all reachable.
   *
   * @param operands what it reads
   * @param results the operations that it computes
   * @param chosen the tensors that are stored
   * @return the views, or null if the results' ways demand cuts that contradict each other
   */
  static Views of(List<Tensor> operands, List<Root> results, Set<Tensor> chosen) {
    Loops batch = batch(operands, chosen);
    for (Root root : results) {
      if (batch != null && !root.way.isEmpty()) {
        Cut cut = result(root.node, root.way, batch, chosen);
        batch = cut == null ? null : cut.batch;
      }
    }
    if (batch == null) {
      return null;
    }
    Loops loops = batch;
    return new Views(
        loops,
        operands.stream().map(operand -> view(operand, loops, chosen)).toList(),
        results.stream().map(root -> view(root, loops, chosen)).toList());
  }

  private static View view(Root result, Loops loops, Set<Tensor> chosen) {
    return result.way.isEmpty()
        ? stored(result.node, loops)
        : result(result.node, result.way, loops, chosen).view;
  }

  /**
   * Where a result's elements go when it is moved.
   *
   * @param node the product or the attention
   * @param way the movements, the first one first
   * @param loops the operands' batch loops; null to find them
   * @param chosen the tensors that are stored
   * @return the loops, finer if need be, and the view; null if there are none, or columns would not
   *     lie side by side
   */
  static Cut result(Tensor node, List<Placement.Link> way, Loops loops, Set<Tensor> chosen) {
    Loops operands = loops != null ? loops : batch(node.inputs(), chosen);
    if (operands == null) {
      return null;
    }
    long rows = node.shape().extent(-2);
    long columns = node.shape().extent(-1);
    Loops fine = withMatrix(operands, rows, columns);
    while (true) {
      try {
        IndexMap map = IndexMap.of(node.shape(), fine, fine.steps());
        for (Placement.Link link : way) {
          map = map.result(link.node(), link.operand());
        }
        Tensor target = way.getLast().node();
        Cut cut = collapse(target, map.access(null, target.shape()), fine, rows, columns);
        return cut != null && (columns == 1 || cut.view.column == 1) ? cut : null;
      } catch (IndexMap.SplitNeeded split) {
        fine = fine.split(split.loop, split.inner);
      } catch (IndexMap.NotAffine notAffine) {
        return null;
      }
    }
  }

  private static Loops withMatrix(Loops batch, long rows, long columns) {
    LongStream outer = batch.extents().stream().mapToLong(Long::longValue);
    return Loops.of(LongStream.concat(outer, LongStream.of(rows, columns)).toArray());
  }

  private static View view(Tensor operand, Loops batch, Set<Tensor> chosen) {
    return chosen.contains(operand) ? stored(operand, batch) : cut(operand, batch, chosen).view;
  }

  private static View stored(Tensor operand, Loops batch) {
    int columns = operand.shape().extent(-1);
    long matrix = (long) operand.shape().extent(-2) * columns;
    long[] steps = batch.steps();
    for (int i = 0; i < steps.length; i++) {
      steps[i] *= matrix;
    }
    return new View(operand, 0, steps, columns, 1);
  }

  private static Loops plainBatch(Tensor operand) {
    int[] extents = operand.shape().extents();
    return Loops.of(Arrays.stream(extents).limit(extents.length - 2).asLongStream().toArray());
  }

  /** Batch loops and one matrix's view along them. */
  record Cut(Loops batch, View view) {}

  /**
   * Walks down the views to what is stored, splitting loops; null if rows or columns do not stay
   * single loops.
   */
  private static Cut cut(Tensor operand, Loops batch, Set<Tensor> chosen) {
    Shape shape = operand.shape();
    long rows = shape.extent(-2);
    long columns = shape.extent(-1);
    Loops loops = withMatrix(batch, rows, columns);
    while (true) {
      try {
        IndexMap map = IndexMap.of(shape, loops, loops.steps());
        Tensor node = operand;
        while (!chosen.contains(node)) {
          map = map.operand(node);
          node = node.inputs().get(0);
        }
        Access access = map.access(null, node.shape());
        return access.bounds().isEmpty() ? collapse(node, access, loops, rows, columns) : null;
      } catch (IndexMap.SplitNeeded split) {
        loops = loops.split(split.loop, split.inner);
      } catch (IndexMap.NotAffine notAffine) {
        return null;
      }
    }
  }

  private static Cut collapse(Tensor source, Access access, Loops loops, long rows, long columns) {
    int[] position = {loops.count() - 1};
    long[] strides = access.strides();
    Long column = single(strides, loops, columns, position);
    Long row = column == null ? null : single(strides, loops, rows, position);
    if (row == null) {
      return null;
    }
    int count = position[0] + 1;
    return new Cut(
        new Loops(loops.extents().subList(0, count)),
        new View(source, access.offset(), Arrays.copyOf(strides, count), row, column));
  }

  /** The one stride of loops that together make an extent, or null if there is none. */
  private static Long single(long[] strides, Loops loops, long extent, int[] position) {
    if (extent == 1) {
      return 0L;
    }
    long stride = strides[position[0]];
    long product = 1;
    while (product < extent) {
      if (strides[position[0]] != stride * product) {
        return null;
      }
      product *= loops.extents().get(position[0]);
      position[0]--;
    }
    return stride;
  }
}
