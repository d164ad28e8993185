package org.fluxion.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** What is right is within the bound, and what is off by more than it says is found. */
class ErrorBoundTest {
  private static final Arithmetic EXACT =
      new Arithmetic(Arithmetic.Table.OWN, false, Optional.empty());

  private static Trial trial(Function<List<Tensor>, Tensor> f, Tensor... values) {
    List<Tensor> inputs = new ArrayList<>();
    for (Tensor value : values) {
      inputs.add(Tensor.input("x" + inputs.size(), value.shape(), value.dtype()));
    }
    return new Trial("a trial", new Graph(inputs, List.of(f.apply(inputs))), List.of(values));
  }

  private static Bounded bound(Trial trial, Arithmetic arithmetic) {
    return ErrorBound.of(trial, arithmetic).get(0);
  }

  private static boolean holds(Bounded bound, HostData actual) {
    return bound.worst(actual).map(worst -> worst.severity() <= 1).orElse(true);
  }

  private static HostData floats(double... values) {
    HostData data = HostData.allocate(DType.FLOAT32, values.length);
    for (int i = 0; i < values.length; i++) {
      data.setDouble(i, values[i]);
    }
    return data;
  }

  /** A device's rounding may give a zero's factor the other sign; nothing else is forgiven. */
  @Example
  void aZeroHasTheSignOfItsFactorWhereThatIsKnown() {
    Tensor zero = Tensor.of(new float[] {0}, 1);
    Tensor x = Tensor.of(new float[] {0.7f}, 1);
    Bounded open =
        bound(trial(in -> in.get(1).sin().sub(in.get(1).sin()).mul(in.get(0)), zero, x), EXACT);
    assertTrue(holds(open, floats(-0.0)));
    assertFalse(holds(open, floats(Float.MIN_VALUE)));
    Bounded known = bound(trial(in -> in.get(1).sin().mul(in.get(0)), zero, x), EXACT);
    assertFalse(holds(known, floats(-0.0)));
  }

  /**
   * That a sign is open is passed on by products and quotients that are too small to be numbers; a
   * sign that is known stays known.
   */
  @Example
  void anOpenSignSurvivesWhatMakesZerosOfIt() {
    Tensor x = Tensor.of(new double[] {0.7}, 1);
    Tensor tiny = Tensor.of(new double[] {Double.MIN_VALUE}, 1);
    Tensor huge = Tensor.of(new double[] {Double.POSITIVE_INFINITY}, 1);
    Function<List<Tensor>, Tensor> open = in -> in.get(0).sin().sub(in.get(0).sin());
    List<Function<List<Tensor>, Tensor>> all =
        List.of(
            in -> open.apply(in).mul(in.get(1)),
            in -> open.apply(in).div(in.get(2)),
            in -> open.apply(in).mul(in.get(1)).mul(in.get(1)),
            in -> open.apply(in).div(in.get(2)).mul(in.get(1)).div(in.get(2)));
    for (int i = 0; i < all.size(); i++) {
      Bounded bound = bound(trial(all.get(i), x, tiny, huge), EXACT);
      assertTrue(holds(bound, HostData.of(new double[] {-0.0})), "of " + i);
      assertFalse(holds(bound, HostData.of(new double[] {1e-300})), "of " + i);
    }
    Bounded known = bound(trial(in -> in.get(0).sin().div(in.get(2)), x, tiny, huge), EXACT);
    assertFalse(holds(known, HostData.of(new double[] {-0.0})));
  }

  /** Graphs of many operations, in the precision that is asked of every backend. */
  @Property(tries = 100, seed = "678")
  void whatABackendComputesIsWithinTheBound(@ForAll long seed) {
    Graph graph = RandomGraphs.of(seed, 20, DType.FLOAT32);
    Draw draw = new Draw(new Random(seed), Draw.Kind.MODERATE);
    List<Tensor> values =
        graph.inputs().stream().map(input -> draw.any(input.dtype(), input.shape())).toList();
    Trial trial = new Trial("seed " + seed, graph, values);
    List<HostData> actual = trial.run(Device.cpu(1));
    List<Bounded> bounds = ErrorBound.of(trial, EXACT);
    for (int i = 0; i < bounds.size(); i++) {
      Bounded bound = bounds.get(i);
      assertTrue(holds(bound, actual.get(i)), () -> trial.name() + ": " + graph);
    }
  }

