package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.Jvp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.ErrorFunction;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.LogisticFunction;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One plan serves both: loop kernels written in OpenCL C compute what the cpu backend computes. */
class LoopSourceTest {
  /** Half a unit in the last place of 1. */
  private static final double ROUNDING = 0x1p-24;

  private static final Family CARD = new Family(64, 1, 32);

  private static Plan plan(List<Tensor> inputs, List<Tensor> outputs) {
    int[] none = new int[outputs.size()];
    Arrays.fill(none, -1);
    return Plan.of(new Graph(inputs, outputs), none);
  }

  private static Tensor input(String name, int... extents) {
    return Tensor.input(name, Shape.of(extents), DType.FLOAT32);
  }

  /** Normal numbers for every input of a plan. */
  private static List<HostData> values(Plan plan) {
    List<HostData> values = new ArrayList<>();
    for (Tensor input : plan.graph().inputs()) {
      RandomKey key = RandomKey.of(values.size() + 1);
      values.add(key.normal(input.shape(), DType.FLOAT32).cast(input.dtype()).value());
    }
    return values;
  }

  private static List<HostData> onProcessor(Plan plan, List<HostData> values) {
    try (Executable run = Device.of("cpu:1").prepare(plan)) {
      return run(run, values);
    }
  }

  private static List<HostData> onDevice(Plan plan, List<HostData> values, Family family) {
    try (Executable run = new OpenClExecutable(plan, Probe.devices().get(0).context(), family)) {
      return run(run, values);
    }
  }

  private static List<HostData> run(Executable run, List<HostData> values) {
    for (int i = 0; i < values.size(); i++) {
      run.write(i, values.get(i));
    }
    run.run();
    List<HostData> results = new ArrayList<>();
    for (int o = 0; o < run.plan().outputs().size(); o++) {
      Buffer buffer = run.plan().outputs().get(o);
      HostData data = HostData.allocate(buffer.dtype(), buffer.elements());
      run.read(o, data);
      results.add(data);
    }
    return results;
  }

  /**
   * How far two computations of a plan may lie apart: each rounds every operation once, or by as
   * many units as OpenCL 1.2 (table 7.2) grants it, and a sum once for each of its elements; no
   * value is larger than the largest that is seen.
   */
  private static double tolerance(Plan plan, List<List<HostData>> seen) {
    double roundings = 0;
    for (Kernel kernel : plan.kernels()) {
      Kernel.LoopKernel loops = (Kernel.LoopKernel) kernel;
      for (Kernel.Instruction instruction : loops.body()) {
        roundings +=
            switch (instruction) {
              case Kernel.Compute compute -> roundings(compute.op());
              case Kernel.RowReduce reduce -> reduce.maximum() ? 0 : loops.row();
              case Kernel.ColumnReduce reduce -> reduce.maximum() ? 0 : loops.folded();
              default -> 0;
            };
      }
    }
    double largest = 1;
    for (List<HostData> list : seen) {
      for (HostData data : list) {
        for (long i = 0; i < data.elements(); i++) {
          largest = Math.max(largest, Math.abs(data.getDouble(i)));
        }
      }
    }
    return 2 * roundings * ROUNDING * largest;
  }

  private static double roundings(Op op) {
    return switch (op) {
      case Op.Div _ -> 5;
      case Op.Sqrt _, Op.Exp _, Op.Expm1 _, Op.Log _ -> 6;
      case Op.Log1p _ -> 4;
      case Op.Sin _, Op.Cos _ -> 8;
      case Op.Tanh _ -> 10;
      case Op.Sigmoid _ -> 12;
      case Op.Erf _, Op.Pow _ -> 32;
      default -> 1;
    };
  }

  private static void agrees(Plan plan, Family family) {
    ProbeTest.assumeADevice();
    List<HostData> values = values(plan);
    List<HostData> expected = onProcessor(plan, values);
    List<HostData> actual = onDevice(plan, values, family);
    double tolerance = tolerance(plan, List.of(values, expected));
    for (int o = 0; o < expected.size(); o++) {
      for (long i = 0; i < expected.get(o).elements(); i++) {
        double e = expected.get(o).getDouble(i);
        double a = actual.get(o).getDouble(i);
        assertTrue(
            Double.compare(e, a) == 0 || Math.abs(e - a) <= tolerance,
            "output %d, element %d: expected %s, got %s, tolerance %s"
                .formatted(o, i, e, a, tolerance));
      }
    }
  }

  private static List<String> texts(Plan plan, Family family) {
    return plan.kernels().stream()
        .map(kernel -> LoopSource.of((Kernel.LoopKernel) kernel, family).source())
        .toList();
  }

