package org.fluxion.opencl;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.plan.Kernel;

/**
 * Loops for cards: neighbouring work-items take neighbouring elements. Without reductions there is
 * a work-item for each element; otherwise a work-group for each row, or for some rows whose columns
 * it folds.
 */
final class LaneLoops extends LoopSource {
  private final boolean folds;
  private final boolean flat;

  LaneLoops(Kernel.LoopKernel kernel, Family family) {
    super(kernel, family);
    this.folds = kernel.stores().stream().anyMatch(s -> s.level() == Kernel.Level.COLUMN);
    this.flat = !folds && lastPhase == 0 && kernel.row() == 1;
  }

  @Override
  long groups() {
    if (flat) {
      return Math.ceilDiv(kernel.elements(), family.lanes());
    }
    return folds ? rows / kernel.folded() * chunks : rows;
  }

  @Override
  void body() {
    line(1, "const long g = %s;", Launch.GROUP);
    if (flat) {
      map();
    } else {
      rows();
    }
  }

  private void map() {
    line(1, "const long e = g * %d + get_local_id(0);", family.lanes());
    line(1, "if (e >= %s) return;", size(kernel.elements()));
    indices(1, "e", 0, lastLoop + 1, "const long");
    List<String> names = indexNames(null);
    for (int v = 0; v < body.size(); v++) {
      define(1, v, names);
    }
    for (Kernel.Store store : kernel.stores()) {
      DType dtype = store.buffer().dtype();
      line(1, "%s", Types.store(dtype, name(store.buffer()), "e", "v" + store.value()));
    }
  }

  private void rows() {
    line(1, "const int lane = get_local_id(0);");
    for (DType dtype : reducedTypes()) {
      String type = Types.value(dtype);
      line(1, "local %s fold_%s[%d];", type, type, family.lanes());
    }
    if (folds) {
      chunkOfRows();
      line(1, "for (; r < end; r++) {");
    } else {
      line(1, "const long r = g;");
      line(1, "{");
    }
    indices(2, "r", 0, outerLoops, "const long");
    boolean[] defined = new boolean[body.size()];
    String length = size(row);
    for (int p = 0; p <= lastPhase; p++) {
      defineRowValues(p, defined);
      phase(p, length);
    }
    for (Kernel.Store store : kernel.stores()) {
      if (store.level() == Kernel.Level.ROW) {
        DType dtype = store.buffer().dtype();
        line(2, "if (lane == 0) {");
        line(3, "%s", Types.store(dtype, name(store.buffer()), "r", "v" + store.value()));
        line(2, "}");
      }
    }
    line(1, "}");
  }

  /** One walk over the row: folds what the phase's reductions take, and stores. */
  private void phase(int p, String length) {
    List<Integer> reductions = reductions(p);
    for (int v : reductions) {
      Kernel.RowReduce reduce = (Kernel.RowReduce) body.get(v);
      String start = Expressions.start(reduce.maximum(), reduce.dtype());
      line(2, "%s a%d = %s;", Types.value(reduce.dtype()), v, start);
    }
    List<Kernel.Store> stores = stores(p);
    if (!reductions.isEmpty() || !stores.isEmpty()) {
      line(2, "for (long j = lane; j < %s; j += %d) {", length, family.lanes());
      indices(3, "j", outerLoops, lastLoop + 1, "const long");
      List<String> names = indexNames(null);
      elementValues(p).forEach(v -> define(3, v, names));
      Expressions scalars = new Expressions(1);
      for (int v : reductions) {
        Kernel.RowReduce reduce = (Kernel.RowReduce) body.get(v);
        String next =
            scalars.fold(reduce.maximum(), reduce.dtype(), "a" + v, "v" + reduce.operand());
        line(3, "a%d = %s;", v, next);
      }
      for (Kernel.Store store : stores) {
        String value = "v" + stored(store);
        if (store.level() == Kernel.Level.ELEMENT) {
          String at = Text.of("r * %s + j", length);
          line(3, "%s", Types.store(store.buffer().dtype(), name(store.buffer()), at, value));
        } else {
          Kernel.ColumnReduce reduce = (Kernel.ColumnReduce) body.get(store.value());
          String at = Text.of("%s[%s * %s + j]", columns(store), "g", length);
          String next = scalars.fold(reduce.maximum(), reduce.dtype(), at, value);
          line(3, "%s = r == first ? %s : %s;", at, value, next);
        }
      }
      line(2, "}");
    }
    reductions.forEach(this::acrossLanes);
  }

  /** Folds the lanes' values in a fixed tree, and gives the result to all of them. */
  private void acrossLanes(int v) {
    Kernel.RowReduce reduce = (Kernel.RowReduce) body.get(v);
    String type = Types.value(reduce.dtype());
    String fold = "fold_" + type;
    String next = new Expressions(1).fold(reduce.maximum(), reduce.dtype(), "x", "y");
    line(2, "%s[lane] = a%d;", fold, v);
    line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
    line(2, "for (int width = %d; width > 0; width /= 2) {", family.lanes() / 2);
    line(3, "if (lane < width) {");
    line(4, "const %s x = %s[lane], y = %s[lane + width];", type, fold, fold);
    line(4, "%s[lane] = %s;", fold, next);
    line(3, "}");
    line(3, "barrier(CLK_LOCAL_MEM_FENCE);");
    line(2, "}");
    line(2, "const %s v%d = %s[0];", type, v, fold);
    // Nobody writes there again before all have read.
    line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
  }
}
