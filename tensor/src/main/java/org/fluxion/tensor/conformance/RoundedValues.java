package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.HashMap;
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
 * the way there.
 *
 * @param rounded the nodes' values, of floating point in float64 whatever the dtype
 * @param before the same before they were rounded
 */
record RoundedValues(Map<Tensor, HostData> rounded, Map<Tensor, HostData> before) {
  /**
   * Computes nodes one after another.
   *
   * @param nodes the nodes, operands before users
   * @param bindings values of inputs
   */
  static RoundedValues of(List<Tensor> nodes, Map<Tensor, HostData> bindings) {
    RoundedValues values = new RoundedValues(new HashMap<>(), new HashMap<>());
    for (Tensor node : nodes) {
      HostData exact =
          bindings.containsKey(node)
              ? ReferenceInterpreter.evaluate(List.of(Widened.wide(node)), bindings).get(0)
              : values.computed(node);
      values.before.put(node, exact);
      values.rounded.put(node, Widened.isNarrow(node.dtype()) ? rounded(node, exact) : exact);
    }
    return values;
  }

  private HostData computed(Tensor node) {
    return switch (node.op()) {
      // The reference rounds here; what was there before is wanted.
      case Op.Cast o when o.dtype().isFloating() ->
          evaluated(node.inputs().get(0).cast(DType.FLOAT64), node.inputs());
      case Op.Attention o -> defined(node, in -> Attention.definition(o, in));
      case Op.Custom o -> defined(node, o.function()::expand);
      default -> evaluated(node, node.inputs());
    };
  }

  private HostData evaluated(Tensor result, List<Tensor> operands) {
    Map<Tensor, HostData> bindings = new HashMap<>();
    operands.forEach(operand -> bindings.put(operand, rounded.get(operand)));
    return ReferenceInterpreter.evaluate(List.of(Widened.wide(result)), bindings).get(0);
  }

  private HostData defined(Tensor node, Function<List<Tensor>, Tensor> definition) {
    List<Tensor> inputs = new ArrayList<>();
    Map<Tensor, HostData> bindings = new HashMap<>();
    for (Tensor operand : node.inputs()) {
      Tensor input = Tensor.input(node.op().label(), operand.shape(), operand.dtype());
      inputs.add(input);
      bindings.put(input, rounded.get(operand));
    }
    Tensor body = definition.apply(inputs);
    return of(new Graph(inputs, List.of(body)).nodes(), bindings).rounded.get(body);
  }

  private static HostData rounded(Tensor node, HostData exact) {
    HostData one = HostData.allocate(node.dtype(), 1);
    HostData result = HostData.allocate(DType.FLOAT64, exact.elements());
    for (long i = 0; i < exact.elements(); i++) {
      one.setDouble(0, exact.getDouble(i));
      result.setDouble(i, one.getDouble(0));
    }
    return result;
  }
}