  /** The number next to a sum, a product or a quotient is a wrong one. */
  @Property(tries = 200, seed = "6332")
  void whatIsRoundedOnceHasOneRightOutcome(@ForAll float a, @ForAll float b) {
    List<Function<List<Tensor>, Tensor>> all =
        List.of(
            x -> x.get(0).add(x.get(1)),
            x -> x.get(0).mul(x.get(1)),
            x -> x.get(0).div(x.get(1)),
            x -> x.get(0).maximum(x.get(1)));
    List<Float> right = List.of(a + b, a * b, a / b, Math.max(a, b));
    for (int i = 0; i < all.size(); i++) {
      Bounded bound = bound(trial(all.get(i), Tensor.tensor(a), Tensor.tensor(b)), EXACT);
      float result = right.get(i);
      assertTrue(holds(bound, floats(result)));
      if (Float.isFinite(result)) {
        // Two up: one up may be as near where the distance between numbers changes.
        assertFalse(holds(bound, floats(Math.nextUp(Math.nextUp(result)))), () -> "" + bound);
      } else {
        assertFalse(holds(bound, floats(1)));
      }
    }
  }

  /** Nobody's bound is so wide that a result that is wrong in the seventh digit is right. */
  @Property(tries = 50, seed = "1486")
  void aSumsBoundGrowsWithItsLengthAlone(@ForAll long seed) {
    Random random = new Random(seed);
    int n = 2 + random.nextInt(500);
    Tensor x = new Draw(random, Draw.Kind.ANY).moderate(DType.FLOAT32, Shape.of(n));
    double[] allowed = bound(trial(in -> in.get(0).sum(), x), EXACT).allowed();
    double magnitude = x.abs().sum().item();
    assertEquals((n - 1) * 0x1p-24 * magnitude, allowed[0], 1e-4 * allowed[0]);
  }

  @Example
  void errorsAddUpAlongAGraph() {
    Tensor x = Tensor.of(new float[] {1.5f, -0.3f}, 2);
    double[] once = bound(trial(in -> in.get(0).exp(), x), EXACT).allowed();
    double[] twice = bound(trial(in -> in.get(0).exp().mul(in.get(0)), x), EXACT).allowed();
    for (int i = 0; i < 2; i++) {
      double value = x.value().getDouble(i);
      double own = 0.5 * Math.ulp((float) Math.abs(value * Math.exp(value)));
      assertEquals(2.5 * Math.ulp((float) Math.exp(value)), once[i], 1e-12);
      assertTrue(twice[i] >= Math.abs(value) * once[i] + own * 0.99, "too tight");
      assertTrue(twice[i] <= Math.abs(value) * once[i] + own * 2.01, "too wide");
    }
  }

  @Example
  void whatIsExactStaysExact() {
    Tensor x = Tensor.of(new float[] {1, 2, 2}, 3);
    Tensor y = Tensor.of(new float[] {2, 2, 1}, 3);
    assertNull(bound(trial(in -> in.get(0).less(in.get(1)), x, y), EXACT).allowed());
    assertNull(bound(trial(in -> in.get(0).flip(0).neg(), x), EXACT).allowed());
    Tensor wide = Tensor.of(new double[] {1, 2, 2}, 3);
    assertNull(bound(trial(in -> in.get(0).mul(in.get(0)), wide), EXACT).allowed());
  }

  @Example
  void aComparisonOfWhatIsNearerThanExactMayGoEitherWay() {
    // The square of the root of 2 may be 2, or beside it; that of the root of 3 is never near 2.
    Tensor x = Tensor.of(new float[] {2, 3}, 2);
    Tensor two = Tensor.scalar(2, DType.FLOAT32);
    Bounded bound =
        bound(
            trial(
                in ->
                    Tensor.where(
                        in.get(0).sqrt().square().less(two.broadcastTo(Shape.of(2))),
                        in.get(0),
                        in.get(0).neg()),
                x),
            EXACT);
    assertTrue(holds(bound, floats(2, -3)));
    assertTrue(holds(bound, floats(-2, -3)));
    assertFalse(holds(bound, floats(2, 3)));
  }

  @Example
  void whatIsBeyondTheRangeIsInfiniteAndNoMoreIsAskedOfWhatFollows() {
    Tensor x = Tensor.of(new float[] {1e30f}, 1);
    Bounded square = bound(trial(in -> in.get(0).square(), x), EXACT);
    assertTrue(holds(square, floats(Double.POSITIVE_INFINITY)));
    assertFalse(holds(square, floats(1)));
    Bounded after = bound(trial(in -> in.get(0).square().div(in.get(0)), x), EXACT);
    assertTrue(holds(after, floats(Double.POSITIVE_INFINITY)));
  }

