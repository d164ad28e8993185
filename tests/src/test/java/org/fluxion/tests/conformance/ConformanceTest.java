package org.fluxion.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;
import org.fluxion.tests.conformance.Cases.Accuracy;
import org.fluxion.tests.conformance.Cases.Case;
import org.fluxion.tests.conformance.Cases.Row;
import org.junit.jupiter.api.function.Executable;

/**
 * Every operation, at every dtype that it takes, means on every device what the reference says:
 * alone, on views of its operands, on constants, and with something that follows it.
 */
class ConformanceTest {
  /** The device that is held against the reference, whatever else there is. */
  private static final String CPU = "cpu:2";

  private record Tensors(List<Tensor> leaves) implements Tree<Tensors> {
    Tensors {
      leaves = List.copyOf(leaves);
    }

    @Override
    public Tensors withLeaves(List<Tensor> leaves) {
      return new Tensors(leaves);
    }
  }

  /** A case in a program: inputs with values, the operation's result, and what follows it. */
  private record Setting(Graph graph, List<Tensor> values) {
    Map<Tensor, HostData> bindings() {
      Map<Tensor, HostData> bindings = new HashMap<>();
      for (int i = 0; i < values.size(); i++) {
        bindings.put(graph.inputs().get(i), values.get(i).value());
      }
      return bindings;
    }
  }

  private static void collect(Class<?> type, Set<Class<?>> operations) {
    if (type.isSealed()) {
      // Attention is held against its definition where its kernels are tested.
      if (type == Op.Attention.class) {
        return;
      }
      for (Class<?> permitted : type.getPermittedSubclasses()) {
        collect(permitted, operations);
      }
    } else {
      operations.add(type);
    }
  }

  @Example
  void everyOperationHasARowThatTakesSomething() {
    Set<Class<?>> operations = new HashSet<>();
    collect(Op.class, operations);
    assertTrue(operations.size() > 40, "the sealed hierarchy was not walked");
    Set<Class<?>> covered = new HashSet<>();
    for (Row row : Cases.rows()) {
      for (DType dtype : DType.values()) {
        if (takes(usual(row, dtype))) {
          covered.add(row.op());
        }
      }
    }
    operations.removeAll(covered);
    assertEquals(Set.of(), operations, "operations without a row");
  }

  @Property(tries = 3)
  void everyOperationMeansWhatTheReferenceSays(@ForAll long seed) {
    List<Executable> all = new ArrayList<>();
    for (Row row : Cases.rows()) {
      for (DType dtype : DType.values()) {
        all.add(() -> agrees(row, dtype, seed, false, CPU));
      }
    }
    assertAll(all);
  }

  /** What is large is split over the threads. */
  @Property(tries = 2)
  void everyOperationMeansWhatTheReferenceSaysWhereItIsLarge(@ForAll long seed) {
    List<Executable> all = new ArrayList<>();
    DType[] dtypes = DType.values();
    int first = new Random(seed).nextInt(dtypes.length);
    for (Row row : Cases.rows()) {
      // The first dtype, from a random one on, that the row takes.
      IntStream.range(first, first + dtypes.length)
          .mapToObj(i -> dtypes[i % dtypes.length])
          .filter(dtype -> takes(usual(row, dtype)))
          .findFirst()
          .ifPresent(dtype -> all.add(() -> agrees(row, dtype, seed, true, CPU)));
    }
    assertAll(all);
  }

  /**
   * The first OpenCL device, by kernels as for processors and as for cards: every row and dtype
   * once by its own, and every row once by the other, since each kernel takes a compiler's time.
   */
  @Example
  void everyOperationMeansWhatTheReferenceSaysInOpenCl() {
    OpenCl.require();
    List<Executable> all = new ArrayList<>();
    DType[] dtypes = DType.values();
    int first = 0;
    for (Row row : Cases.rows()) {
      List<DType> taken = new ArrayList<>();
      for (DType dtype : dtypes) {
        if (takes(usual(row, dtype))) {
          taken.add(dtype);
          all.add(() -> agrees(row, dtype, dtype.ordinal(), false, "opencl:0/processor"));
        }
      }
      if (!taken.isEmpty()) {
        DType one = taken.get(first++ % taken.size());
        int seed = first;
        all.add(() -> agrees(row, one, seed, false, "opencl:0/card"));
      }
    }
    assertAll(all);
  }

  /** A case of a row that does not hang on the seed. */
  private static Case usual(Row row, DType dtype) {
    return row.source().draw(dtype, new Draw(new Random(1), false));
  }

