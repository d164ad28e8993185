package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.ElementaryFunctions;
import org.junit.jupiter.api.Test;

/** Every elementwise operation at every dtype means what the reference interpreter says. */
class BlockFunctionsTest {
  private static final List<Op> EXACT =
      List.of(
          new Op.Neg(),
          new Op.Sqrt(),
          new Op.Abs(),
          new Op.Sign(),
          new Op.Floor(),
          new Op.Not(),
          new Op.Add(),
          new Op.Sub(),
          new Op.Mul(),
          new Op.Div(),
          new Op.Max(),
          new Op.Min(),
          new Op.Equal(),
          new Op.Less(),
          new Op.LessEqual(),
          new Op.And(),
          new Op.Or(),
          new Op.Select());

  private static final List<Op> ROUNDED =
      Stream.concat(ElementaryFunctions.transcendentals().stream(), Stream.of(new Op.Pow()))
          .toList();

  /** An operation at dtypes that the type rules allow. */
  record Case(Op op, List<DType> operands, DType result) {
    @Override
    public String toString() {
      return op.label() + operands + result;
    }
  }

  static List<Case> cases(List<Op> ops) {
    List<Case> cases = new ArrayList<>();
    for (Op op : ops) {
      for (DType dtype : DType.values()) {
        List<DType> operands =
            switch (op) {
              case Op.Unary o -> List.of(dtype);
              case Op.Select o -> List.of(DType.BOOL, dtype, dtype);
              default -> List.of(dtype, dtype);
            };
        try {
          cases.add(new Case(op, operands, node(op, operands, 1).dtype()));
        } catch (TensorException illegal) {
          // The type rules know no such operation: nothing to test.
          assertTrue(illegal.getMessage().startsWith(op.label()), illegal.getMessage());
        }
      }
    }
    return cases;
  }

  @Provide
  Arbitrary<Case> exact() {
    List<Case> cases = new ArrayList<>(cases(EXACT));
    for (DType from : DType.values()) {
      for (DType to : DType.values()) {
        cases.add(new Case(new Op.Cast(to), List.of(from), to));
      }
    }
    return Arbitraries.of(cases);
  }

  @Provide
  Arbitrary<Case> rounded() {
    return Arbitraries.of(cases(ROUNDED));
  }