  /** Added up in another order it may be finite. */
  @Example
  void aSumOfWhichAPartIsBeyondTheRangeMayBeInfinite() {
    Tensor x = Tensor.of(new float[] {3e38f, 3e38f, -3e38f}, 3);
    Tensor ones = Tensor.of(new float[] {1, 1, 1}, 3, 1);
    for (Trial trial :
        List.of(
            trial(in -> in.get(0).sum(0), x),
            trial(in -> in.get(0).reshape(1, 3).matmul(in.get(1)).reshape(), x, ones))) {
      Bounded sum = bound(trial, EXACT);
      assertTrue(holds(sum, floats(Float.POSITIVE_INFINITY)));
      assertTrue(holds(sum, floats(3e38f)));
    }
    Bounded fits = bound(trial(in -> in.get(0).sum(0), x.mul(0.25)), EXACT);
    assertFalse(holds(fits, floats(Float.POSITIVE_INFINITY)));
  }

  /** A kernel multiplies what is hidden by zero; the definition selects. */
  @Example
  void whatAMaskHidesMayMakeNoNumberOfAZeroIfItIsNone() {
    Tensor x = Tensor.of(new float[] {1, 2}, 2, 1);
    Tensor odd = Tensor.of(new float[] {1, Float.NaN}, 2, 1);
    Tensor mask = Tensor.of(new int[] {1, 0, 1, 0}, 2, 2).cast(DType.BOOL);
    Tensor all = Tensor.of(new int[] {1, 1, 1, 1}, 2, 2).cast(DType.BOOL);
    Op op = new Op.AttentionOutput(1, false);
    Function<List<Tensor>, Tensor> f = in -> Tensor.apply(op, in);
    HostData none = floats(Double.NaN, Double.NaN);
    assertTrue(holds(bound(trial(f, x, x, odd, mask), EXACT), none));
    assertFalse(holds(bound(trial(f, x, x, x, mask), EXACT), none));
    assertTrue(holds(bound(trial(f, x, x, odd, all), EXACT), none));
  }

  @Example
  void subnormalNumbersAreExcusedWhereTheDeviceFlushesThem() {
    Arithmetic flushing = new Arithmetic(Arithmetic.Table.OWN, true, Optional.empty());
    Tensor x = Tensor.of(new float[] {Float.MIN_NORMAL, 3}, 2);
    Trial half = trial(in -> in.get(0).mul(0.25), x);
    assertFalse(holds(bound(half, EXACT), floats(0, 0.75)));
    assertTrue(holds(bound(half, flushing), floats(0, 0.75)));
    assertTrue(holds(bound(half, flushing), floats(Float.MIN_NORMAL / 4, 0.75)));
    assertFalse(holds(bound(half, flushing), floats(0, 0)));
  }

  @Example
  void ofZerosOfBothSignsTheLargestIsEither() {
    Tensor x = Tensor.of(new float[] {0, -0f, -0f, -0f, 0, 0, -1, -0f}, 4, 2);
    Bounded most = bound(trial(in -> in.get(0).max(1), x), EXACT);
    assertTrue(holds(most, floats(0, -0.0, 0, -0.0)));
    assertTrue(holds(most, floats(-0.0, -0.0, 0, -0.0)));
    assertFalse(holds(most, floats(Float.MIN_VALUE, -0.0, 0, -0.0)));
    assertFalse(holds(most, floats(0, 0, 0, -0.0)), "no element is 0");
    assertFalse(holds(most, floats(0, -0.0, -0.0, -0.0)), "no element is −0");
    assertFalse(holds(most, floats(0, -0.0, 0, -1)));
    // Element by element the sign is told.
    Bounded larger = bound(trial(in -> in.get(0).maximum(in.get(0).flip(1)), x), EXACT);
    assertFalse(holds(larger, floats(-0.0, 0, -0.0, -0.0, 0, 0, -0.0, -0.0)));
    assertTrue(holds(larger, floats(0, 0, -0.0, -0.0, 0, 0, -0.0, -0.0)));
    // Its reciprocal is infinite on either side.
    Bounded after = bound(trial(in -> in.get(0).max(1).reciprocal(), x), EXACT);
    assertTrue(holds(after, floats(-1 / 0.0, -1 / 0.0, 1 / 0.0, -1 / 0.0)));
  }

