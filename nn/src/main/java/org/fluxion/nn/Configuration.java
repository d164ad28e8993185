package org.fluxion.nn;

import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/** The checks that layers and optimizers share. */
final class Configuration {
  private Configuration() {}

  static void requirePositive(String layer, String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: expected %s of at least 1, got %d".formatted(layer, what, value));
    }
  }

  static void requireLast(String layer, Tensor x, int width) {
    if (x.shape().rank() == 0 || x.shape().extent(-1) != width) {
      throw new TensorException(
          "%s: expected input [..., %d], got %s; check the width that the layer was made with"
              .formatted(layer, width, x.shape()));
    }
  }

  static void requireEpsilon(String layer, double epsilon) {
    if (!(epsilon >= 0)) {
      throw new IllegalArgumentException(
          "%s: expected epsilon of at least 0, got %s".formatted(layer, epsilon));
    }
  }

  static void requireFraction(String what, String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          "%s: expected %s from 0 to below 1, got %s".formatted(what, name, value));
    }
  }

  static void requireNotNegative(String what, String name, double value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException(
          "%s: expected %s of at least 0, got %s".formatted(what, name, value));
    }
  }
}