  /** Whether the type rules allow a case. */
  private static boolean takes(Case c) {
    try {
      Tensor.apply(c.op(), c.operands());
      return true;
    } catch (TensorException illegal) {
      assertTrue(illegal.getMessage().startsWith(c.op().label()), illegal.getMessage());
      return false;
    }
  }

  /** Draws a case of a row and holds it against the reference, if the type rules allow it. */
  private static void agrees(Row row, DType dtype, long seed, boolean large, String device) {
    Case c = row.source().draw(dtype, new Draw(new Random(seed), large));
    // Whether a row takes a dtype must not hang on the seed, or a slip in a row would pass as that.
    boolean takes = takes(usual(row, dtype));
    assertEquals(takes, takes(c), () -> describe(c, dtype, seed));
    if (takes) {
      agrees(c, dtype, seed, Device.of(device));
    }
  }

  private static String describe(Case c, DType dtype, long seed) {
    return "%s of %s, drawn at %s with seed %d"
        .formatted(c.op(), c.operands().stream().map(Tensor::shape).toList(), dtype, seed);
  }

  private static void agrees(Case c, DType dtype, long seed, Device device) {
    Setting setting = setting(c, new Random(seed), false);
    List<HostData> expected =
        ReferenceInterpreter.evaluate(setting.graph().outputs(), setting.bindings());
    List<HostData> actual;
    try {
      actual = run(setting, device);
    } catch (RuntimeException thrown) {
      fail(describe(c, dtype, seed) + " on " + device.name() + ": " + thrown, thrown);
      return;
    }
    Tensor result = setting.graph().outputs().get(0);
    double[] allowed = allowed(c, result, expected.get(0), seed, device);
    for (int i = 0; i < allowed.length; i++) {
      double e = expected.get(0).getDouble(i);
      double a = actual.get(0).getDouble(i);
      boolean same =
          Double.compare(e, a) == 0 && expected.get(0).getLong(i) == actual.get(0).getLong(i);
      if (!same && !(Math.abs(e - a) <= allowed[i] && allowed[i] > 0)) {
        fail(
            "%s on %s: element %d is %s, expected %s within %s\n%s"
                .formatted(
                    describe(c, dtype, seed), device.name(), i, a, e, allowed[i], setting.graph()));
      }
    }
    follows(result, actual, setting, describe(c, dtype, seed));
  }

  /** How far each element of the result may be off. */
  private static double[] allowed(
      Case c, Tensor result, HostData expected, long seed, Device device) {
    double[] allowed = new double[Math.toIntExact(expected.elements())];
    DType dtype = result.dtype();
    double units = OpenCl.units(c.op(), device, c.accuracy() == Accuracy.ELEMENTARY ? 2.5 : 0);
    if (!dtype.isFloating() || c.accuracy() != Accuracy.SUM && units == 0) {
      return allowed;
    }
    HostData magnitudes = expected;
    if (c.accuracy() == Accuracy.SUM) {
      Setting setting = setting(c, new Random(seed), true);
      magnitudes =
          ReferenceInterpreter.evaluate(
                  List.of(setting.graph().outputs().get(0)), setting.bindings())
              .get(0);
    }
    double unit = dtype == DType.FLOAT64 ? Math.ulp(1.0) : Math.ulp(1f);
    for (int i = 0; i < allowed.length; i++) {
      double e = expected.getDouble(i);
      if (c.accuracy() != Accuracy.SUM) {
        // Where the result is special there is one right outcome.
        boolean special = e == 0 || !Double.isFinite(e);
        allowed[i] =
            special ? 0 : units * (dtype == DType.FLOAT64 ? Math.ulp(e) : Math.ulp((float) e));
      } else {
        // What sums in float32 is stored with 8 or 11 bits: then that rounding comes on top.
        double stored =
            switch (dtype) {
              case FLOAT16 -> 0x1p-10 * Math.abs(e) + 0x1p-24;
              case BFLOAT16 -> 0x1p-7 * Math.abs(e);
              default -> 0;
            };
        allowed[i] = c.terms() * unit * magnitudes.getDouble(i) + stored;
      }
    }
    return allowed;
  }

  /** What was computed from the result is what the reference computes from it, to the bit. */
  private static void follows(
      Tensor result, List<HostData> actual, Setting setting, String description) {
    Map<Tensor, HostData> bindings = setting.bindings();
    bindings.put(result, actual.get(0));
    List<HostData> expected = ReferenceInterpreter.evaluate(setting.graph().outputs(), bindings);
    for (int output = 1; output < expected.size(); output++) {
      for (long i = 0; i < expected.get(output).elements(); i++) {
        assertEquals(
            expected.get(output).getDouble(i),
            actual.get(output).getDouble(i),
            description + ": output " + output + ", element " + i);
      }
    }
  }

