package org.fluxion.tensor.cpu;

/** Elementary functions of one float. */
final class ScalarElementary {
  private ScalarElementary() {}

  static float floor(float x) {
    return (float) Math.floor(x);
  }

  static float sqrt(float x) {
    return (float) Math.sqrt(x);
  }

  static float exp(float x) {
    return (float) StrictMath.exp(x);
  }

  static float log(float x) {
    return (float) StrictMath.log(x);
  }

  static float log1p(float x) {
    return (float) StrictMath.log1p(x);
  }

  static float expm1(float x) {
    return (float) StrictMath.expm1(x);
  }

  static float sin(float x) {
    return (float) StrictMath.sin(x);
  }

  static float cos(float x) {
    return (float) StrictMath.cos(x);
  }

  static float tanh(float x) {
    return (float) StrictMath.tanh(x);
  }

  static float erf(float x) {
    return (float) org.fluxion.tensor.ErrorFunction.erf(x);
  }

  static float pow(float x, float y) {
    return (float) StrictMath.pow(x, y);
  }
}