  private static Tensor gelu(Tensor x) {
    Tensor inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
    return x.mul(0.5).mul(inner.tanh().add(1));
  }

  private static Plan gelu(int rows, int columns) {
    Tensor x = input("x", rows, columns);
    Tensor a = input("a", columns);
    Tensor b = input("b", rows, 1);
    return plan(List.of(x, a, b), List.of(gelu(x.mul(a).add(b)), x.erf().mul(a)));
  }

  /** What a modulated layer norm is a function of. */
  private record Modulated(Tensor x, Tensor scale, Tensor shift) implements Tree<Modulated> {
    static Modulated inputs(String prefix, int rows, int columns) {
      return new Modulated(
          input(prefix + "x", rows, columns),
          input(prefix + "scale", 1, columns),
          input(prefix + "shift", 1, columns));
    }

    @Override
    public List<Tensor> leaves() {
      return List.of(x, scale, shift);
    }

    @Override
    public Modulated withLeaves(List<Tensor> leaves) {
      return new Modulated(leaves.get(0), leaves.get(1), leaves.get(2));
    }

    Tensor layerNorm() {
      Tensor centred = x.sub(x.meanKeep(1));
      Tensor variance = centred.square().meanKeep(1);
      return centred.div(variance.add(1e-6).sqrt()).mul(scale.add(1)).add(shift);
    }
  }

  /** Layer norm with a modulation, and both with their tangents. */
  private static Plan layerNorm(int rows, int columns) {
    Modulated at = Modulated.inputs("", rows, columns);
    Modulated direction = Modulated.inputs("d", rows, columns);
    Jvp<Tensor> y = Autodiff.jvp(Modulated::layerNorm, at, direction);
    List<Tensor> inputs = new ArrayList<>(at.leaves());
    inputs.addAll(direction.leaves());
    return plan(inputs, List.of(y.value(), y.tangent()));
  }

  /** Vectors as on processors, of both widths, and lanes as on cards. */
  static List<Family> families() {
    return List.of(new Family(1, 16, 8), new Family(1, 8, 3), new Family(1, 1, 1), CARD);
  }

  @ParameterizedTest
  @MethodSource("families")
  void gelu(Family family) {
    // 33 × 65 elements leave the last work-group without work for all its lanes.
    agrees(gelu(33, 65), family);
    // Long rows go by pieces.
    agrees(gelu(1, 50_001), family);
  }

  @ParameterizedTest
  @MethodSource("families")
  void columnsAreFoldedInParts(Family family) {
    Tensor x = input("x", 3, 500, 37);
    agrees(
        plan(
            List.of(x),
            List.of(x.sum(1), x.exp().max(1), x.softmax(-1).mul(x).sum(0, 1), x.sum(0, 2))),
        family);
  }

  @ParameterizedTest
  @MethodSource("families")
  void layerNormWithItsTangent(Family family) {
    agrees(layerNorm(7, 100), family);
  }

  @ParameterizedTest
  @MethodSource("families")
  void softmaxWithItsTangent(Family family) {
    Tensor x = input("x", 2, 5, 37);
    Tensor dx = input("dx", 2, 5, 37);
    Jvp<Tensor> y = Autodiff.jvp(a -> a.softmax(-1), x, dx);
    agrees(plan(List.of(x, dx), List.of(y.value(), y.tangent())), family);
  }

  @ParameterizedTest
  @MethodSource("families")
  void viewsAreWhereElementsAreRead(Family family) {
    Tensor x = input("x", 4, 6, 5);
    Tensor y = input("y", 6, 4);
    Tensor turned = x.permute(1, 0, 2).slice(2, 1, 4).flip(0);
    Tensor padded = y.pad(1, 2, 1).pad(0, 0, 1);
    agrees(
        plan(
            List.of(x, y),
            List.of(
                turned.mul(y.reshape(6, 4, 1)),
                padded.exp(),
                padded.sum(1),
                turned.sum(2).add(y),
                x.reshape(24, 5).max(1).neg())),
        family);
  }

