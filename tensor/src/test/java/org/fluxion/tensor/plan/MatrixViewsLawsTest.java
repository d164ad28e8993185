package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * What is said of a matrix in a buffer, held against every element's place there: an operand is
 * read where it lies if loops walk its way at all ({@link IndexMapLawsTest}), nothing is padded,
 * and all rows are equally far apart, and all columns; else it is stored.
 */
class MatrixViewsLawsTest {
  private static final int SEEDS = 1500;

  /**
   * A matrix, or a batch of them, on foot.
   *
   * @param batch the coarsest loops over the matrices
   * @param places where each element lies, by matrix, row and column
   */
  record Matrices(Loops batch, long[] places) {}

  private static Loops axes(Tensor tensor) {
    return Loops.of(Arrays.stream(tensor.shape().extents()).asLongStream().toArray());
  }

  private static long rows(Tensor tensor) {
    return tensor.shape().extent(-2);
  }

  private static long columns(Tensor tensor) {
    return tensor.shape().extent(-1);
  }

  private static Loops batchAxes(Tensor tensor) {
    int rank = tensor.shape().rank();
    return Loops.of(
        Arrays.stream(tensor.shape().extents()).limit(rank - 2).asLongStream().toArray());
  }

  /** The outermost loops that make as many elements. */
  private static Loops outermost(Loops loops, long elements) {
    int count = 0;
    while (new Loops(loops.extents().subList(0, count)).elements() < elements) {
      count++;
    }
    Loops outer = new Loops(loops.extents().subList(0, count));
    assertEquals(elements, outer.elements());
    return outer;
  }

  /** The tensor whose memory an operand is read from. */
  private static Tensor source(Tensor operand, Set<Tensor> chosen) {
    return chosen.contains(operand) || !Roots.isView(operand.op())
        ? operand
        : source(operand.inputs().get(0), chosen);
  }

  /** An operand where it lies, or null if it has to be stored. */
  private static Matrices found(Tensor operand, Set<Tensor> chosen) {
    Tensor source = source(operand, chosen);
    List<Walk.Step> steps = new ArrayList<>();
    for (Tensor node = operand; node != source; node = node.inputs().get(0)) {
      Tensor each = node;
      steps.add(map -> map.operand(each));
    }
    IndexMap map = Walk.of(operand.shape(), axes(operand), 1, steps);
    return map == null || !map.bounds.isEmpty()
        ? null
        : matrices(map.loops, RandomMoves.origins(operand, source), operand);
  }