  @Example
  void whatIsNoNumberIsFound() {
    Tensor x = Tensor.of(new float[] {-1, 1}, 2);
    Bounded root = bound(trial(in -> in.get(0).sqrt(), x), EXACT);
    assertTrue(holds(root, floats(Double.NaN, 1)));
    assertFalse(holds(root, floats(0, 1)));
    assertFalse(holds(root, floats(Double.NaN, Double.NaN)));
    Bounded zero = bound(trial(in -> in.get(0).mul(0), x), EXACT);
    assertTrue(holds(zero, floats(-0.0, 0)));
    assertFalse(holds(zero, floats(0, 0)), "a zero of the wrong sign");
  }

  // ---- each operation rounded to its own dtype ----

  private static Bounded rounded(Function<List<Tensor>, Tensor> f, Tensor... values) {
    return ErrorBound.ofReal(trial(f, values), ErrorBound.Yardstick.REAL).get(0);
  }

  /** What is computed in float32 is what Java's floats make of it, operation by operation. */
  @Property(tries = 200, seed = "146")
  void operationsAreRoundedToTheirOwnDtype(@ForAll float a, @ForAll float b) {
    Bounded bound =
        rounded(
            x -> x.get(0).mul(x.get(1)).add(x.get(0)).div(x.get(1)),
            Tensor.tensor(a),
            Tensor.tensor(b));
    assertEquals((a * b + a) / b, bound.expected().getDouble(0));
  }

  @Property(tries = 200, seed = "493")
  void whatIsStoredInFewDigitsIsOffByWhatWasCutOff(@ForAll float a) {
    for (DType dtype : List.of(DType.FLOAT16, DType.BFLOAT16)) {
      Bounded bound = rounded(x -> x.get(0).cast(dtype).cast(DType.FLOAT32), Tensor.tensor(a));
      double stored = bound.expected().getDouble(0);
      double allowed = bound.allowed() == null ? 0 : bound.allowed()[0];
      assertEquals(
          Double.isInfinite(stored) && Float.isFinite(a)
              ? Double.POSITIVE_INFINITY
              : Double.isFinite(a) ? Math.abs(stored - a) : 0,
          allowed);
    }
  }

  /** Half of the smallest number is none, and yet that much is lost. */
  @Example
  void theSmallestNumbersAreRoundedAsWell() {
    Bounded bound =
        rounded(x -> x.get(0).mul(x.get(0).exp()).mul(0.5), Tensor.of(new double[] {1e-323}, 1));
    assertTrue(bound.allowed()[0] >= Double.MIN_VALUE, "allowed " + bound.allowed()[0]);
  }

  /** A comparison of what is not exact is what it is, or open. */
  @Example
  void choicesAreMadeOrOpen() {
    Trial trial =
        trial(
            x -> Tensor.where(x.get(0).exp().less(x.get(0).exp()), x.get(0), x.get(0).neg()),
            Tensor.tensor(0.3f));
    assertEquals(
        0, at(ErrorBound.ofReal(trial, ErrorBound.Yardstick.REAL).get(0)), "made as it was");
    assertTrue(at(ErrorBound.ofReal(trial, ErrorBound.Yardstick.REAL_CHOICES).get(0)) >= 0.6);
  }

  private static double at(Bounded bound) {
    return bound.allowed() == null ? 0 : bound.allowed()[0];
  }

  /** The same operations without the roundings, also inside what a function defines. */
  @Example
  void aWidenedFunctionIsTheSameWithoutRoundings() {
    Tensor x = Tensor.tensor(1 / 3f, -0.7f);
    Function<Tensors, Tensors> f =
        in -> {
          Tensor stored = in.leaves().get(0).cast(DType.BFLOAT16).cast(DType.FLOAT32);
          return new Tensors(List.of(stored.exp().add(Tensor.scalar(0.5, DType.FLOAT32))));
        };
    Tensor wide =
        Widened.of(f, new Tensors(List.of(x))).apply(new Tensors(List.of(x))).leaves().get(0);
    assertEquals(DType.FLOAT64, wide.dtype());
    for (int i = 0; i < 2; i++) {
      assertEquals(Math.exp(x.toFloatArray()[i]) + 0.5, wide.toDoubleArray()[i], 1e-15);
    }
    Function<Tensors, Tensors> g = in -> in;
    Tensors doubles = new Tensors(List.of(Tensor.tensor(1.0)));
    assertSame(g, Widened.of(g, doubles));
  }
}