  @ParameterizedTest
  @MethodSource("families")
  void everyElementwiseOperation(Family family) {
    Tensor x = input("x", 50);
    Tensor y = input("y", 50);
    Tensor positive = x.abs().add(0.5);
    Tensor whole = x.mul(3).cast(DType.INT32);
    Tensor other = y.mul(2).cast(DType.INT64);
    List<Tensor> outputs = new ArrayList<>();
    outputs.addAll(List.of(x.neg(), x.abs(), x.sign(), x.floor(), positive.sqrt(), x.exp()));
    outputs.addAll(List.of(positive.log(), x.abs().log1p(), x.expm1(), x.sin(), x.cos()));
    outputs.addAll(
        List.of(x.tanh(), x.sigmoid(), x.erf(), x.add(y), x.sub(y), x.mul(y), x.div(positive)));
    outputs.addAll(List.of(positive.pow(y), x.maximum(y), x.minimum(y), x.less(y), x.equal(y)));
    outputs.addAll(List.of(x.lessEqual(y).not(), Tensor.where(x.less(y), x, y)));
    outputs.addAll(
        List.of(x.less(y).and(y.less(y.zerosLike())), x.less(y).or(y.less(y.zerosLike()))));
    outputs.addAll(List.of(whole, whole.neg(), whole.abs(), whole.sign(), whole.mul(whole)));
    outputs.addAll(List.of(whole.div(other.cast(DType.INT32)), other.div(whole.cast(DType.INT64))));
    outputs.addAll(List.of(other.maximum(other.neg()), other.cast(DType.FLOAT32), other.sub(3)));
    outputs.addAll(List.of(x.cast(DType.BOOL), Tensor.arange(50, DType.FLOAT32).mul(x)));
    agrees(plan(List.of(x, y), outputs), family);
  }

  @ParameterizedTest
  @MethodSource("families")
  void notANumberPassesAndIntegersWrap(Family family) {
    Tensor x = Tensor.of(new float[] {Float.NaN, 1, -1e20f, Float.POSITIVE_INFINITY}, 2, 2);
    Tensor y = Tensor.of(new float[] {1, Float.NaN, 0, 0}, 2, 2);
    Tensor a = Tensor.tensor(Integer.MIN_VALUE, Integer.MAX_VALUE, 7);
    Tensor b = Tensor.tensor(-1, 2, 0);
    Tensor unused = input("unused", 1);
    List<Tensor> outputs = new ArrayList<>();
    outputs.addAll(List.of(x.maximum(y), y.minimum(x), x.max(1), x.sign(), x.cast(DType.INT32)));
    outputs.addAll(List.of(a.add(b), a.mul(b), a.div(b), a.abs(), a.neg(), a.sub(b)));
    agrees(plan(List.of(unused), outputs), family);
  }

