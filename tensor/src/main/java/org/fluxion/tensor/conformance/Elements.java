package org.fluxion.tensor.conformance;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Tensor;

/** Numbers for each element of a tensor, such as errors, where null stands for zeros. */
final class Elements {
  /** The error of what nothing is known of. */
  static final double UNKNOWN = Double.POSITIVE_INFINITY;

  /** Of a zero that may have either sign; it survives being multiplied. */
  static final double EITHER_ZERO = Double.MIN_NORMAL;

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

  /** Whether all are 0. */
  static boolean isZero(double[] numbers) {
    for (double number : numbers) {
      if (number != 0) {
        return false;
      }
    }
    return true;
  }

  /** A node's operation, of other numbers in its operands' place. */
  static double[] apply(Tensor z, double[]... operands) {
    return ReferenceInterpreter.apply(z, Arrays.stream(operands).map(HostData::of).toList())
        .toDoubles();
  }
}
