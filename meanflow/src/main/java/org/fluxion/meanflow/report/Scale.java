package org.fluxion.meanflow.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Maps values to places along an axis, and says where its ticks are.
 *
 * @param low the value at the axis's start
 * @param high the value at its end, above {@code low}
 * @param logarithmic whether equal ratios take equal room
 */
record Scale(double low, double high, boolean logarithmic) {
  private static final double[] NICE = {1, 2, 5, 10};

  /**
   * A scale with room for all values and its ends on ticks where it is linear.
   *
   * @param least the least value
   * @param greatest the greatest
   * @param ticks about how many there should be
   */
  static Scale linear(double least, double greatest, int ticks) {
    if (!(greatest > least)) {
      double room = Math.max(Math.abs(least) / 2, 0.5);
      return linear(least - room, least + room, ticks);
    }
    double step = niceStep((greatest - least) / ticks);
    return new Scale(
        Math.floor(least / step + 1e-9) * step, Math.ceil(greatest / step - 1e-9) * step, false);
  }

  /** A scale of ratios with a little room around positive values. */
  static Scale logarithmic(double least, double greatest) {
    double room = Math.max(Math.pow(greatest / least, 0.08), 1.05);
    return new Scale(least / room, greatest * room, true);
  }

  /** The place of a value: 0 at the axis's start, 1 at its end. */
  double position(double value) {
    return logarithmic
        ? Math.log(value / low) / Math.log(high / low)
        : (value - low) / (high - low);
  }

  /** The values to write along the axis. */
  List<Double> ticks(int about) {
    return logarithmic ? ratioTicks(about) : evenTicks(about);
  }

  private List<Double> evenTicks(int about) {
    double step = niceStep((high - low) / about);
    List<Double> ticks = new ArrayList<>();
    for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /** Powers of ten; where they are too few, their doubles and fives too. */
  private List<Double> ratioTicks(int about) {
    double[][] choices = {{1}, {1, 3}, {1, 2, 5}};
    List<Double> ticks = List.of();
    for (double[] factors : choices) {
      ticks = ratioTicks(factors);
      if (ticks.size() >= Math.min(about, 3)) {
        return ticks;
      }
    }
    return ticks.size() >= 2 ? ticks : evenTicks(about);
  }

  private List<Double> ratioTicks(double[] factors) {
    List<Double> ticks = new ArrayList<>();
    for (int power = (int) Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (double factor : factors) {
        double tick = factor * Math.pow(10, power);
        if (tick >= low && tick <= high) {
          ticks.add(tick);
        }
      }
    }
    return ticks;
  }

  private static double niceStep(double atLeast) {
    double power = Math.pow(10, Math.floor(Math.log10(atLeast)));
    for (double nice : NICE) {
      if (nice * power >= atLeast * (1 - 1e-9)) {
        return nice * power;
      }
    }
    return 10 * power;
  }

  /** A tick's value with as many digits as it needs. */
  static String label(double tick) {
    if (Math.abs(tick) < 1e-12) {
      return "0";
    }
    double size = Math.abs(tick);
    if (size >= 1000) {
      return String.format(Locale.ROOT, "%,.0f", tick).replace("-", "−").replace(",", "\u202f");
    }
    String text = String.format(Locale.ROOT, size < 0.001 ? "%.1e" : "%.4f", tick);
    if (size >= 0.001) {
      text = text.replaceAll("0+$", "").replaceAll("\\.$", "");
    }
    return text.replace("-", "−");
  }
}
