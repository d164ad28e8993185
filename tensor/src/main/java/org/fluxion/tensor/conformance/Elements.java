package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** Numbers for each element of a tensor, such as errors, where null stands for zeros. */
final class Elements {
  private Elements() {}

  /** A number for each element. */
  static double[] each(Tensor like, IntToDoubleFunction f) {
    double[] result = new double[Math.toIntExact(like.shape().elements())];
    Arrays.setAll(result, f);
    return result;
  }

  /** The number of an element. */
  static double at(double[] errors, int i) {
    return errors == null ? 0 : errors[i];
  }

  /** Sums, element by element. */
  static double[] plus(double[] a, double[] b) {
    if (a == null || b == null) {
      return a == null ? b : a;
    }
    double[] sum = a.clone();
    Arrays.setAll(sum, i -> a[i] + b[i]);
    return sum;
  }

  /** The larger ones, element by element. */
  static double[] largest(double[] a, double[] b) {
    if (a == null || b == null) {
      return a == null ? b : a;
    }
    double[] most = a.clone();
    Arrays.setAll(most, i -> Math.max(a[i], b[i]));
    return most;
  }

  /** The operation itself, of other numbers in its first operand's place. */
  static double[] apply(Tensor z, double[] first, Map<Tensor, HostData> values) {
    Tensor x = Tensor.input("x", z.inputs().get(0).shape(), DType.FLOAT64);
    List<Tensor> operands = new ArrayList<>(z.inputs());
    operands.set(0, x);
    Map<Tensor, HostData> bindings = new HashMap<>();
    bindings.put(x, stored(first));
    for (int i = 1; i < operands.size(); i++) {
      bindings.put(operands.get(i), values.get(operands.get(i)));
    }
    return doubles(Tensor.apply(z.op(), operands), bindings);
  }

  /** An operation of such numbers. */
  static double[] apply(Op op, List<Shape> shapes, double[]... operands) {
    List<Tensor> inputs = new ArrayList<>();
    Map<Tensor, HostData> bindings = new HashMap<>();
    for (int i = 0; i < operands.length; i++) {
      Tensor input = Tensor.input("x" + i, shapes.get(i), DType.FLOAT64);
      inputs.add(input);
      bindings.put(input, stored(operands[i]));
    }
    return doubles(Tensor.apply(op, inputs), bindings);
  }

  private static HostData stored(double[] numbers) {
    HostData data = HostData.allocate(DType.FLOAT64, numbers.length);
    for (int i = 0; i < numbers.length; i++) {
      data.setDouble(i, numbers[i]);
    }
    return data;
  }

  private static double[] doubles(Tensor result, Map<Tensor, HostData> bindings) {
    HostData data = ReferenceInterpreter.evaluate(List.of(result), bindings).get(0);
    double[] numbers = new double[Math.toIntExact(data.elements())];
    Arrays.setAll(numbers, data::getDouble);
    return numbers;
  }
}
