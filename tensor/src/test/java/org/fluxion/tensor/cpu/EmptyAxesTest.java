package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.conformance.EmptyAxes;
import org.fluxion.tensor.conformance.Trial;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;

/** Tensors without elements can be compiled, and what is folded from nothing is zero. */
class EmptyAxesTest {
  @Test
  void everyOperationWithoutElementsMeansWhatTheReferenceSays() {
    for (Trial trial : EmptyAxes.trials(DType.FLOAT64)) {
      try {
        CpuTest.agrees(trial.graph(), 5);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(trial.name() + ": " + e, e);
      }
    }
  }

  @Test
  void nothingTakesNoKernel() {
    Tensor x = Tensor.input("x", Shape.of(0, 3), DType.FLOAT64);
    Graph graph = new Graph(List.of(x), List.of(x.exp().mul(2), x.sum(0)));
    Plan plan = Plan.of(graph, new int[] {-1, -1});
    assertEquals(1, plan.kernels().size(), plan.kernels().toString());
    assertEquals(0, plan.outputs().get(0).bytes());
  }

  /** One tensor as a tree. */
  private record One(Tensor tensor) implements Tree<One> {
    @Override
    public List<Tensor> leaves() {
      return List.of(tensor);
    }

    @Override
    public One withLeaves(List<Tensor> leaves) {
      return new One(leaves.get(0));
    }
  }

  @Test
  void aStateWithoutElementsMovesOn() {
    One empty = new One(Tensor.zeros(0, 2));
    One batch = new One(Tensor.ones(3, 0));
    Program<One, One, One> program =
        Program.compile(
            (s, b) -> new Step<>(new One(s.tensor().add(1)), new One(b.tensor().sum(1))),
            empty,
            batch,
            Device.cpu(2));
    try (Run<One, One, One> run = program.start(empty)) {
      run.step(batch);
      assertArrayEquals(new double[3], run.step(batch).tensor().toDoubleArray());
      assertEquals(Shape.of(0, 2), run.snapshot().tensor().shape());
    }
  }
}
