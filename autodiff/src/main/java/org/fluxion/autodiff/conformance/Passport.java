package org.fluxion.autodiff.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.OpTable.Row;

/**
 * Finds out whether a device is to be trusted: of every operation the result, tangent and gradient
 * are held against the reference. Whatever the device does, short of ending the process, is a
 * finding about one operation, and the next is tried.
 */
public final class Passport {
  private final Arithmetic arithmetic;
  private final List<String> notes = new ArrayList<>();
  private final List<OperationCheck> checks = new ArrayList<>();

  /**
   * Makes it ready, for which small programs are run.
   *
   * @param device the device
   * @param seed decides what is tried
   */
  public Passport(Device device, long seed) {
    arithmetic = arithmetic(device);
    arithmetic.withoutDoubles().ifPresent(why -> notes.add("float64 is not tried: " + why));
    if (arithmetic.flushesSubnormals()) {
      notes.add("float32 numbers below 1.2e-38 become zeros, which is allowed");
    }
    Map<String, List<Row>> rows = new LinkedHashMap<>();
    for (Row row : OpTable.rows()) {
      rows.computeIfAbsent(name(row), name -> new ArrayList<>()).add(row);
    }
    rows.forEach(
        (name, all) -> checks.add(new OperationCheck(name, all, device, arithmetic, seed)));
  }

  private Arithmetic arithmetic(Device device) {
    try {
      return Arithmetic.of(device);
    } catch (RuntimeException failure) {
      notes.add("a product of four numbers already fails: " + OperationCheck.firstLine(failure));
      return Arithmetic.unknown(device);
    }
  }

  private static String name(Row row) {
    Op op = row.draw(DType.FLOAT32, new Draw(new Random(1), Draw.Kind.MODERATE)).op();
    return op instanceof Op.Custom ? "custom" : op.label();
  }

  /**
   * How exactly the device is to compute.
   *
   * @return its arithmetic
   */
  public Arithmetic arithmetic() {
    return arithmetic;
  }

  /**
   * What else there is to say, such as a dtype that could not be tried, and why.
   *
   * @return a line each
   */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /**
   * What is to be done.
   *
   * @return a check for each operation
   */
  public List<OperationCheck> checks() {
    return List.copyOf(checks);
  }
}
