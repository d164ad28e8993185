package org.fluxion.tensor;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Java numbers as scalars of a dtype: floats round, integers and bools take what they hold. */
final class Numbers {
  private Numbers() {}

  /** A scalar for an operation; a number that an integer dtype does not hold is an error. */
  static Tensor scalar(String operation, double value, DType dtype) {
    if (!dtype.isFloating()) {
      if (value != Math.rint(value) || value < -0x1p63 || value >= 0x1p63) {
        throw unheld(operation, Double.toString(value), dtype);
      }
      return scalar(operation, (long) value, dtype);
    }
    HostData data = HostData.allocate(dtype, 1);
    data.setDouble(0, value);
    return Tensor.of(data, Shape.SCALAR);
  }

  /** The same of a long, exact over its whole width. */
  static Tensor scalar(String operation, long value, DType dtype) {
    boolean held =
        switch (dtype) {
          case INT32 -> value == (int) value;
          case BOOL -> value == 0 || value == 1;
          case INT64, FLOAT32, FLOAT64, FLOAT16, BFLOAT16 -> true;
        };
    if (!held) {
      throw unheld(operation, Long.toString(value), dtype);
    }
    HostData data = HostData.allocate(dtype, 1);
    data.setLong(0, value);
    return Tensor.of(data, Shape.SCALAR);
  }

  private static TensorException unheld(String operation, String value, DType dtype) {
    return new TensorException(
        "%s: %s is not a value of %s; %s"
            .formatted(
                operation,
                value,
                dtype,
                dtype == DType.BOOL
                    ? "give 0 or 1, or cast the tensor to a numeric dtype first"
                    : "give an integer from %s, or cast the tensor first, as to float64"
                        .formatted(dtype == DType.INT32 ? "−2³¹ to 2³¹ − 1" : "−2⁶³ to 2⁶³ − 1")));
  }

  /** Limits; on integers to those inside the interval, of which the dtype's width is part. */
  static Tensor clip(Tensor x, double low, double high) {
    if (!x.dtype().isInteger()) {
      return x.maximum(scalar("clip", low, x.dtype())).minimum(scalar("clip", high, x.dtype()));
    }
    double first = Math.ceil(low);
    double last = Math.floor(high);
    if (Double.isNaN(low) || Double.isNaN(high) || (low <= high && first > last)) {
      throw new TensorException(
          "clip: no %s lies from %s to %s; give bounds with an integer between them, or cast first"
              .formatted(x.dtype(), low, high));
    }
    return x.maximum(saturated(first, x.dtype())).minimum(saturated(last, x.dtype()));
  }

  private static Tensor saturated(double bound, DType dtype) {
    long nearest = (long) bound;
    long held =
        dtype == DType.INT32 ? Math.clamp(nearest, Integer.MIN_VALUE, Integer.MAX_VALUE) : nearest;
    return scalar("clip", held, dtype);
  }

  /** Longs as ints, each of which must be one. */
  static int[] toIntArray(long[] elements) {
    int[] result = new int[elements.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (int) elements[i];
      if (result[i] != elements[i]) {
        throw new TensorException(
            "toIntArray: element %d is %d, too wide for an int; use toLongArray()"
                .formatted(i, elements[i]));
      }
    }
    return result;
  }

  /** Close by given tolerances; exact between integers, where doubles would not tell them apart. */
  static boolean allClose(Tensor a, Tensor b, double relative, double absolute) {
    if (!a.shape().equals(b.shape())) {
      return false;
    }
    if (a.dtype().isInteger() && b.dtype().isInteger() && relative == 0 && absolute == 0) {
      return Arrays.equals(a.toLongArray(), b.toLongArray());
    }
    double[] x = a.toDoubleArray();
    double[] y = b.toDoubleArray();
    return IntStream.range(0, x.length)
        .allMatch(
            i -> x[i] == y[i] || Math.abs(x[i] - y[i]) <= absolute + relative * Math.abs(y[i]));
  }

  /** Close by the default tolerances of the coarser dtype. */
  static boolean allClose(Tensor a, Tensor b) {
    return a.allClose(
        b,
        Math.max(relativeTolerance(a.dtype()), relativeTolerance(b.dtype())),
        Math.max(absoluteTolerance(a.dtype()), absoluteTolerance(b.dtype())));
  }

  private static double relativeTolerance(DType dtype) {
    return switch (dtype) {
      case FLOAT64 -> 1e-7;
      case FLOAT32 -> 1.3e-6;
      case FLOAT16 -> 1e-3;
      case BFLOAT16 -> 1.6e-2;
      case INT32, INT64, BOOL -> 0;
    };
  }

  private static double absoluteTolerance(DType dtype) {
    return switch (dtype) {
      case FLOAT64 -> 1e-7;
      case FLOAT32, FLOAT16, BFLOAT16 -> 1e-5;
      case INT32, INT64, BOOL -> 0;
    };
  }
}
