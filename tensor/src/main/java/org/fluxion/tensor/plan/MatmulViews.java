package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Reads the operands of a matrix product where they lie: transposes, slices, splits into heads and
 * broadcasts become strides. An operand that rows, columns and batch loops cannot reach is stored.
 */
final class MatmulViews {
  /** The loops of a product's batch and what each operand's element lies apart along them. */
  record Views(Loops batch, View a, View b) {}

  /**
   * One operand.
   *
   * @param source the root that holds it
   * @param offset its first element
   * @param batch elements per step of each batch loop
   * @param row elements per row
   * @param column elements per column
   */
  record View(Tensor source, long offset, long[] batch, long row, long column) {}

  private MatmulViews() {}

  /** The operands that have to be stored, since no strides describe them. */
  static List<Tensor> unreachable(Tensor matmul, Set<Tensor> chosen) {
    List<Tensor> result = new ArrayList<>();
    for (Tensor operand : matmul.inputs()) {
      if (!chosen.contains(operand) && operand(operand, batch(operand, chosen), chosen) == null) {
        result.add(operand);
      }
    }
    if (result.isEmpty()) {
      Loops a = batch(matmul.inputs().get(0), chosen);
      Loops b = batch(matmul.inputs().get(1), chosen);
      if (Loops.refine(a, b) == null) {
        result.addAll(new LinkedHashSet<>(matmul.inputs()));
      }
    }
    return result;
  }

  /**
   * The tensor to store so that an operand can be read: the one closest to where its elements come
   * from, so that transposed uses of the same value share it.
   */
  static Tensor storage(Tensor operand, Set<Tensor> chosen) {
    List<Tensor> chain = new ArrayList<>();
    Tensor node = operand;
    chain.add(node);
    while (Roots.isView(node.op()) && !chosen.contains(node)) {
      node = node.inputs().get(0);
      chain.add(node);
    }
    for (Tensor candidate : chain.reversed()) {
      if (candidate == operand || Roots.isLiteral(candidate)) {
        continue;
      }
      if (batchOf(operand, Set.of(candidate)) != null) {
        return candidate;
      }
    }
    return operand;
  }

  private static Cut batchOf(Tensor operand, Set<Tensor> chosen) {
    return cut(operand, plainBatch(operand), chosen);
  }

  /** The views of a product whose operands are all reachable. */
  static Views of(Tensor matmul, Set<Tensor> chosen) {
    Tensor a = matmul.inputs().get(0);
    Tensor b = matmul.inputs().get(1);
    Loops batch = Loops.refine(batch(a, chosen), batch(b, chosen));
    return new Views(batch, view(a, batch, chosen), view(b, batch, chosen));
  }

  private static View view(Tensor operand, Loops batch, Set<Tensor> chosen) {
    if (chosen.contains(operand)) {
      return stored(operand, batch);
    }
    return operand(operand, batch, chosen);
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
    long[] batch = new long[extents.length - 2];
    for (int i = 0; i < batch.length; i++) {
      batch[i] = extents[i];
    }
    return Loops.of(batch);
  }

  private static Loops batch(Tensor operand, Set<Tensor> chosen) {
    Cut cut = chosen.contains(operand) ? null : cut(operand, plainBatch(operand), chosen);
    return cut == null ? plainBatch(operand) : cut.batch;
  }

  private static View operand(Tensor operand, Loops batch, Set<Tensor> chosen) {
    Cut cut = cut(operand, batch, chosen);
    return cut == null ? null : cut.view;
  }

  private record Cut(Loops batch, View view) {}

  /** Walks down the views, splitting loops; null if rows or columns do not stay single loops. */
  private static Cut cut(Tensor operand, Loops batch, Set<Tensor> chosen) {
    Shape shape = operand.shape();
    long rows = shape.extent(-2);
    long columns = shape.extent(-1);
    List<Long> extents = new ArrayList<>(batch.extents());
    if (rows != 1) {
      extents.add(rows);
    }
    if (columns != 1) {
      extents.add(columns);
    }
    Loops loops = new Loops(extents);
    while (true) {
      try {
        IndexMap map = IndexMap.of(shape, loops, loops.steps());
        Tensor node = operand;
        while (Roots.isView(node.op()) && !chosen.contains(node)) {
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
    long[] batch = new long[count];
    System.arraycopy(strides, 0, batch, 0, count);
    return new Cut(
        new Loops(loops.extents().subList(0, count)),
        new View(source, access.offset(), batch, row, column));
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
    return product == extent ? stride : null;
  }
}