  private static Tensor node(Op op, List<DType> operands, int n) {
    List<Tensor> inputs = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      inputs.add(Tensor.input("x" + i, Shape.of(n), operands.get(i)));
    }
    return Tensor.apply(op, inputs);
  }

  private static HostData reference(Case c, List<HostData> operands, int n) {
    Tensor node = node(c.op(), c.operands(), n);
    Map<Tensor, HostData> bindings = new HashMap<>();
    for (int i = 0; i < operands.size(); i++) {
      bindings.put(node.inputs().get(i), operands.get(i));
    }
    return ReferenceInterpreter.evaluate(List.of(node), bindings).get(0);
  }

  private static HostData run(Case c, BlockFunction f, List<HostData> operands, int n) {
    try (Arena arena = Arena.ofConfined()) {
      long[] in = new long[3];
      for (int i = 0; i < operands.size(); i++) {
        in[i] = Blocks.put(arena, operands.get(i));
      }
      long out = Blocks.allocate(arena, c.result(), n);
      f.apply(out, in[0], in[1], in[2], n);
      return Blocks.get(out, c.result(), n);
    }
  }

  private static List<HostData> operands(Case c, int n, long seed) {
    List<HostData> operands = new ArrayList<>();
    for (DType dtype : c.operands()) {
      operands.add(Blocks.values(dtype, n, seed + operands.size()));
    }
    return operands;
  }

  private static HostData spread(HostData scalar, int n) {
    HostData all = HostData.allocate(scalar.dtype(), n);
    for (int i = 0; i < n; i++) {
      if (scalar.dtype().isFloating()) {
        all.setDouble(i, scalar.getDouble(0));
      } else {
        all.setLong(i, scalar.getLong(0));
      }
    }
    return all;
  }

  private static void assertSame(Case c, List<HostData> operands, HostData expected, HostData got) {
    for (int i = 0; i < expected.elements(); i++) {
      assertEquals(expected.getDouble(i), got.getDouble(i), describe(c, operands, i));
      assertEquals(expected.getLong(i), got.getLong(i), describe(c, operands, i));
    }
  }

  private static void assertClose(
      Case c, List<HostData> operands, HostData expected, HostData got) {
    for (int i = 0; i < expected.elements(); i++) {
      double want = expected.getDouble(i);
      double have = got.getDouble(i);
      if (Double.isNaN(want) || Double.isInfinite(want) || want == 0) {
        assertEquals(want, have, describe(c, operands, i));
      } else {
        double ulp = c.result() == DType.FLOAT32 ? Math.ulp((float) want) : Math.ulp(want);
        // ErrorFunction itself serves float64.
        assertEquals(want, have, 2.5 * ulp, describe(c, operands, i));
      }
    }
  }

  private static String describe(Case c, List<HostData> operands, int i) {
    return c + " at " + i + " of " + operands.stream().map(o -> o.getDouble(i)).toList();
  }

  @Property(tries = 400, seed = "2426")
  void exactOperationsAgreeWithTheReference(
      @ForAll("exact") Case c, @ForAll @IntRange(max = 70) int n, @ForAll long seed) {
    List<HostData> operands = operands(c, n, seed);
    HostData expected = reference(c, operands, n);
    BlockFunction f = BlockFunctions.of(c.op(), c.operands(), c.result());
    assertSame(c, operands, expected, run(c, f, operands, n));
  }

  /** 2⁵³ + 2²⁹ + 1 lies above the middle of two float32, its nearest double at it. */
  @Test
  void integersAreRoundedOnce() {
    Case c = new Case(new Op.Cast(DType.FLOAT32), List.of(DType.INT64), DType.FLOAT32);
    HostData value = HostData.allocate(DType.INT64, 1);
    value.setLong(0, (1L << 53) + (1L << 29) + 1);
    for (BlockFunction f :
        List.of(
            BlockFunctions.of(c.op(), c.operands(), c.result()),
            BlockFunctions.withScalar(c.op(), c.operands(), c.result(), 0))) {
      assertEquals(0x1p53 + 0x1p30, run(c, f, List.of(value), 1).getDouble(0));
    }
  }

  @Property(tries = 400, seed = "7171")
  void scalarOperandsMeanTheSameAsRepeatedOnes(
      @ForAll("exact") Case c, @ForAll @IntRange(min = 1, max = 70) int n, @ForAll long seed) {
    for (int scalar = 0; scalar < c.operands().size(); scalar++) {
      List<HostData> operands = operands(c, n, seed);
      operands.set(scalar, spread(operands.get(scalar), n));
      HostData expected = reference(c, operands, n);
      List<HostData> stored = new ArrayList<>(operands);
      stored.set(scalar, spread(operands.get(scalar), 1));
      BlockFunction f = BlockFunctions.withScalar(c.op(), c.operands(), c.result(), scalar);
      assertSame(c, operands, expected, run(c, f, stored, n));
    }
  }

  @Property(tries = 200, seed = "6351")
  void elementaryFunctionsAreWithinTwoUnits(
      @ForAll("rounded") Case c, @ForAll @IntRange(max = 300) int n, @ForAll long seed) {
    List<HostData> operands = operands(c, n, seed);
    HostData expected = reference(c, operands, n);
    BlockFunction f = BlockFunctions.of(c.op(), c.operands(), c.result());
    assertClose(c, operands, expected, run(c, f, operands, n));
  }

  /**
   * Holds every operation against the reference, for processes of another vector width.
   *
   * @return the results of those that round, which no width may change
   */
  static List<HostData> everyOperation(long seed) {
    int n = 67;
    List<HostData> rounded = new ArrayList<>();
    for (Case c : cases(EXACT)) {
      List<HostData> operands = operands(c, n, seed);
      BlockFunction f = BlockFunctions.of(c.op(), c.operands(), c.result());
      assertSame(c, operands, reference(c, operands, n), run(c, f, operands, n));
    }
    for (Case c : cases(ROUNDED)) {
      List<HostData> operands = operands(c, n, seed);
      BlockFunction f = BlockFunctions.of(c.op(), c.operands(), c.result());
      HostData results = run(c, f, operands, n);
      assertClose(c, operands, reference(c, operands, n), results);
      rounded.add(results);
    }
    return rounded;
  }

  @Test
  void operationsThatAreNotElementwiseAreRefused() {
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () -> BlockFunctions.of(new Op.Matmul(), List.of(DType.FLOAT32), DType.FLOAT32));
    assertTrue(error.getMessage().contains("matmul"), error.getMessage());
  }
}
