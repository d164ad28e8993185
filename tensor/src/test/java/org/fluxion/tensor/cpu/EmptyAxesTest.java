package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;

/** Tensors without elements can be compiled, and what is folded from nothing is zero. */
class EmptyAxesTest {
  private static final Op.Window WINDOW = new Op.Window(2, 2, 1, 1);

  private static Tensor input(int... extents) {
    return Tensor.input("x" + Arrays.toString(extents), Shape.of(extents), DType.FLOAT64);
  }

  private static Tensor index(int... extents) {
    return Tensor.input("i" + Arrays.toString(extents), Shape.of(extents), DType.INT32);
  }

  private static Tensor apply(Op op, Tensor... operands) {
    return Tensor.apply(op, List.of(operands));
  }

  /** Every kind of operation with an operand or a result that has no elements. */
  private static Map<String, Tensor> cases() {
    Map<String, Tensor> cases = new LinkedHashMap<>();
    cases.put("elementwise", input(0).add(1));
    cases.put("an input", input(0));
    cases.put("a constant", Tensor.zeros(0, 3));
    cases.put("a table", Tensor.of(new double[0], 0));
    cases.put("select", Tensor.where(input(2, 0).less(input(2, 0)), input(2, 0), input(2, 0)));
    cases.put("cast", input(0).cast(DType.INT32));
    cases.put("iota", Tensor.arange(0, DType.INT32).add(1));
    cases.put("random bits", RandomKey.of(1).bits(Shape.of(0, 2)));
    cases.put("rows of nothing", input(3, 0).sum(1).add(1));
    cases.put("columns of nothing", input(0, 3).sum(0).exp());
    cases.put("nothing at all", input(0, 3).sum());
    cases.put("no rows", input(0, 3).sum(1));
    cases.put("no columns", input(3, 0).sum(0));
    cases.put("the largest of none", input(3, 0).max(0));
    cases.put("the mean of nothing", input(3, 0).mean(1));
    cases.put("product of nothing", input(3, 0).matmul(input(0, 4)).add(1));
    cases.put("batched product of nothing", input(2, 3, 0).matmul(input(2, 0, 4)));
    cases.put("product without rows", input(0, 3).matmul(input(3, 4)));
    cases.put("product without a batch", input(0, 2, 3).matmul(input(0, 3, 4)));
    cases.put("transposed product", input(3, 0).matmul(input(0, 4)).transpose().exp());
    cases.put("arg max", apply(new Op.ArgMax(1), input(0, 3)));
    cases.put("arg sort", apply(new Op.ArgSort(), input(2, 0)));
    cases.put("reshape", input(0, 3).reshape(Shape.of(4, 0)).mul(2));
    cases.put("permute", input(0, 3).transpose().mul(2));
    cases.put("broadcast", input(1, 3).broadcastTo(Shape.of(0, 3)).mul(2));
    cases.put("slice", input(4).slice(0, 2, 2).mul(2));
    cases.put("flip", apply(new Op.Flip(List.of(0)), input(0, 2)));
    cases.put("pad", input(0, 2).pad(0, 1, 2).add(1));
    cases.put("inner pad", apply(new Op.Pad(List.of(1), List.of(1), List.of(2)), input(0)).add(1));
    cases.put("concat", Tensor.concat(1, input(2, 0), input(2, 3), input(2, 0)).add(1));
    cases.put("concat of two", Tensor.concat(0, input(2), input(0), input(3).exp()));
    cases.put("concat of none", Tensor.concat(0, input(0), input(0)));
    cases.put("unfold", apply(new Op.Unfold(WINDOW), input(1, 2, 0, 3)));
    cases.put("unfold nothing", apply(new Op.Unfold(WINDOW), input(0, 2, 3, 3)));
    cases.put("fold", apply(new Op.Fold(new Op.Window(3, 3, 1, 0), 2, 2), input(1, 9, 0)).add(1));
    cases.put("gather no rows", apply(new Op.Gather(), input(2, 0, 3), index(2, 4)).add(1));
    cases.put("gather nothing", apply(new Op.Gather(), input(2, 3, 4), index(2, 0)));
    cases.put("scatter nothing", apply(new Op.ScatterAdd(3), input(2, 0, 4), index(2, 0)));
    cases.put("scatter to nothing", apply(new Op.ScatterAdd(0), input(2, 3, 4), index(2, 3)));
    cases.put("markers", apply(new Op.StopGradient(), apply(new Op.Mark(), input(0))).neg());
    return cases;
  }

  @Test
  void everyOperationWithoutElementsMeansWhatTheReferenceSays() {
    cases()
        .forEach(
            (name, tensor) -> {
              try {
                Graph free = new Graph(List.of(), List.of(tensor));
                List<Tensor> inputs =
                    free.nodes().stream().filter(n -> n.op() instanceof Op.Input).toList();
                CpuTest.agrees(new Graph(inputs, List.of(tensor)), 5);
              } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(name + ": " + e, e);
              }
            });
  }

  @Test
  void nothingTakesNoKernel() {
    Tensor x = input(0, 3);
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
