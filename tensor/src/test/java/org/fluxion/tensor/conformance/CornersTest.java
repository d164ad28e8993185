package org.fluxion.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Example;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/** The corners are met by every operation that has some, and in pairs. */
class CornersTest {
  private static boolean hasCorners(Class<? extends Op> op) {
    return Op.Unary.class.isAssignableFrom(op)
        || Op.Binary.class.isAssignableFrom(op)
        || op == Op.Cast.class
        || op == Op.ReduceMax.class;
  }

  @Example
  void noOperationIsLeftOut() {
    Set<Class<? extends Op>> tried = new HashSet<>();
    for (DType dtype : DType.values()) {
      Trial trial = new Corners(dtype).trial(List.of(DType.values()));
      Set<Class<? extends Op>> here = new HashSet<>();
      trial.graph().outputs().forEach(output -> here.add(output.op().getClass()));
      for (OpTable.Row row : OpTable.rows()) {
        boolean expected = hasCorners(row.op()) && row.takes(dtype);
        if (row.op() == Op.ReduceMax.class) {
          expected &= dtype.isFloating();
        }
        assertEquals(expected, here.contains(row.op()), row.op() + " of " + dtype);
      }
      tried.addAll(here);
    }
    assertTrue(tried.size() > 25, tried::toString);
  }

  @Example
  void everyPairOccurs() {
    List<Tensor> operands = new Corners(DType.FLOAT32).of(new Op.Pow()).get(0).operands();
    HostData a = operands.get(0).value();
    HostData b = operands.get(1).value();
    Set<List<Double>> pairs = new HashSet<>();
    Set<Double> numbers = new HashSet<>();
    for (long i = 0; i < a.elements(); i++) {
      // Boxed, zeros differ by their signs, and what is no number is itself.
      pairs.add(List.of(a.getDouble(i), b.getDouble(i)));
      numbers.add(a.getDouble(i));
    }
    assertEquals(numbers.size() * numbers.size(), pairs.size());
    assertTrue(
        numbers.containsAll(
            List.of(0.0, -0.0, 1.0, -1.0, Double.NaN, 1 / 0.0, -1 / 0.0, (double) 1e20f)),
        numbers::toString);
  }

  @Example
  void whatADeviceLacksIsNotAsked() {
    Trial trial = new Corners(DType.FLOAT32).trial(List.of(DType.FLOAT32, DType.INT32));
    Set<DType> dtypes = new HashSet<>();
    trial.graph().outputs().forEach(output -> dtypes.add(output.dtype()));
    assertEquals(Set.of(DType.FLOAT32, DType.INT32), dtypes);
  }
}