  /** Null unless all rows are equally far apart, and all columns. */
  private static Matrices matrices(Loops loops, long[] places, Tensor matrix) {
    int rows = (int) rows(matrix);
    int columns = (int) columns(matrix);
    for (int first = 0; first < places.length; first += rows * columns) {
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          long across = columns == 1 ? 0 : column * (places[1] - places[0]);
          long down = rows == 1 ? 0 : row * (places[columns] - places[0]);
          if (places[first + row * columns + column] != places[first] + across + down) {
            return null;
          }
        }
      }
    }
    return new Matrices(outermost(loops, batchAxes(matrix).elements()), places);
  }

  /** The coarsest loops for several, or null if there are none. */
  static Loops common(List<Tensor> operands, Set<Tensor> chosen) {
    Loops batch = batchAxes(operands.get(0));
    for (Tensor operand : operands) {
      Loops own = found(operand, chosen).batch;
      batch = batch == null ? null : Loops.refine(batch, own);
    }
    return batch;
  }

  /** A view says of each element where it lies. */
  private static void assertLies(
      long[] places, Tensor matrix, Loops batch, MatrixViews.View view, String what) {
    assertEquals(batch.count(), view.batch().length, what);
    long rows = rows(matrix);
    long columns = columns(matrix);
    for (int i = 0; i < places.length; i++) {
      long column = i % columns;
      long row = i / columns % rows;
      long[] index = Walk.indices(batch, i / columns / rows);
      long place =
          Walk.sum(view.offset(), view.batch(), index) + row * view.row() + column * view.column();
      assertEquals(places[i], place, what);
    }
  }

  /** A product or an attention whose operands are moved here and there, and what is stored. */
  private static final class Given {
    final Random random;
    final Tensor node;
    final Set<Tensor> chosen = new HashSet<>();
    final String what;

    Given(long seed) {
      random = RandomMoves.random(seed);
      int[] batch = new int[(random.nextInt(5) + 1) / 2];
      for (int i = 0; i < batch.length; i++) {
        batch[i] = List.of(1, 2, 4, 6, 6, 6).get(random.nextInt(6));
      }
      int[] sizes = random.ints(4, 1, 5).toArray();
      sizes[1] = random.nextInt(6) == 0 ? 6 : sizes[1];
      Tensor a = operand(shape(batch, sizes[0], sizes[1]), "a");
      if (random.nextInt(3) == 0) {
        Tensor keys = operand(shape(batch, sizes[2], sizes[1]), "keys");
        node = Attention.over(a, keys, operand(shape(batch, sizes[2], sizes[3]), "v")).output();
      } else {
        boolean square = sizes[0] == sizes[2] && sizes[1] == sizes[2];
        boolean same = square && random.nextBoolean();
        node = a.matmul(same ? a : operand(shape(batch, sizes[1], sizes[2]), "b"));
      }
      what = "seed %d: %s of %s, stored %s".formatted(seed, node, node.inputs(), chosen);
    }

    private static Shape shape(int[] batch, int rows, int columns) {
      int[] extents = Arrays.copyOf(batch, batch.length + 2);
      extents[batch.length] = rows;
      extents[batch.length + 1] = columns;
      return Shape.of(extents);
    }

    private Tensor operand(Shape shape, String name) {
      Tensor operand =
          switch (random.nextInt(12)) {
            case 0 -> Tensor.input(name, shape, DType.FLOAT64);
            case 1 -> Tensor.full(2, shape, DType.FLOAT64);
            case 2 -> RandomMoves.moved(shape, name, random).exp();
            default -> RandomMoves.moved(shape, name, random);
          };
      chosen.add(Roots.base(operand));
      for (Tensor node = operand; Roots.isView(node.op()); node = node.inputs().get(0)) {
        if (random.nextInt(10) == 0) {
          chosen.add(node);
        }
      }
      return operand;
    }

    /** Makes all operands reachable. */
    void store() {
      List<Tensor> unreachable;
      while (!(unreachable = MatrixViews.unreachable(node, chosen)).isEmpty()) {
        chosen.addAll(unreachable);
      }
    }
  }

  // ---- the laws ----

  @Test
  void whatNoStridesDescribeIsStored() {
    int[] counts = new int[3];
    for (long seed = 0; seed < SEEDS; seed++) {
      Given given = new Given(seed);
      List<Tensor> expected = new ArrayList<>(given.node.inputs());
      expected.removeIf(operand -> found(operand, given.chosen) != null);
      counts[0] += expected.isEmpty() ? 0 : 1;
      if (expected.isEmpty() && common(given.node.inputs(), given.chosen) == null) {
        expected.addAll(new LinkedHashSet<>(given.node.inputs()));
        counts[1]++;
      }
      counts[2] += expected.isEmpty() ? 1 : 0;
      assertEquals(expected, MatrixViews.unreachable(given.node, given.chosen), given.what);
    }
    assertTrue(
        counts[0] > SEEDS / 10 && counts[1] > SEEDS / 300 && counts[2] > SEEDS / 10,
        Arrays.toString(counts));
  }

  @Test
  void whatIsStoredIsClosestToWhereItsElementsComeFrom() {
    int between = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Given given = new Given(seed);
      if (seed % 4 == 0) {
        given.chosen.clear();
      }
      for (Tensor operand : given.node.inputs()) {
        Tensor expected = operand;
        for (Tensor node = operand; ; node = node.inputs().get(0)) {
          boolean literal =
              node.op() instanceof Op.Constant constant && constant.data().elements() == 1;
          if (!literal && found(operand, Set.of(node)) != null) {
            expected = node;
          }
          if (node == source(operand, given.chosen)) {
            between += expected == node || expected == operand ? 0 : 1;
            break;
          }
        }
        assertEquals(expected, MatrixViews.storage(operand, given.chosen), given.what);
      }
    }
    assertTrue(between > SEEDS / 20, "between: " + between);
  }

  @Test
  void operandsAreReadWhereTheyLie() {
    int finer = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Given given = new Given(seed);
      given.store();
      Root root = new Root(given.node, Root.Kind.OPERATION);
      MatrixViews.Views views = MatrixViews.of(given.node.inputs(), List.of(root), given.chosen);
      Loops batch = common(given.node.inputs(), given.chosen);
      finer += batch.equals(batchAxes(given.node)) ? 0 : 1;
      assertEquals(batch, views.batch(), given.what);
      for (int i = 0; i < given.node.inputs().size(); i++) {
        Tensor operand = given.node.inputs().get(i);
        Tensor source = source(operand, given.chosen);
        MatrixViews.View view = views.operands().get(i);
        assertEquals(source, view.source(), given.what);
        assertLies(RandomMoves.origins(operand, source), operand, batch, view, given.what);
        boolean stored = source == operand;
        assertEquals(stored ? columns(operand) : rows(operand) == 1 ? 0 : view.row(), view.row());
        assertEquals(stored ? 1 : columns(operand) == 1 ? 0 : view.column(), view.column());
      }
      MatrixViews.View result = views.results().get(0);
      long[] inOrder = new long[(int) given.node.shape().elements()];
      Arrays.setAll(inOrder, i -> i);
      assertEquals(given.node, result.source());
      assertLies(inOrder, given.node, batch, result, given.what);
      assertEquals(1, result.column());
      assertEquals(columns(given.node), result.row());
    }
    assertTrue(finer > SEEDS / 20, "finer: " + finer);
  }

  /** Movements that a product takes to where it is wanted. */
  private static List<Placement.Link> way(Tensor from, Random random) {
    List<Placement.Link> way = new ArrayList<>();
    Tensor node = from;
    for (int i = random.nextInt(3); i >= 0; i--) {
      Tensor operand = node;
      int number = 0;
      if (random.nextInt(4) == 0) {
        int axis = random.nextInt(node.shape().rank());
        number = random.nextInt(2);
        Tensor other =
            Tensor.input("other", node.shape().with(axis, 1 + random.nextInt(3)), DType.FLOAT64);
        node = Tensor.concat(axis, number == 0 ? node : other, number == 0 ? other : node);
      } else {
        node =
            switch (random.nextInt(6)) {
              case 0 -> RandomMoves.reshape(node, random);
              case 1, 2 -> RandomMoves.apart(node, random);
              case 3 -> RandomMoves.together(node, random);
              default -> RandomMoves.permute(node, random);
            };
      }
      if (node != operand) {
        way.add(new Placement.Link(node, number));
      }
    }
    return way;
  }

  /** Where a product can be written whose columns lie side by side; null if they do not. */
  static Matrices written(Tensor node, List<Placement.Link> way, Loops batch) {
    List<Walk.Step> steps = new ArrayList<>();
    way.forEach(link -> steps.add(map -> map.result(link.node(), link.operand())));
    List<Long> extents = new ArrayList<>(batch.extents());
    extents.addAll(List.of(rows(node), columns(node)));
    Loops start = Loops.of(extents.stream().mapToLong(e -> e).toArray());
    IndexMap map = Walk.of(node.shape(), start, 1, steps);
    Matrices found = map == null ? null : matrices(map.loops, RandomMoves.places(node, way), node);
    boolean sideBySide =
        found != null && (columns(node) == 1 || found.places[1] == found.places[0] + 1);
    return sideBySide ? found : null;
  }

  @Test
  void resultsAreWrittenWhereTheyAreWanted() {
    int[] counts = new int[4];
    for (long seed = 0; seed < SEEDS; seed++) {
      Given given = new Given(seed);
      given.store();
      Loops batch = common(given.node.inputs(), given.chosen);
      List<Root> roots = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        List<Placement.Link> way = way(given.node, given.random);
        if (way.isEmpty()) {
          continue;
        }
        Matrices expected = written(given.node, way, batch);
        MatrixViews.Cut found = MatrixViews.result(given.node, way, null, given.chosen);
        assertEquals(expected == null, found == null, given.what + way);
        counts[0] += expected == null ? 1 : 0;
        if (expected != null) {
          Tensor target = way.getLast().node();
          assertEquals(expected.batch, found.batch(), given.what);
          assertEquals(target, found.view().source());
          assertLies(expected.places, given.node, found.batch(), found.view(), given.what + way);
          Root root = new Root(given.node, Root.Kind.OPERATION);
          root.way = way;
          roots.add(root);
        }
      }
      Loops all = batch;
      for (Root root : roots) {
        Matrices written = all == null ? null : written(given.node, root.way, all);
        all = written == null ? null : written.batch;
      }
      MatrixViews.Views views = MatrixViews.of(given.node.inputs(), roots, given.chosen);
      if (all == null) {
        counts[1]++;
        assertNull(views, given.what);
        continue;
      }
      assertNotNull(views, given.what);
      assertEquals(all, views.batch());
      counts[2] += all.equals(batch) ? 0 : 1;
      for (int i = 0; i < given.node.inputs().size(); i++) {
        Tensor operand = given.node.inputs().get(i);
        long[] origins = RandomMoves.origins(operand, source(operand, given.chosen));
        assertLies(origins, operand, all, views.operands().get(i), given.what);
      }
      for (int i = 0; i < roots.size(); i++) {
        List<Placement.Link> way = roots.get(i).way;
        counts[3]++;
        long[] places = RandomMoves.places(given.node, way);
        assertEquals(way.getLast().node(), views.results().get(i).source());
        assertLies(places, given.node, all, views.results().get(i), given.what + way);
      }
    }
    assertTrue(
        counts[0] > SEEDS / 20
            && counts[1] > SEEDS / 1000
            && counts[2] > SEEDS / 50
            && counts[3] > SEEDS / 4,
        Arrays.toString(counts));
  }

  /** Operands whose matrices cannot be walked together leave no loops for a result either. */
  @Test
  void withoutCommonLoopsNothingIsWritten() {
    Tensor a = Tensor.input("a", Shape.of(3, 2, 4, 4), DType.FLOAT64);
    Tensor b = Tensor.input("b", Shape.of(2, 3, 4, 4), DType.FLOAT64);
    Tensor node =
        a.permute(1, 0, 2, 3).reshape(6, 4, 4).matmul(b.permute(1, 0, 2, 3).reshape(6, 4, 4));
    Tensor target = node.reshape(24, 4);
    List<Placement.Link> way = List.of(new Placement.Link(target, 0));
    assertNull(MatrixViews.result(node, way, null, Set.of(a, b)));
    assertNull(
        MatrixViews.of(node.inputs(), List.of(new Root(node, Root.Kind.OPERATION)), Set.of(a, b)));
    assertNotNull(MatrixViews.result(node, way, Loops.of(6), Set.of(a, b)));
  }

  /** The letters of BLAS: which of the two strides is that of neighbours. */
  @Test
  void theOrderOfAMatrixIsThatOfItsNeighbours() {
    Buffer buffer = new Buffer(0, DType.FLOAT32, Shape.of(99), Buffer.Kind.INPUT, "x");
    for (int row = 0; row < 4; row++) {
      for (int column = 0; column < 4; column++) {
        MatrixOrder expected =
            column == 1 ? MatrixOrder.N : row == 1 ? MatrixOrder.T : MatrixOrder.S;
        Access access = new Access(buffer, 0, new long[] {1, row, column}, List.of());
        assertEquals(expected, MatrixOrder.of(access));
      }
    }
  }
}
