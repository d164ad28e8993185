package org.fluxion.tests.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.RandomPrograms;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Tensors;
import org.fluxion.tensor.cpu.CpuExecutable;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The memory that temporary values share holds nothing from before: a run that begins with it
 * poisoned gives the same as one that does not, with every pass of the planner and with all but
 * one.
 */
class PoisonedMemoryTest {
  private static final int PROGRAMS = 40;

  static Stream<PlanOptions> options() {
    PlanOptions all = Device.cpu(1).planOptions();
    return Stream.concat(
        Stream.of(all),
        IntStream.range(0, PlanOptions.PASSES)
            .mapToObj(pass -> PlanOptions.without(pass).withAttention(all.attentionSizes())));
  }

  @ParameterizedTest
  @MethodSource("options")
  void nothingIsReadBeforeItIsWritten(PlanOptions options) {
    int poisoned = 0;
    long numbers = 0;
    long all = 0;
    for (long seed = 0; seed < PROGRAMS; seed++) {
      DType dtype = seed % 2 == 0 ? DType.FLOAT32 : DType.FLOAT64;
      // Tame ones: poison is no number, and is to be seen among numbers.
      RandomProgram program = RandomPrograms.draw(seed, new Settings(dtype, 14, true));
      Plan plan = plan(program, options);
      List<List<Number>> clean = results(plan, program.values(), false);
      assertEquals(clean, results(plan, program.values(), true), program::print);
      poisoned += plan.arena().bytes() > 0 ? 1 : 0;
      all += clean.stream().mapToLong(List::size).sum();
      numbers +=
          clean.stream().flatMap(List::stream).filter(x -> !Double.isNaN(x.doubleValue())).count();
    }
    // Else there would be nothing to be poisoned, or nothing to be seen.
    assertTrue(poisoned > PROGRAMS / 2, poisoned + " plans with such memory");
    assertTrue(numbers > 0.9 * all, numbers + " numbers of " + all);
  }

  /** Without its first kernel, the second reads what nobody wrote. */
  @Test
  void whatIsReadBeforeItIsWrittenShows() {
    Tensor x = Tensor.input("x", Shape.of(8, 8), DType.FLOAT32);
    Plan whole =
        Plan.of(new Graph(List.of(x), List.of(x.matmul(x).exp().matmul(x))), new int[] {-1});
    Plan broken =
        new Plan(
            whole.graph(),
            whole.kernels().subList(1, whole.kernels().size()),
            whole.inputs(),
            whole.outputs(),
            whole.constants(),
            whole.arena(),
            whole.donated(),
            whole.carries(),
            whole.moves(),
            whole.notes());
    List<Tensor> values = List.of(Tensor.ones(8, 8));
    assertEquals(results(whole, values, false), results(whole, values, true));
    assertNotEquals(results(broken, values, false), results(broken, values, true));
  }

  /** The program, its tangent along ones and the gradient of the sum of its results. */
  private static Plan plan(RandomProgram program, PlanOptions options) {
    List<Tensor> inputs =
        program.values().stream()
            .map(value -> Tensor.input("x", value.shape(), value.dtype()))
            .toList();
    Tensors point = new Tensors(inputs.stream().filter(x -> x.dtype().isFloating()).toList());
    Function<Tensors, Tensors> f =
        x -> {
          Iterator<Tensor> floating = x.leaves().iterator();
          List<Tensor> arguments =
              inputs.stream().map(i -> i.dtype().isFloating() ? floating.next() : i).toList();
          return new Tensors(
              program.apply(arguments).stream().filter(y -> y.dtype().isFloating()).toList());
        };
    List<Tensor> outputs = new ArrayList<>(program.apply(inputs));
    if (!point.leaves().isEmpty() && !f.apply(point).leaves().isEmpty()) {
      outputs.addAll(Autodiff.jvp(f, point, ones(point)).tangent().leaves());
      outputs.addAll(Autodiff.vjp(f, point).pullback().apply(ones(f.apply(point))).leaves());
    }
    int[] donations = new int[outputs.size()];
    Arrays.fill(donations, -1);
    return Plan.of(new Graph(inputs, outputs), donations, options);
  }

  private static Tensors ones(Tensors like) {
    return new Tensors(like.leaves().stream().map(Tensor::onesLike).toList());
  }

  private static List<List<Number>> results(Plan plan, List<Tensor> values, boolean isPoisoned) {
    try (CpuExecutable run = new CpuExecutable(plan, 1)) {
      for (int i = 0; i < values.size(); i++) {
        run.write(i, values.get(i).value());
      }
      if (isPoisoned) {
        run.poison();
      }
      run.run();
      List<List<Number>> results = new ArrayList<>();
      for (int i = 0; i < plan.outputs().size(); i++) {
        results.add(elements(run.result(i)));
      }
      return results;
    }
  }

  /** Both zeros are told apart; what kind of NaN it is, is nobody's promise. */
  private static List<Number> elements(HostData data) {
    List<Number> elements = new ArrayList<>();
    for (long i = 0; i < data.elements(); i++) {
      elements.add(data.dtype().isFloating() ? (Number) data.getDouble(i) : data.getLong(i));
    }
    return elements;
  }
}