  @ParameterizedTest
  @MethodSource("families")
  void zerosHaveSignsAndSomePowersAreNoNumbers(Family family) {
    float[] corners = {0f, -0f, 1, -1, 2, Float.POSITIVE_INFINITY, -1 / 0f, Float.NaN};
    int n = corners.length;
    Tensor x = input("x", n, n);
    Tensor y = input("y", n, n);
    HostData rows = HostData.allocate(DType.FLOAT32, n * n);
    HostData columns = HostData.allocate(DType.FLOAT32, n * n);
    for (int i = 0; i < n * n; i++) {
      rows.setDouble(i, corners[i / n]);
      columns.setDouble(i, corners[i % n]);
    }
    Plan plan = plan(List.of(x, y), List.of(x.maximum(y), x.minimum(y), x.pow(y)));
    List<HostData> got = onDevice(plan, List.of(rows, columns), family);
    for (int i = 0; i < n * n; i++) {
      float a = corners[i / n];
      float b = corners[i % n];
      List<Double> expected =
          List.of((double) Math.max(a, b), (double) Math.min(a, b), Math.pow(a, b));
      // Boxed, zeros are equal only if their signs are.
      List<Double> actual = new ArrayList<>();
      for (HostData each : got) {
        actual.add(each.getDouble(i));
      }
      assertEquals(expected, actual, "max, min, pow of " + a + " and " + b);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aHugeAngleDoesNotSpoilItsNeighbours(Family family) {
    Tensor x = input("x", 64);
    HostData angles = HostData.allocate(DType.FLOAT32, 64);
    for (int i = 0; i < 64; i++) {
      angles.setDouble(i, i % 16 == 3 ? 1e20 : i * 1e-3);
    }
    Plan plan = plan(List.of(x), List.of(x.sin(), x.cos()));
    List<HostData> got = onDevice(plan, List.of(angles), family);
    for (int i = 0; i < 64; i++) {
      double angle = angles.getDouble(i);
      // Four units in the last place of what is at most 1.
      assertEquals(Math.sin(angle), got.get(0).getDouble(i), 4 * ROUNDING, "sine of " + angle);
      assertEquals(Math.cos(angle), got.get(1).getDouble(i), 4 * ROUNDING, "cosine of " + angle);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aMaximumIsNoNumberWhereverOneIsNone(Family family) {
    ProbeTest.assumeADevice();
    int n = 150;
    Tensor x = input("x", n + 1, n);
    HostData values = HostData.allocate(DType.FLOAT32, (n + 1) * n);
    for (int i = 0; i < values.elements(); i++) {
      // Row r has it at column r, and the last row nowhere.
      values.setDouble(i, i / n == i % n ? Double.NaN : -i % 7 - 1);
    }
    List<HostData> got = onDevice(plan(List.of(x), List.of(x.max(1))), List.of(values), family);
    for (int r = 0; r < n; r++) {
      assertEquals(Double.NaN, got.get(0).getDouble(r), "row " + r);
    }
    assertEquals(-1, got.get(0).getDouble(n));
  }

  /** Compilers fuse nothing by themselves: it is forbidden before anything is computed. */
  @ParameterizedTest
  @MethodSource("families")
  void twoProductsKeepTheirRoundings(Family family) {
    ProbeTest.assumeADevice();
    Tensor x = input("x", 200);
    Tensor y = input("y", 200);
    Plan plan =
        plan(
            List.of(x, y),
            List.of(x.mul(y).sub(y.mul(x)), x.mul(x).sub(y.mul(y)).add(y.mul(y).sub(x.mul(x)))));
    String source = LoopSource.of((Kernel.LoopKernel) plan.kernels().getFirst(), family).source();
    String body = source.substring(source.indexOf(Launch.NUMBERS + ") {"));
    assertEquals("#pragma OPENCL FP_CONTRACT OFF", body.lines().skip(1).findFirst().orElse(""));
    for (HostData got : onDevice(plan, values(plan), family)) {
      for (int i = 0; i < 200; i++) {
        assertEquals(0.0, got.getDouble(i), "element " + i);
      }
    }
  }

  @Test
  void aProductThatIsOnlyAddedIsRoundedOnceInEveryWidth() {
    ProbeTest.assumeADevice();
    int n = 5 * 64 + 16 + 3;
    Tensor x = input("x", n);
    Tensor y = input("y", n);
    Tensor z = input("z", n);
    List<HostData> values = new ArrayList<>();
    for (int seed = 0; seed < 3; seed++) {
      values.add(RandomKey.of(seed).normal(Shape.of(n), DType.FLOAT32).value());
    }
    Tensor product = x.mul(y);
    Tensor used = y.mul(z);
    List<Tensor> outputs =
        List.of(product.add(z), x.mul(z).sub(y), z.sub(x.mul(x)), used.add(x), used);
    // Alone each, so that no product has another reader.
    for (int o = 0; o < 3; o++) {
      Plan plan = plan(List.of(x, y, z), List.of(outputs.get(o)));
      for (Family family :
          List.of(new Family(1, 16, 8), new Family(1, 8, 3), new Family(1, 1, 1))) {
        HostData got = onDevice(plan, values, family).get(0);
        for (int i = 0; i < n; i++) {
          float a = (float) values.get(0).getDouble(i);
          float b = (float) values.get(1).getDouble(i);
          float c = (float) values.get(2).getDouble(i);
          float expected =
              o == 0 ? Math.fma(a, b, c) : o == 1 ? Math.fma(a, c, -b) : Math.fma(-a, a, c);
          assertEquals(expected, (float) got.getDouble(i), "output " + o + ", element " + i);
        }
      }
    }
    Plan both = plan(List.of(x, y, z), outputs.subList(3, 5));
    List<HostData> got = onDevice(both, values, new Family(1, 16, 8));
    for (int i = 0; i < n; i++) {
      float once = (float) values.get(1).getDouble(i) * (float) values.get(2).getDouble(i);
      assertEquals(once + (float) values.get(0).getDouble(i), (float) got.get(0).getDouble(i));
      assertEquals(once, (float) got.get(1).getDouble(i), "a product with another use is kept");
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aSumOfProductsIsRoundedOnceForEachOnProcessors(Family family) {
    ProbeTest.assumeADevice();
    assumeTrue(family.lanes() == 1, "cards keep products and sums apart");
    int rows = 50;
    Tensor x = input("x", rows, 3);
    Tensor y = input("y", rows, 3);
    List<HostData> values =
        List.of(
            RandomKey.of(1).normal(Shape.of(rows, 3), DType.FLOAT32).value(),
            RandomKey.of(2).normal(Shape.of(rows, 3), DType.FLOAT32).value());
    HostData got = onDevice(plan(List.of(x, y), List.of(x.mul(y).sum(1))), values, family).get(0);
    for (int r = 0; r < rows; r++) {
      float expected = 0;
      for (int i = 3 * r; i < 3 * r + 3; i++) {
        expected =
            Math.fma(
                (float) values.get(0).getDouble(i), (float) values.get(1).getDouble(i), expected);
      }
      assertEquals(expected, (float) got.getDouble(r), "row " + r);
    }
  }

  /** What is zero since both sides are rounded alike stays zero: roots of it are numbers. */
  @ParameterizedTest
  @MethodSource("families")
  void ofTwoProductsNeitherIsFused(Family family) {
    ProbeTest.assumeADevice();
    int n = 100;
    Tensor x = input("x", n);
    Tensor y = input("y", n);
    Tensor difference = x.mul(x).sub(y.mul(y));
    List<Tensor> zeros =
        List.of(
            difference,
            difference.sqrt(),
            x.mul(y).sub(y.mul(x)),
            x.mul(y).neg().add(y.mul(x)),
            x.mul(y).add(y.mul(x).neg()));
    HostData same = RandomKey.of(3).normal(Shape.of(n), DType.FLOAT32).value();
    for (HostData zero : onDevice(plan(List.of(x, y), zeros), List.of(same, same), family)) {
      for (int i = 0; i < n; i++) {
        assertEquals(0, zero.getDouble(i));
      }
    }
  }

  @Test
  void functionsKeepTheirErrorsAndHaveTheSameBitsInEveryWidth() {
    ProbeTest.assumeADevice();
    // Both signs of every 4099th number up to 100 in size, and an odd count, so that all loops run.
    int each = Float.floatToRawIntBits(100) / 4099;
    Tensor x = input("x", 2 * each + 1);
    HostData values = HostData.allocate(DType.FLOAT32, 2 * each + 1);
    for (int i = 0; i < each; i++) {
      float number = Float.intBitsToFloat(i * 4099);
      values.setDouble(2 * i, number);
      values.setDouble(2 * i + 1, -number);
    }
    Plan plan = plan(List.of(x), List.of(x.exp(), x.expm1(), x.tanh(), x.sigmoid(), x.erf()));
    List<DoubleUnaryOperator> exact =
        List.of(
            StrictMath::exp,
            StrictMath::expm1,
            StrictMath::tanh,
            LogisticFunction::sigmoid,
            ErrorFunction::erf);
    boolean flushes = Arithmetic.of(Device.of("opencl")).flushesSubnormals();
    List<HostData> wide = onDevice(plan, List.of(values), new Family(1, 16, 8));
    for (int o = 0; o < exact.size(); o++) {
      for (long i = 0; i < values.elements(); i++) {
        double expected = exact.get(o).applyAsDouble(values.getDouble(i));
        String what = "output " + o + " of " + values.getDouble(i);
        double actual = wide.get(o).getDouble(i);
        if ((float) expected == Float.POSITIVE_INFINITY) {
          assertTrue(actual >= Float.MAX_VALUE * (1 - 2.5 * 0x1p-23), what);
          continue;
        }
        double subnormal = flushes && Math.abs(expected) < Float.MIN_NORMAL ? Float.MIN_NORMAL : 0;
        double tolerance = 2.5 * Math.ulp((float) expected) + subnormal;
        assertEquals(expected, actual, tolerance, what);
      }
    }
    for (Family family : List.of(new Family(1, 8, 3), new Family(1, 1, 1))) {
      List<HostData> narrow = onDevice(plan, List.of(values), family);
      for (int o = 0; o < narrow.size(); o++) {
        assertEquals(-1, wide.get(o).segment().mismatch(narrow.get(o).segment()), "output " + o);
      }
    }
  }

  @Test
  void rowsThatAreTooLongAreComputedAgain() {
    Family family = new Family(1, 16, 8);
    Tensor x = input("x", 3, KeptValues.LONGEST + 5);
    Plan plan = plan(List.of(x), List.of(x.softmax(-1)));
    agrees(plan, family);
    assertFalse(texts(plan, family).toString().contains("[" + KeptValues.LONGEST + "]"));
    Tensor y = input("y", 3, 5, 100);
    String kept = texts(plan(List.of(y), List.of(y.softmax(-1))), family).toString();
    assertTrue(kept.contains("[" + KeptValues.LONGEST + "]"), kept);
  }

  @ParameterizedTest
  @MethodSource("families")
  void theTextDependsOnTheStructureAlone(Family family) {
    List<String> texts = texts(layerNorm(7, 100), family);
    assertEquals(texts, texts(layerNorm(9, 384), family));
    assertFalse(texts.toString().contains("100"), texts::toString);
  }

  @Test
  void aFamilyHasLanesOrVectors() {
    assertThrows(OpenClException.class, () -> new Family(3, 1, 1));
    assertThrows(OpenClException.class, () -> new Family(64, 4, 1));
  }
}
