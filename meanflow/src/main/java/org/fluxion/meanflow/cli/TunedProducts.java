package org.fluxion.meanflow.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.MatrixOrder;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.fluxion.tensor.profile.Tuner;

/**
 * Products that a tuner takes for alike.
 *
 * @param product the one of them with the most operations
 * @param count how many there are
 * @param flops the operations of all
 */
record TunedProducts(Kernel.MatmulKernel product, int count, long flops) {
  /** Rows, columns, the sums' length, perhaps a batch; perhaps how each operand lies. */
  private static final Pattern SHAPE =
      Pattern.compile("(\\d{1,7})x(\\d{1,7})x(\\d{1,7})(?:x(\\d{1,7}))?(?::([nt])([nt]))?");

  /**
   * The products of plans.
   *
   * @param plans the plans
   * @param tuner who tells what is alike
   * @return those with the most operations first
   */
  static List<TunedProducts> of(List<Plan> plans, Tuner tuner) {
    Map<String, TunedProducts> found = new LinkedHashMap<>();
    for (Plan plan : plans) {
      for (Kernel kernel : plan.kernels()) {
        if (kernel instanceof Kernel.MatmulKernel product && product.flops() > 0) {
          found.merge(
              tuner.classOf(product),
              new TunedProducts(product, 1, product.flops()),
              TunedProducts::and);
        }
      }
    }
    List<TunedProducts> sorted = new ArrayList<>(found.values());
    sorted.sort(Comparator.comparingLong(p -> -p.flops));
    return sorted;
  }

  private TunedProducts and(TunedProducts other) {
    return new TunedProducts(
        product.flops() >= other.product.flops() ? product : other.product,
        count + other.count,
        flops + other.flops);
  }

  /**
   * The plan of a product in float32.
   *
   * @param shape as the option takes it
   * @param options how plans are made for the device
   * @throws IllegalArgumentException if it is no shape
   */
  static Plan plan(String shape, PlanOptions options) {
    Matcher parts = SHAPE.matcher(shape);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "--shape: expected MxNxK or MxNxKxBATCH such as 4096x384x384, and perhaps :nt, got '%s'"
              .formatted(shape));
    }
    int m = extent(shape, parts.group(1));
    int n = extent(shape, parts.group(2));
    int k = extent(shape, parts.group(3));
    int batch = parts.group(4) == null ? 1 : extent(shape, parts.group(4));
    Tensor a = operand("a", batch, m, k, "t".equals(parts.group(5)));
    Tensor b = operand("b", batch, k, n, "t".equals(parts.group(6)));
    Tensor product = turned(a, parts.group(5)).matmul(turned(b, parts.group(6)));
    return Plan.of(new Graph(List.of(a, b), List.of(product)), new int[] {-1}, options);
  }

  private static int extent(String shape, String digits) {
    int extent = Integer.parseInt(digits);
    if (extent < 1) {
      throw new IllegalArgumentException(
          "--shape: expected extents of at least 1, got '%s'".formatted(shape));
    }
    return extent;
  }

  /** A matrix, or a batch of them, as it is stored. */
  private static Tensor operand(String name, int batch, int rows, int columns, boolean turned) {
    int high = turned ? columns : rows;
    int wide = turned ? rows : columns;
    Shape shape = batch == 1 ? Shape.of(high, wide) : Shape.of(batch, high, wide);
    return Tensor.input(name, shape, DType.FLOAT32);
  }

  private static Tensor turned(Tensor stored, String order) {
    return "t".equals(order) ? stored.transpose() : stored;
  }

  /** The shape as the option takes it. */
  String shape() {
    long batch = product.matrices();
    String orders = "" + MatrixOrder.of(product.a()) + MatrixOrder.of(product.b());
    return String.format(
        Locale.ROOT,
        "%dx%dx%d%s:%s",
        product.m(),
        product.n(),
        product.k(),
        batch == 1 ? "" : "x" + batch,
        orders.toLowerCase(Locale.ROOT));
  }
}
