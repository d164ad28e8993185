package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Tensor;

/**
 * What a graph's nodes are if each is rounded to its own dtype: an operation is the reference's, of
 * operands as they were rounded. The reference by itself rounds what is asked for, and nothing on
 * the way there. Values of floating point are in float64, whatever the dtype.
 */
final class RoundedValues {
  private RoundedValues() {}

  /**
   * What a node is before it is rounded.
   *
   * @param node the node, no input
   * @param operands a value for each of its operands, rounded
   */
  static HostData before(Tensor node, List<HostData> operands) {
    return switch (node.op()) {
      // The reference rounds here; what was there before is wanted.
      case Op.Cast o when o.dtype().isFloating() ->
          ReferenceInterpreter.apply(
              Tensor.apply(new Op.Cast(DType.FLOAT64), node.inputs()), operands);
      case Op.Attention o -> defined(node, operands, in -> Attention.definition(o, in));
      case Op.Custom o -> defined(node, operands, o.function()::expand);
      default -> ReferenceInterpreter.apply(node, operands);
    };
  }

  /** Values rounded to a dtype; the same values if there is nothing to round. */
  static HostData rounded(DType dtype, HostData exact) {
    if (!Widened.isNarrow(dtype)) {
      return exact;
    }
    HostData one = HostData.allocate(dtype, 1);
    HostData result = HostData.allocate(DType.FLOAT64, exact.elements());
    for (long i = 0; i < exact.elements(); i++) {
      one.setDouble(0, exact.getDouble(i));
      result.setDouble(i, one.getDouble(0));
    }
    return result;
  }

  private static HostData defined(
      Tensor node, List<HostData> operands, Function<List<Tensor>, Tensor> definition) {
    List<Tensor> inputs = new ArrayList<>();
    Map<Tensor, HostData> values = new IdentityHashMap<>();
    for (int i = 0; i < operands.size(); i++) {
      Tensor operand = node.inputs().get(i);
      inputs.add(Tensor.input(node.op().label(), operand.shape(), operand.dtype()));
      values.put(inputs.getLast(), operands.get(i));
    }
    Tensor body = definition.apply(inputs);
    for (Tensor each : Graph.topological(List.of(body), values.keySet())) {
      if (!values.containsKey(each)) {
        HostData before = before(each, each.inputs().stream().map(values::get).toList());
        values.put(each, rounded(each.dtype(), before));
      }
    }
    return values.get(body);
  }
}