  private static List<HostData> run(Setting setting, Device device) {
    Tensors none = new Tensors(List.of());
    Tensors batch = new Tensors(setting.values());
    Program<Tensors, Tensors, Tensors> program =
        Program.compile(
            (state, b) -> new Step<>(state, new Tensors(setting.graph().apply(b.leaves()))),
            none,
            batch,
            device);
    try (Run<Tensors, Tensors, Tensors> run = program.start(none)) {
      return run.step(batch).leaves().stream().map(Tensor::value).toList();
    }
  }

  /** The program of a case; with magnitudes in its operands' place, if so asked. */
  private static Setting setting(Case c, Random random, boolean magnitudes) {
    List<Tensor> inputs = new ArrayList<>();
    List<Tensor> values = new ArrayList<>();
    List<Tensor> operands = new ArrayList<>();
    for (Tensor operand : c.operands()) {
      operands.add(operand(magnitudes ? magnitude(operand) : operand, random, inputs, values));
    }
    Tensor result = Tensor.apply(c.op(), operands);
    if (c.op() instanceof Op.Input input) {
      inputs.add(result);
      values.add(new Draw(random, false).any(input.dtype(), input.shape()));
    }
    List<Tensor> outputs = new ArrayList<>(List.of(result));
    Shape shape = result.shape();
    if (random.nextBoolean() && shape.rank() > 0) {
      outputs.add(result.flip(shape.rank() - 1));
    }
    if (random.nextBoolean() && result.dtype() == DType.BOOL) {
      outputs.add(result.not());
    } else if (random.nextBoolean() && !result.dtype().isStorageOnly()) {
      // Doubling rounds nothing.
      outputs.add(result.dtype() == DType.BOOL ? result.or(result) : result.add(result));
    }
    return new Setting(new Graph(inputs, outputs), values);
  }

  private static Tensor magnitude(Tensor operand) {
    if (!operand.dtype().isFloating()) {
      return operand;
    }
    HostData data = HostData.allocate(operand.dtype(), operand.shape().elements());
    for (long i = 0; i < data.elements(); i++) {
      data.setDouble(i, Math.abs(operand.value().getDouble(i)));
    }
    return Tensor.of(data, operand.shape());
  }

  /** An operand's elements as an input, a constant, or a view of an input, in whatever order. */
  private static Tensor operand(
      Tensor operand, Random random, List<Tensor> inputs, List<Tensor> values) {
    Shape shape = operand.shape();
    Draw draw = new Draw(random, false);
    return switch (shape.elements() <= 1 ? random.nextInt(2) : random.nextInt(8)) {
      case 0 -> operand;
      case 1, 2 -> input(operand, inputs, values);
      case 3 -> {
        List<Integer> axes = draw.axes(shape);
        yield Tensor.apply(new Op.Flip(axes), List.of(input(operand, inputs, values)));
      }
      case 4 -> {
        List<Integer> order = draw.order(shape);
        int[] extents = new int[shape.rank()];
        for (int axis = 0; axis < extents.length; axis++) {
          extents[order.get(axis)] = shape.extent(axis);
        }
        Tensor stored = Tensor.of(operand.value(), Shape.of(extents));
        yield Tensor.apply(new Op.Permute(order), List.of(input(stored, inputs, values)));
      }
      case 5 -> {
        int axis = draw.axis(shape);
        Tensor twice =
            Tensor.of(Tensor.concat(axis, operand, operand).value(), doubled(shape, axis));
        int from = draw.between(0, shape.extent(axis));
        yield input(twice, inputs, values).slice(axis, from, from + shape.extent(axis));
      }
      case 6 -> {
        Shape narrow = draw.narrowed(shape);
        HostData first = HostData.allocate(operand.dtype(), narrow.elements());
        MemorySegment.copy(
            operand.value().segment(), 0, first.segment(), 0, first.segment().byteSize());
        Tensor stored = input(Tensor.of(first, narrow), inputs, values);
        yield Tensor.apply(new Op.Broadcast(shape), List.of(stored));
      }
      default -> {
        Tensor flat = Tensor.of(operand.value(), Shape.of((int) shape.elements()));
        yield input(flat, inputs, values).reshape(shape);
      }
    };
  }

  private static Shape doubled(Shape shape, int axis) {
    return shape.with(axis, 2 * shape.extent(axis));
  }

  private static Tensor input(Tensor value, List<Tensor> inputs, List<Tensor> values) {
    Tensor input = Tensor.input("x" + inputs.size(), value.shape(), value.dtype());
    inputs.add(input);
    values.add(value);
    return input;
  }
}
