package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** Every kind of operation with an operand or a result that has no elements. */
public final class EmptyAxes {
  private static final Op.Window WINDOW = new Op.Window(2, 2, 1, 1);

  private final DType dtype;

  private EmptyAxes(DType dtype) {
    this.dtype = dtype;
  }

  private Tensor input(int... extents) {
    return Tensor.input("x" + Arrays.toString(extents), Shape.of(extents), dtype);
  }

  private static Tensor index(int... extents) {
    return Tensor.input("i" + Arrays.toString(extents), Shape.of(extents), DType.INT32);
  }

  private static Tensor apply(Op op, Tensor... operands) {
    return Tensor.apply(op, List.of(operands));
  }

  /**
   * The cases, with values for what is not empty.
   *
   * @param dtype of their operands
   * @return a trial for each
   */
  public static List<Trial> trials(DType dtype) {
    Draw draw = new Draw(new Random(5), Draw.Kind.MODERATE);
    List<Trial> trials = new ArrayList<>();
    new EmptyAxes(dtype)
        .cases()
        .forEach(
            (name, tensor) -> {
              List<Tensor> inputs =
                  new Graph(List.of(), List.of(tensor))
                      .nodes().stream().filter(n -> n.op() instanceof Op.Input).toList();
              List<Tensor> values =
                  inputs.stream().map(input -> draw.any(input.dtype(), input.shape())).toList();
              trials.add(new Trial(name, new Graph(inputs, List.of(tensor)), values));
            });
    return trials;
  }

  private Map<String, Tensor> cases() {
    Map<String, Tensor> cases = new LinkedHashMap<>();
    cases.put("elementwise", input(0).add(1));
    cases.put("an input", input(0));
    cases.put("a constant", Tensor.full(0, Shape.of(0, 3), dtype));
    cases.put("a table", Tensor.of(new double[0], 0).cast(dtype).detach());
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
}
