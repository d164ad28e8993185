package org.fluxion.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * The numbers of {@link ScalarElementary} as vectors. As constants they cost the JIT far less than
 * broadcasts inside a loop, of which a long function has more than it is willing to inline.
 */
final class FloatConstants {
  static final FloatVector LOG2_E = all(ScalarElementary.LOG2_E);
  static final FloatVector ROUNDER = all(ScalarElementary.ROUNDER);
  static final FloatVector MINUS_LN2_LOW = all(-ScalarElementary.LN2_LOW);
  static final FloatVector MINUS_LN2_HIGH = all(-ScalarElementary.LN2_HIGH);
  static final FloatVector EXP_4 = all(ScalarElementary.EXP_4);
  static final FloatVector EXP_3 = all(ScalarElementary.EXP_3);
  static final FloatVector EXP_2 = all(ScalarElementary.EXP_2);
  static final FloatVector EXP_1 = all(ScalarElementary.EXP_1);
  static final FloatVector EXP_0 = all(ScalarElementary.EXP_0);
  static final FloatVector EXPM1_5 = all(ScalarElementary.EXPM1_5);
  static final FloatVector EXPM1_4 = all(ScalarElementary.EXPM1_4);
  static final FloatVector EXPM1_3 = all(ScalarElementary.EXPM1_3);
  static final FloatVector EXPM1_2 = all(ScalarElementary.EXPM1_2);
  static final FloatVector EXPM1_1 = all(ScalarElementary.EXPM1_1);
  static final FloatVector EXPM1_0 = all(ScalarElementary.EXPM1_0);
  static final FloatVector ZERO = all(0f);
  static final FloatVector LOG_7 = all(ScalarElementary.LOG_7);
  static final FloatVector LOG_6 = all(ScalarElementary.LOG_6);
  static final FloatVector LOG_5 = all(ScalarElementary.LOG_5);
  static final FloatVector LOG_4 = all(ScalarElementary.LOG_4);
  static final FloatVector LOG_3 = all(ScalarElementary.LOG_3);
  static final FloatVector LOG_2 = all(ScalarElementary.LOG_2);
  static final FloatVector LOG_1 = all(ScalarElementary.LOG_1);
  static final FloatVector LOG_0 = all(ScalarElementary.LOG_0);
  static final FloatVector LN2_LOW = all(ScalarElementary.LN2_LOW);
  static final FloatVector LN2_HIGH = all(ScalarElementary.LN2_HIGH);
  static final FloatVector ONE = all(1f);
  static final FloatVector TWO_OVER_PI = all(ScalarElementary.TWO_OVER_PI);
  static final FloatVector MINUS_HALF_PI_HIGH = all(-ScalarElementary.HALF_PI_HIGH);
  static final FloatVector MINUS_HALF_PI_MIDDLE = all(-ScalarElementary.HALF_PI_MIDDLE);
  static final FloatVector MINUS_HALF_PI_LOW = all(-ScalarElementary.HALF_PI_LOW);
  static final FloatVector SIN_2 = all(ScalarElementary.SIN_2);
  static final FloatVector SIN_1 = all(ScalarElementary.SIN_1);
  static final FloatVector SIN_0 = all(ScalarElementary.SIN_0);
  static final FloatVector COS_2 = all(ScalarElementary.COS_2);
  static final FloatVector COS_1 = all(ScalarElementary.COS_1);
  static final FloatVector COS_0 = all(ScalarElementary.COS_0);
  static final FloatVector MINUS_HALF = all(-0.5f);
  static final FloatVector TWO = all(2f);
  static final FloatVector ERFC_7 = all(ScalarElementary.ERFC_7);
  static final FloatVector ERFC_6 = all(ScalarElementary.ERFC_6);
  static final FloatVector ERFC_5 = all(ScalarElementary.ERFC_5);
  static final FloatVector ERFC_4 = all(ScalarElementary.ERFC_4);
  static final FloatVector ERFC_3 = all(ScalarElementary.ERFC_3);
  static final FloatVector ERFC_2 = all(ScalarElementary.ERFC_2);
  static final FloatVector ERFC_1 = all(ScalarElementary.ERFC_1);
  static final FloatVector ERFC_0 = all(ScalarElementary.ERFC_0);
  static final FloatVector ERF_6 = all(ScalarElementary.ERF_6);
  static final FloatVector ERF_5 = all(ScalarElementary.ERF_5);
  static final FloatVector ERF_4 = all(ScalarElementary.ERF_4);
  static final FloatVector ERF_3 = all(ScalarElementary.ERF_3);
  static final FloatVector ERF_2 = all(ScalarElementary.ERF_2);
  static final FloatVector ERF_1 = all(ScalarElementary.ERF_1);
  static final FloatVector ERF_0 = all(ScalarElementary.ERF_0);
  static final FloatVector HALF = all(0.5f);
  static final FloatVector SUBNORMAL_SCALE = all(ScalarElementary.SUBNORMAL_SCALE);
  static final FloatVector TINY = all(ScalarElementary.TINY);
  static final FloatVector MIN_NORMAL = all(Float.MIN_NORMAL);
  static final FloatVector POSITIVE_INFINITY = all(Float.POSITIVE_INFINITY);
  static final FloatVector MINUS_ONE = all(-1f);
  static final FloatVector ERF_SMALL = all(ScalarElementary.ERF_SMALL);
  static final FloatVector SUBNORMAL_EXPONENT = all(ScalarElementary.SUBNORMAL_EXPONENT);
  static final FloatVector NEGATIVE_INFINITY = all(Float.NEGATIVE_INFINITY);
  static final FloatVector NAN = all(Float.NaN);
  static final FloatVector EXP_LEAST = all(ScalarElementary.EXP_LEAST);
  static final FloatVector EXPM1_LEAST = all(ScalarElementary.EXPM1_LEAST);
  static final FloatVector TANH_MOST = all(ScalarElementary.TANH_MOST);
  static final FloatVector ERF_MOST = all(ScalarElementary.ERF_MOST);
  static final FloatVector EXP_MOST = all(ScalarElementary.EXP_MOST);
  static final FloatVector TRIGONOMETRIC_MOST = all(ScalarElementary.TRIGONOMETRIC_MOST);

  static final IntVector INT_ZERO = all(0);
  static final IntVector INT_ONE = all(1);
  static final IntVector SIGN = all(Integer.MIN_VALUE);
  static final IntVector MANTISSA = all(ScalarElementary.MANTISSA);
  static final IntVector ROUNDER_BITS = all(ScalarElementary.ROUNDER_BITS);
  static final IntVector ROOT_HALF_BITS = all(ScalarElementary.ROOT_HALF_BITS);
  static final IntVector ONE_BITS = all(ScalarElementary.ONE_BITS);
  static final IntVector HALF_BITS = all(ScalarElementary.HALF_BITS);
  static final IntVector BIAS = all(127);
  static final IntVector MOST_SCALED = all(126);

  private FloatConstants() {}

  private static IntVector all(int value) {
    return IntVector.broadcast(Species.INT, value);
  }

  private static FloatVector all(float value) {
    return FloatVector.broadcast(Species.FLOAT, value);
  }
}
