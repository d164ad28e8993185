package org.fluxion.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;

/**
 * What the reference interpreter computes with: doubles for floating point, longs for integers and
 * bools, so that both are exact. Movement is the same for both: a list of source positions.
 */
sealed interface Values {
  /** Floating point, not rounded to the dtype until it is written. */
  record Reals(double[] a) implements Values {
    @Override
    public boolean isReal() {
      return true;
    }

    @Override
    public int size() {
      return a.length;
    }

    @Override
    public double real(int i) {
      return a[i];
    }

    @Override
    public long whole(int i) {
      return (long) a[i];
    }

    @Override
    public int compare(int i, int j) {
      // Adding 0.0 makes both zeros equal; NaN is above everything.
      return Double.compare(a[i] + 0.0, a[j] + 0.0);
    }

    @Override
    public Values pick(int[] sources) {
      double[] result = new double[sources.length];
      Arrays.setAll(result, i -> sources[i] < 0 ? 0 : a[sources[i]]);
      return new Reals(result);
    }
  }

  /** Integers, within their dtype's width, and bools as 0 and 1. */
  record Wholes(long[] a) implements Values {
    @Override
    public boolean isReal() {
      return false;
    }

    @Override
    public int size() {
      return a.length;
    }

    @Override
    public double real(int i) {
      return a[i];
    }

    @Override
    public long whole(int i) {
      return a[i];
    }

    @Override
    public int compare(int i, int j) {
      return Long.compare(a[i], a[j]);
    }

    @Override
    public Values pick(int[] sources) {
      long[] result = new long[sources.length];
      Arrays.setAll(result, i -> sources[i] < 0 ? 0 : a[sources[i]]);
      return new Wholes(result);
    }
  }

  /**
   * Elements as they are stored, read when they are needed: a slice of a large constant does not
   * cost the whole.
   */
  final class Stored implements Values {
    private final HostData data;
    private Values all;

    Stored(HostData data) {
      this.data = data;
    }

    /** Whether all of them have been read. */
    boolean isLoaded() {
      return all != null;
    }

    @Override
    public Values loaded() {
      if (all == null) {
        if (isReal()) {
          all = new Reals(data.toDoubles());
        } else {
          long[] result = new long[size()];
          Arrays.setAll(result, data::getLong);
          all = new Wholes(result);
        }
      }
      return all;
    }

    @Override
    public boolean isReal() {
      return data.dtype().isFloating();
    }

    @Override
    public int size() {
      return (int) data.elements();
    }

    @Override
    public double real(int i) {
      return data.getDouble(i);
    }

    @Override
    public long whole(int i) {
      return data.getLong(i);
    }

    @Override
    public int compare(int i, int j) {
      return loaded().compare(i, j);
    }

    @Override
    public Values pick(int[] sources) {
      if (isReal()) {
        double[] result = new double[sources.length];
        Arrays.setAll(result, i -> sources[i] < 0 ? 0 : data.getDouble(sources[i]));
        return new Reals(result);
      }
      long[] result = new long[sources.length];
      Arrays.setAll(result, i -> sources[i] < 0 ? 0 : data.getLong(sources[i]));
      return new Wholes(result);
    }
  }

  /** Whether these are floating point. */
  boolean isReal();

  /** The same in an array. */
  default Values loaded() {
    return this;
  }

  /** The number of elements. */
  int size();

  /** An element as a double. */
  double real(int i);

  /** An element as a long; floating point truncates and saturates. */
  long whole(int i);

  /** The order of two elements. */
  int compare(int i, int j);

  /** The elements at positions; a negative one reads 0. */
  Values pick(int[] sources);

  static HostData write(DType dtype, Values values) {
    if (dtype == DType.FLOAT64 && values.loaded() instanceof Reals reals) {
      return HostData.of(reals.a());
    }
    HostData data = HostData.allocate(dtype, values.size());
    for (int i = 0; i < values.size(); i++) {
      if (!values.isReal()) {
        data.setLong(i, values.whole(i));
      } else {
        data.setDouble(i, values.real(i));
      }
    }
    return data;
  }

  /** One after another. */
  static Values concat(List<Values> parts) {
    int size = parts.stream().mapToInt(Values::size).sum();
    int start = 0;
    if (!parts.get(0).isReal()) {
      long[] result = new long[size];
      for (Values part : parts) {
        for (int i = 0; i < part.size(); i++) {
          result[start++] = part.whole(i);
        }
      }
      return new Wholes(result);
    }
    double[] result = new double[size];
    for (Values part : parts) {
      for (int i = 0; i < part.size(); i++) {
        result[start++] = part.real(i);
      }
    }
    return new Reals(result);
  }

  /** Brings an integer into its dtype's width. */
  static long wrap(DType dtype, long value) {
    return dtype == DType.INT32 ? (int) value : value;
  }

  /** Folds every element into the result at its target, of which a negative one drops it. */
  static Values accumulate(
      Tensor node,
      Values a,
      int[] targets,
      double realStart,
      DoubleBinaryOperator real,
      long wholeStart,
      LongBinaryOperator whole) {
    int size = (int) node.shape().elements();
    if (!a.isReal()) {
      long[] result = new long[size];
      Arrays.fill(result, wholeStart);
      for (int i = 0; i < targets.length; i++) {
        if (targets[i] >= 0) {
          long folded = whole.applyAsLong(result[targets[i]], a.whole(i));
          result[targets[i]] = wrap(node.dtype(), folded);
        }
      }
      return new Wholes(result);
    }
    double[] result = new double[size];
    Arrays.fill(result, realStart);
    for (int i = 0; i < targets.length; i++) {
      if (targets[i] >= 0) {
        result[targets[i]] = real.applyAsDouble(result[targets[i]], a.real(i));
      }
    }
    return new Reals(result);
  }
}
