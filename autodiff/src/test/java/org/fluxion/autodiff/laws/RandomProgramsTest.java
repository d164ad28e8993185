package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;
import org.junit.jupiter.api.Test;

class RandomProgramsTest {
  private static final Settings TAME = new Settings(DType.FLOAT64, 16, true);

  private static final int SHRINKING = 1000;

  @Property(tries = 20, seed = "1")
  void theSameSeedDrawsTheSameProgram(@ForAll long seed) {
    assertEquals(RandomPrograms.draw(seed, TAME).print(), RandomPrograms.draw(seed, TAME).print());
  }

  @Test
  void everyOperationIsDrawn() {
    Set<Class<?>> drawn = new HashSet<>(Set.of(Op.Input.class));
    for (long seed = 0; seed < 400; seed++) {
      RandomPrograms.draw(seed, TAME).lines().forEach(line -> drawn.add(line.op().getClass()));
    }
    assertEquals(new HashSet<>(OpTable.operations()), drawn);
  }

  @Property(tries = 30, seed = "1")
  void pruningChangesNoResult(@ForAll long seed) {
    RandomProgram program = RandomPrograms.draw(seed, TAME);
    RandomProgram pruned = program.pruned();
    assertEquals(pruned, pruned.pruned());
    for (int i = 0; i < program.outputs().size(); i++) {
      Tensor before = program.apply(program.values()).get(i);
      Tensor after = pruned.apply(pruned.values()).get(i);
      assertEquals(before.toString(), after.toString());
    }
  }

  /** From any program with a product in it to the product alone. */
  @Test
  void theSmallestProgramIsFound() {
    int had = 0;
    for (long seed = 0; seed < 60; seed++) {
      RandomProgram program = RandomPrograms.draw(seed, TAME);
      if (isProduct(program)) {
        had++;
        Example smallest = Shrinker.smallest(program, RandomProgramsTest::isProduct, SHRINKING);
        assertEquals(1, ((RandomProgram) smallest).lines().size(), smallest.print());
      }
    }
    assertTrue(had > 3, "only " + had + " programs had a product");
  }

  private static boolean isProduct(Example example) {
    example.apply(example.values());
    return ((RandomProgram) example)
        .lines().stream().anyMatch(line -> line.op() instanceof Op.Matmul);
  }

  /** Two operations that fail together are left alone, of as few inputs as they have types. */
  @Test
  void aPairOfOperationsIsFound() {
    int had = 0;
    for (long seed = 0; seed < 300; seed++) {
      RandomProgram program = RandomPrograms.draw(seed, TAME);
      if (permutesAProduct(program)) {
        had++;
        Example smallest =
            Shrinker.smallest(program, RandomProgramsTest::permutesAProduct, SHRINKING);
        assertEquals(2, ((RandomProgram) smallest).lines().size(), smallest.print());
        assertEquals(3, ((RandomProgram) smallest).nodes(), smallest.print());
        assertFalse(smallest.simpler().anyMatch(RandomProgramsTest::fails), smallest.print());
      }
    }
    assertTrue(had > 3, "only " + had + " programs permuted a product");
  }

  /** Whatever else the operation takes that read it first, and however unlike it that is. */
  @Test
  void whatHasToBeReadIsReadByAProduct() {
    Tensor condition = Tensor.of(new int[] {1}, 1, 1).cast(DType.BOOL).detach();
    Tensor number = Tensor.of(new double[] {2}, 1, 1);
    RandomProgram program =
        new RandomProgram(
            List.of(condition, number),
            List.of(
                new Line(new Op.Matmul(), List.of(1, 1)),
                new Line(new Op.Permute(List.of(1, 0)), List.of(2)),
                new Line(new Op.Select(), List.of(0, 3, 3))),
            List.of(4));
    Example smallest =
        Shrinker.smallest(program, RandomProgramsTest::readsAPermutedProduct, SHRINKING);
    assertEquals(4, ((RandomProgram) smallest).nodes(), smallest.print());
  }

  /** Not by something linear alone, which hides some faults. */
  private static boolean readsAPermutedProduct(Example example) {
    example.apply(example.values());
    RandomProgram program = (RandomProgram) example;
    return program.lines().stream()
        .filter(line -> line.op() instanceof Op.Select || line.op() instanceof Op.Mul)
        .flatMap(line -> operations(program, line.operands()))
        .filter(line -> line.op() instanceof Op.Permute)
        .flatMap(line -> operations(program, line.operands()))
        .anyMatch(line -> line.op() instanceof Op.Matmul);
  }

  private static Stream<Line> operations(RandomProgram program, List<Integer> numbers) {
    int inputs = program.values().size();
    return numbers.stream()
        .filter(number -> number >= inputs)
        .map(number -> program.lines().get(number - inputs));
  }

  private static boolean permutesAProduct(Example example) {
    example.apply(example.values());
    RandomProgram program = (RandomProgram) example;
    return program.lines().stream()
        .filter(line -> line.op() instanceof Op.Permute)
        .flatMap(line -> operations(program, line.operands()))
        .anyMatch(line -> line.op() instanceof Op.Matmul);
  }

  /** As the search takes it: what does not fit does not fail. */
  private static boolean fails(Example example) {
    try {
      return permutesAProduct(example);
    } catch (TensorException doesNotFit) {
      return false;
    }
  }

  @Property(tries = 20, seed = "1")
  void whatIsSimplerEnds(@ForAll long seed) {
    Example smallest =
        Shrinker.smallest(
            RandomPrograms.draw(seed, TAME),
            e -> {
              e.apply(e.values());
              return true;
            },
            5000);
    assertEquals(0, ((RandomProgram) smallest).lines().size() / 2, smallest.print());
  }
}
