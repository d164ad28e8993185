package org.fluxion.autodiff.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.fluxion.autodiff.conformance.Findings.Aspect;
import org.fluxion.autodiff.conformance.Findings.Verdict;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.Corners;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;

/** A passport tells what a device does wrong, of the operation with which it does, and goes on. */
class PassportTest {
  private static final Device PROCESSOR = Device.cpu(2);
  private static final String PLANTED = "planted: the compiler gives up";

  /**
   * The processor with faults: some kernels are left out, so that nobody computes their results,
   * and some are refused.
   */
  private record Faulty(Predicate<Kernel> forgotten, Predicate<Kernel> refused) implements Device {
    @Override
    public String name() {
      return "faulty";
    }

    @Override
    public Executable prepare(Plan plan) {
      if (plan.kernels().stream().anyMatch(refused)) {
        throw new TensorException(PLANTED + "\nin line 3");
      }
      return PROCESSOR.prepare(
          plan.withKernels(plan.kernels().stream().filter(forgotten.negate()).toList()));
    }
  }

  private static Predicate<Kernel> computes(Class<? extends Op> op) {
    return kernel ->
        kernel instanceof Kernel.LoopKernel loops
            && loops.body().stream()
                .anyMatch(i -> i instanceof Kernel.Compute compute && op.isInstance(compute.op()));
  }

  private static Findings find(Device device, String operation) {
    List<Findings> found =
        new Passport(device, 1)
            .checks().stream()
                .filter(check -> check.operation().equals(operation))
                .map(OperationCheck::run)
                .toList();
    assertEquals(1, found.size(), operation);
    return found.get(0);
  }

  @Test
  void everyOperationIsChecked() {
    List<String> names =
        new Passport(PROCESSOR, 1).checks().stream().map(OperationCheck::operation).toList();
    assertEquals(OpTable.operations().size(), names.size(), names::toString);
    assertEquals(names.size(), Set.copyOf(names).size(), names::toString);
  }

  @Test
  void whatTheProcessorComputesIsRight() {
    Findings exp = find(PROCESSOR, "exp");
    assertEquals(List.of(), exp.faults());
    assertEquals(Verdict.RIGHT, exp.verdict());
    assertEquals(Set.of(DType.FLOAT32, DType.FLOAT64), exp.dtypes());
    // Errors are errors, and not comparisons that were left out.
    assertEquals(Set.of(Aspect.values()), exp.shares().keySet());
    assertTrue(exp.shares().get(Aspect.RESULT) > 0.1, exp::toString);
    assertTrue(exp.units().getAsDouble() > 0.5 && exp.units().getAsDouble() <= 3.5, exp::toString);
    Findings matmul = find(PROCESSOR, "matmul");
    assertEquals(Verdict.RIGHT, matmul.verdict());
    double relative = matmul.relative().getAsDouble();
    assertTrue(relative > 1e-9 && relative < 1e-5, matmul::toString);
    Findings less = find(PROCESSOR, "less");
    assertEquals(Map.of(Aspect.RESULT, 0.0), less.shares());
    assertEquals(Verdict.RIGHT, less.verdict());
    assertEquals(Set.of(DType.values()), find(PROCESSOR, "reshape").dtypes());
  }

  @Test
  void whatIsWrongIsToldOfItsOperation() {
    Device liar = new Faulty(computes(Op.Tanh.class), kernel -> false);
    Findings tanh = find(liar, "tanh");
    assertEquals(Verdict.WRONG, tanh.verdict());
    assertTrue(tanh.shares().get(Aspect.RESULT) > 1, tanh::toString);
    String worst = tanh.faults().get(0);
    assertTrue(worst.matches("the .* of tanh of float.* is wrong: element .*"), worst);
    assertEquals(Verdict.RIGHT, find(liar, "sin").verdict());
  }

  @Test
  void theCornersAreTried() {
    Shape corners = new Corners(DType.FLOAT32).of(new Op.Max()).get(0).operands().get(0).shape();
    List<String> faults = find(new Faulty(computes(Op.Max.class), kernel -> false), "max").faults();
    assertTrue(
        faults.stream().anyMatch(fault -> fault.contains("float32 " + corners)), faults::toString);
  }

  @Test
  void aWrongGradientIsToldFromARightResult() {
    // What a gather was given back is scattered.
    Device liar =
        new Faulty(
            kernel ->
                kernel instanceof Kernel.OperationKernel operation
                    && operation.op() instanceof Op.ScatterAdd,
            kernel -> false);
    Findings gather = find(liar, "gather");
    assertEquals(Verdict.WRONG, gather.verdict());
    assertEquals(0, gather.shares().get(Aspect.RESULT));
    assertEquals(0, gather.shares().get(Aspect.TANGENT));
    assertTrue(gather.shares().get(Aspect.GRADIENT) > 1, gather::toString);
    String worst = gather.faults().get(0);
    assertTrue(worst.matches("the gradient.* of gather of float.* is wrong: .*"), worst);
  }

  @Test
  void whatCannotBeComputedIsToldPartByPart() {
    Findings sin = find(new Faulty(kernel -> false, computes(Op.Cos.class)), "sin");
    assertEquals(Verdict.FAILS, sin.verdict());
    assertTrue(sin.shares().get(Aspect.RESULT) <= 1, sin::toString);
    assertEquals(Set.of(Aspect.TANGENT, Aspect.GRADIENT), sin.failing());
    String fault = sin.faults().get(0);
    assertTrue(fault.matches("the tangent of sin of float.* fails: " + PLANTED), fault);
  }

  @Test
  void aDeviceThatDoesNothingIsFoundOut() {
    Device broken = new Faulty(kernel -> false, kernel -> true);
    Passport passport = new Passport(broken, 1);
    assertTrue(
        passport.notes().stream().anyMatch(note -> note.contains(PLANTED)),
        () -> passport.notes().toString());
    assertEquals(Verdict.FAILS, find(broken, "add").verdict());
    assertEquals(
        Optional.empty(),
        find(broken, "add").faults().stream()
            .filter(fault -> !fault.endsWith("fails: " + PLANTED))
            .findAny());
  }

  @Test
  void theSameSeedTriesTheSame() {
    assertEquals(find(PROCESSOR, "matmul"), find(PROCESSOR, "matmul"));
  }
}
