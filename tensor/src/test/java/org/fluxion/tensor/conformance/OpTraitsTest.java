package org.fluxion.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.OpTraits.Domain;
import org.fluxion.tensor.conformance.OpTraits.Rounding;
import org.fluxion.tensor.conformance.OpTraits.Smoothness;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The table's lines say what the reference does. */
class OpTraitsTest {
  /** Zero, whole numbers, ties and signs of both sorts; near −1 and 0 too. */
  private static final double[] GRID = {
    -2, -1.5, -1.0625, -1, -0.9375, -0.5, -0.0625, 0, 0.0625, 0.5, 1, 1.25, 2
  };

  private static final double STEP = 0x1p-26;

  /** No slope is steeper at the points of the grid; a jump's is 1/STEP. */
  private static final double STEEPEST = 1e5;

  private static final Arithmetic OWN =
      new Arithmetic(Arithmetic.Table.OWN, false, Optional.empty());

  /** The operations of one or two numbers; a maximum over an axis is one of its two elements. */
  static Stream<Op> functionsOfNumbers() {
    Set<Op> functions = new LinkedHashSet<>();
    for (OpTable.Row row : OpTable.rows()) {
      Op op = drawn(row, 1).op();
      if ((op instanceof Op.Unary || op instanceof Op.Binary) && row.takes(DType.FLOAT64)) {
        functions.add(op);
      }
    }
    functions.add(new Op.ReduceMax(List.of(0)));
    return functions.stream().filter(op -> apply(op, 1, 1).dtype().isFloating());
  }

  private static OpCase drawn(OpTable.Row row, long seed) {
    return row.draw(DType.FLOAT32, new Draw(new Random(seed), Draw.Kind.MODERATE));
  }

  private static Tensor apply(Op op, double a, double b) {
    Tensor x = Tensor.scalar(a, DType.FLOAT64);
    return switch (op) {
      case Op.ReduceMax o -> Tensor.apply(op, List.of(Tensor.tensor(a, b)));
      case Op.Binary o -> Tensor.apply(op, List.of(x, Tensor.scalar(b, DType.FLOAT64)));
      default -> Tensor.apply(op, List.of(x));
    };
  }

  private static double value(Op op, double a, double b) {
    return apply(op, a, b).item();
  }

  @ParameterizedTest
  @MethodSource("functionsOfNumbers")
  void thereIsAValueInTheDomainAndNotOutside(Op op) {
    Domain domain = OpTraits.of(op).domain();
    for (double a : GRID) {
      for (double b : GRID) {
        boolean isFinite = Double.isFinite(value(op, a, b));
        // What a power of zero is hangs on the exponent's sign.
        if (domain != Domain.POWER || a != 0) {
          assertEquals(domain.contains(a, b), isFinite, () -> op + " at " + a + ", " + b);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("functionsOfNumbers")
  void thereIsASlopeWhereTheLineSaysSo(Op op) {
    OpTraits traits = OpTraits.of(op);
    boolean isOfOne = op instanceof Op.Unary;
    for (double a : GRID) {
      for (double b : GRID) {
        if (traits.domain().contains(a, b)) {
          boolean smooth = hasSlope(op, a, b, 1, 0) && (isOfOne || hasSlope(op, a, b, 0, 1));
          assertEquals(traits.smoothness().holds(a, b), smooth, () -> op + " at " + a + ", " + b);
        }
      }
    }
  }

  private static boolean hasSlope(Op op, double a, double b, int da, int db) {
    double here = value(op, a, b);
    double after = (value(op, a + da * STEP, b + db * STEP) - here) / STEP;
    double before = (here - value(op, a - da * STEP, b - db * STEP)) / STEP;
    // A step times the second derivative, which is largest of 2/b at 1/16; or else it is a jump.
    return Math.abs(after - before) <= 1e-3 * (1 + Math.abs(after)) && Math.abs(after) < STEEPEST;
  }

  @ParameterizedTest
  @MethodSource("functionsOfNumbers")
  void theExampleHasNoSlope(Op op) {
    Smoothness smoothness = OpTraits.of(op).smoothness();
    double[] at = smoothness.example();
    assertEquals(smoothness == Smoothness.SMOOTH, at.length == 0);
    if (at.length > 0) {
      assertTrue(!smoothness.holds(at[0], at.length > 1 ? at[1] : 0), smoothness::name);
    }
  }

  static Stream<OpTable.Row> rows() {
    return OpTable.rows().stream().filter(row -> row.takes(DType.FLOAT32));
  }

  /** What a line says of roundings is what the error model allows, given exact operands. */
  @ParameterizedTest
  @MethodSource("rows")
  void theErrorModelIsTheLines(OpTable.Row row) {
    Rounding rounding = row.traits().rounding();
    for (long seed = 0; seed < 8; seed++) {
      OpCase c = drawn(row, seed);
      Draw draw = new Draw(new Random(seed), Draw.Kind.MODERATE);
      Bounded bound = ErrorBound.of(c.alone(draw), OWN).get(0);
      double magnitude = c.operands().stream().mapToDouble(OpTraitsTest::magnitude).max().orElse(0);
      for (int i = 0; i < bound.expected().elements(); i++) {
        double value = bound.expected().getDouble(i);
        double allowed = bound.allowed() == null ? 0 : bound.allowed()[i];
        String where = c + ", element " + i + ", " + value;
        switch (rounding) {
          // A zero may have either sign, which is less than any number.
          case EXACT -> assertTrue(allowed <= Double.MIN_NORMAL, where);
          case ONCE -> {
            double units = bound.dtype().isFloating() ? OWN.units(c.op(), bound.dtype()) : 0;
            double unit = value == 0 ? 0 : Roundings.ulp(bound.dtype(), value, 0);
            assertEquals(units * unit, allowed, where);
          }
          case STORED -> assertTrue(allowed <= Math.ulp((float) value), where);
          case SUM, PRODUCTS ->
              assertTrue(allowed <= 1.01 * 0x1p-24 * magnitude + Float.MIN_NORMAL, where);
          case PARTS -> assertTrue(allowed > 0 || value == 0 || !Double.isFinite(value), where);
          default -> throw new AssertionError(rounding);
        }
      }
    }
  }

  /** So much do n roundings of Σ|x| come to, or of Σ|x||y|, where no |y| is above 2. */
  private static double magnitude(Tensor x) {
    HostData data = x.value();
    double sum = 0;
    for (int i = 0; i < data.elements(); i++) {
      sum += Math.abs(data.getDouble(i));
    }
    return 2 * data.elements() * sum;
  }
}
