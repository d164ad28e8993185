package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.fluxion.tensor.Shape;

/** Index maps taken through several steps, and what strides say point by point. */
final class Walk {
  private Walk() {}

  /** A step from one tensor's map to another's. */
  interface Step {
    IndexMap of(IndexMap map) throws IndexMap.SplitNeeded, IndexMap.NotAffine;
  }

  /** The map after some steps, its loops cut as it asks for; null if it refuses. */
  static IndexMap of(Shape shape, Loops start, long repeat, List<Step> steps) {
    Loops loops = start;
    while (true) {
      try {
        long[] strides = Arrays.stream(loops.steps()).map(s -> s / repeat).toArray();
        IndexMap map = IndexMap.of(shape, loops, strides);
        for (Step step : steps) {
          map = step.of(map);
        }
        assertEquals(loops, map.loops);
        return map;
      } catch (IndexMap.SplitNeeded split) {
        Loops finer = loops.split(split.loop, split.inner);
        assertTrue(split.inner > 1 && split.inner < loops.extents().get(split.loop));
        assertEquals(loops.elements(), finer.elements());
        loops = finer;
      } catch (IndexMap.NotAffine refused) {
        return null;
      }
    }
  }

  /** A loop index each at a point of the loops, counted in order. */
  static long[] indices(Loops loops, long point) {
    long[] index = new long[loops.count()];
    long rest = point;
    for (int i = index.length - 1; i >= 0; i--) {
      index[i] = rest % loops.extents().get(i);
      rest /= loops.extents().get(i);
    }
    return index;
  }

  /** What strides say of indices. */
  static long sum(long offset, long[] strides, long[] index) {
    long sum = offset;
    for (int i = 0; i < index.length; i++) {
      sum += strides[i] * index[i];
    }
    return sum;
  }
}
