package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;

/** Kinds of numbers at which functions break, as a dtype has them. */
enum Edge {
  /** Where usual functions have a kink, a jump, a zero or a pole; also what makes ties. */
  KINK,
  /** One place beside these, to both sides: what the kink itself excuses must be right there. */
  NEIGHBOUR,
  /** From what differences still tell of down to the smallest subnormal number. */
  TINY,
  /** Up to the largest number, with what overflows in a square, and nearly in an exponential. */
  LARGE,
  /** Both infinities, and what is no number. */
  NOT_FINITE;

  private static final double[] KINKS = {0.5, 1, 2, 3};

  /** Nearer to a pole at 0 than numbers that are drawn, and farther than a step of differences. */
  private static final double[] SMALL = {0x1p-6, 0x1p-11};

  private static final double[] WHOLE_KINKS = {1, 2, 3};

  /**
   * How numbers are stored: with so many binary digits, times powers of two.
   *
   * @param digits how many, the leading one included
   * @param least the exponent of the smallest normal number
   * @param most the exponent of the largest number
   */
  private record Format(int digits, int least, int most) {
    static Format of(DType dtype) {
      return switch (dtype) {
        case FLOAT64 -> new Format(53, -1022, 1023);
        case FLOAT32 -> new Format(24, -126, 127);
        case FLOAT16 -> new Format(11, -14, 15);
        case BFLOAT16 -> new Format(8, -126, 127);
        case INT32, INT64, BOOL -> throw new AssertionError(dtype + " is no floating point");
      };
    }

    private static double power(int exponent) {
      return Math.scalb(1.0, exponent);
    }

    private double ulp(double x) {
      return power(Math.max(Math.getExponent(x), least) - digits + 1);
    }

    private double largest() {
      return Math.scalb(2 - ulp(1), most);
    }

    double[] neighbours() {
      return DoubleStream.of(KINKS)
          .flatMap(
              x -> {
                boolean isPower = x == power(Math.getExponent(x));
                return DoubleStream.of(x - (isPower ? ulp(x) / 2 : ulp(x)), x + ulp(x));
              })
          .toArray();
    }

    double[] tiny() {
      double smallest = ulp(0);
      double normal = power(least);
      double zeroWhenSquared = power(Math.floorDiv(least - digits, 2));
      return DoubleStream.concat(
              DoubleStream.of(SMALL),
              DoubleStream.of(ulp(1), zeroWhenSquared, normal, normal - smallest, smallest))
          .toArray();
    }

    double[] large() {
      double infiniteWhenSquared = power((most + 1) / 2);
      return new double[] {
        Math.floor(Math.log(largest())), power(digits), infiniteWhenSquared, largest()
      };
    }
  }

  /**
   * The numbers of this kind.
   *
   * @param dtype the dtype, which has each of them exactly
   * @return the numbers, of both signs; none of some kinds of integers
   */
  List<Double> of(DType dtype) {
    if (!dtype.isFloating()) {
      return whole(dtype);
    }
    return switch (this) {
      case KINK -> withZeros(KINKS);
      case NEIGHBOUR -> ofBothSigns(Format.of(dtype).neighbours());
      case TINY -> ofBothSigns(Format.of(dtype).tiny());
      case LARGE -> ofBothSigns(Format.of(dtype).large());
      case NOT_FINITE -> List.of(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN);
    };
  }

  private List<Double> whole(DType dtype) {
    return switch (this) {
      case KINK -> withZeros(WHOLE_KINKS);
      case LARGE ->
          dtype == DType.INT32
              ? List.of((double) Integer.MIN_VALUE, (double) Integer.MAX_VALUE)
              // As a double the largest is one more, and becomes the largest again.
              : List.of((double) Long.MIN_VALUE, (double) Long.MAX_VALUE);
      case NEIGHBOUR, TINY, NOT_FINITE -> List.of();
    };
  }

  private static List<Double> withZeros(double... numbers) {
    List<Double> all = new ArrayList<>(List.of(0.0, -0.0));
    all.addAll(ofBothSigns(numbers));
    return all;
  }

  private static List<Double> ofBothSigns(double... numbers) {
    return DoubleStream.of(numbers).boxed().flatMap(x -> Stream.of(x, -x)).toList();
  }
}
