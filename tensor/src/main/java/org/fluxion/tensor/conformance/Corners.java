package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * The values at which drivers' own functions go wrong: zeros with a sign, infinities, what is no
 * number, the ends of a dtype's range, and huge numbers beside ordinary ones in one vector. Chance
 * seldom brings two of them together; here is every pair.
 */
public final class Corners {
  private static final double[] REALS = {
    0.0,
    -0.0,
    1,
    -1,
    0.5,
    -0.5,
    3,
    -3,
    -2.5,
    1e-3,
    Float.MIN_VALUE,
    -Float.MIN_NORMAL,
    88.5,
    -1000.25,
    0x1p23 + 1,
    -0x1p31,
    1e20,
    -Float.MAX_VALUE,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN
  };

  private static final long[] WHOLES = {
    0,
    1,
    -1,
    2,
    -3,
    7,
    (1L << 24) + 1,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 32,
    (1L << 53) + 1,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  /** Truth values are the first two whole numbers. */
  private static final int TRUTHS = 2;

  /** Of pairs of these the largest is found. */
  private static final double[] EXTREMES = {
    0.0, -0.0, -1, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, Double.NaN
  };

  /** How many have one maximum: more than a vector, and a part of one. */
  private static final int LENGTH = 37;

  private final DType dtype;

  /** The first of each pair; neighbours are mostly equal. */
  private final Tensor left;

  /** The second of each pair; neighbours differ. */
  private final Tensor right;

  /**
   * The corners of a dtype.
   *
   * @param dtype the dtype
   */
  public Corners(DType dtype) {
    this.dtype = dtype;
    int n = dtype.isFloating() ? REALS.length : dtype == DType.BOOL ? TRUTHS : WHOLES.length;
    left = number(i -> i / n, n, n);
    right = number(i -> i % n, n, n);
  }

  /** Numbers by their places in the list. */
  private Tensor number(IntUnaryOperator place, int... extents) {
    Shape shape = Shape.of(extents);
    HostData data = HostData.allocate(dtype, shape.elements());
    for (int i = 0; i < data.elements(); i++) {
      if (dtype.isFloating()) {
        data.setDouble(i, REALS[place.applyAsInt(i)]);
      } else {
        long whole = WHOLES[place.applyAsInt(i)];
        data.setLong(i, dtype == DType.INT32 ? (int) whole : whole);
      }
    }
    return Tensor.of(data, shape);
  }

  /**
   * An operation at the corners.
   *
   * @param op the operation
   * @return cases of it; none if it refuses the dtype, or does not compute element by element
   */
  public List<OpCase> of(Op op) {
    List<OpCase> cases =
        switch (op) {
          case Op.Unary o -> List.of(new OpCase(o, List.of(right)));
          case Op.Cast o -> List.of(new OpCase(o, List.of(right)));
          case Op.Binary o -> List.of(new OpCase(o, List.of(left, right)));
          case Op.ReduceMax o -> maxima();
          default -> List.<OpCase>of();
        };
    return cases.stream().filter(OpCase::isAllowed).toList();
  }

  /** Over rows and over columns, each of one number but for one element. */
  private List<OpCase> maxima() {
    if (!dtype.isFloating()) {
      return List.of();
    }
    int n = EXTREMES.length;
    HostData rows = HostData.allocate(dtype, (long) n * n * LENGTH);
    HostData columns = HostData.allocate(dtype, rows.elements());
    for (int pair = 0; pair < n * n; pair++) {
      for (int i = 0; i < LENGTH; i++) {
        double number = EXTREMES[i == pair % LENGTH ? pair % n : pair / n];
        rows.setDouble((long) pair * LENGTH + i, number);
        columns.setDouble((long) i * n * n + pair, number);
      }
    }
    return List.of(
        new OpCase(new Op.ReduceMax(List.of(1)), List.of(Tensor.of(rows, Shape.of(n * n, LENGTH)))),
        new OpCase(
            new Op.ReduceMax(List.of(0)), List.of(Tensor.of(columns, Shape.of(LENGTH, n * n)))));
  }

  /**
   * All operations at the corners as one graph of few inputs, which few kernels compute.
   *
   * @param has the dtypes that the device computes with
   * @return a trial with an output for each case
   */
  public Trial trial(List<DType> has) {
    Set<Op> operations = new LinkedHashSet<>();
    for (OpTable.Row row : OpTable.rows()) {
      operations.add(row.draw(dtype, new Draw(new Random(1), Draw.Kind.ANY)).op());
    }
    Map<Tensor, Tensor> inputs = new HashMap<>();
    List<Tensor> values = new ArrayList<>();
    List<Tensor> outputs = new ArrayList<>();
    for (Op op : operations) {
      for (OpCase c : of(op)) {
        for (Tensor value : c.operands()) {
          if (!inputs.containsKey(value)) {
            inputs.put(value, Tensor.input("x" + values.size(), value.shape(), dtype));
            values.add(value);
          }
        }
        Tensor result = Tensor.apply(c.op(), c.operands().stream().map(inputs::get).toList());
        if (has.contains(result.dtype())) {
          outputs.add(result);
        }
      }
    }
    List<Tensor> given = values.stream().map(inputs::get).toList();
    return new Trial("corners of " + dtype, new Graph(given, outputs), values);
  }
}
