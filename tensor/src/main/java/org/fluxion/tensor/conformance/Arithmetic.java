package org.fluxion.tensor.conformance;

import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * How exactly a device is to compute.
 *
 * @param table how far each operation may be off
 * @param flushesSubnormals whether float32 numbers below the smallest normal one become zeros
 * @param withoutDoubles what it says if it cannot compute in float64; empty if it can
 */
public record Arithmetic(Table table, boolean flushesSubnormals, Optional<String> withoutDoubles) {
  /** How far operations may be off. */
  public enum Table {
    /** What is asked of every backend that has its own functions. */
    OWN("2.5 units in the last place for functions, half a unit for the rest"),
    /** What the standard grants OpenCL's devices. */
    OPENCL("OpenCL 1.2, section 7.4");

    private final String description;

    Table(String description) {
      this.description = description;
    }

    @Override
    public String toString() {
      return description;
    }
  }

  /** Half a unit in the last place: the one right rounding. */
  static final double ROUNDED = 0.5;

  /**
   * The arithmetic of a device. Small programs find out what it does with subnormal numbers, and
   * whether it has float64.
   *
   * @param device the device
   * @return what may be asked of it
   */
  public static Arithmetic of(Device device) {
    Tensor x = Tensor.input("x", Shape.of(2), DType.FLOAT32);
    Tensor y = Tensor.input("y", Shape.of(2), DType.FLOAT32);
    // A result that is subnormal, and an operand.
    Tensor values = Tensor.of(new float[] {Float.MIN_NORMAL, Float.MIN_NORMAL / 2}, 2);
    Tensor factors = Tensor.of(new float[] {0.5f, 4}, 2);
    Trial trial =
        new Trial(
            "subnormal numbers",
            new Graph(List.of(x, y), List.of(x.mul(y))),
            List.of(values, factors));
    float[] products = new float[2];
    for (int i = 0; i < 2; i++) {
      products[i] = (float) trial.run(device).get(0).getDouble(i);
    }
    return new Arithmetic(
        table(device), products[0] == 0 || products[1] == 0, withoutDoubles(device));
  }

  /**
   * The arithmetic of a device of which nothing can be found out, since even small programs fail.
   *
   * @param device the device
   * @return what may be asked of it at least
   */
  public static Arithmetic unknown(Device device) {
    return new Arithmetic(table(device), true, Optional.empty());
  }

  private static Table table(Device device) {
    return device.name().startsWith("opencl:") ? Table.OPENCL : Table.OWN;
  }

  private static Optional<String> withoutDoubles(Device device) {
    Tensor x = Tensor.input("x", Shape.SCALAR, DType.FLOAT64);
    try {
      new Trial(
              "float64",
              new Graph(List.of(x), List.of(x.mul(x))),
              List.of(Tensor.scalar(3, DType.FLOAT64)))
          .run(device);
      return Optional.empty();
    } catch (TensorException refused) {
      return Optional.of(refused.getMessage());
    }
  }

  /**
   * Whether the device computes with a dtype.
   *
   * @param dtype the dtype
   * @return false for float64 on a device without it
   */
  public boolean has(DType dtype) {
    return dtype != DType.FLOAT64 || withoutDoubles.isEmpty();
  }

  /**
   * How many units in the last place a result may be off, given exact operands.
   *
   * @param op an operation that computes; movement is exact
   * @param dtype the result's dtype
   * @return units; 0.5 for the one right rounding
   */
  public double units(Op op, DType dtype) {
    return switch (table) {
      case OWN ->
          switch (op) {
            case Op.Exp o -> 2.5;
            case Op.Expm1 o -> 2.5;
            case Op.Log o -> 2.5;
            case Op.Log1p o -> 2.5;
            case Op.Sin o -> 2.5;
            case Op.Cos o -> 2.5;
            case Op.Tanh o -> 2.5;
            case Op.Sigmoid o -> 2.5;
            case Op.Erf o -> 2.5;
            case Op.Pow o -> 2.5;
            default -> ROUNDED;
          };
      case OPENCL ->
          switch (op) {
            case Op.Div o -> dtype == DType.FLOAT64 ? ROUNDED : 2.5;
            case Op.Sqrt o -> dtype == DType.FLOAT64 ? ROUNDED : 3;
            case Op.Log1p o -> 2;
            case Op.Exp o -> 3;
            case Op.Expm1 o -> 3;
            case Op.Log o -> 3;
            case Op.Sin o -> 4;
            case Op.Cos o -> 4;
            case Op.Tanh o -> 5;
            // The sum of 1 and an exponential, and a quotient.
            case Op.Sigmoid o -> dtype == DType.FLOAT64 ? 4 : 6;
            case Op.Erf o -> 16;
            case Op.Pow o -> 16;
            default -> ROUNDED;
          };
    };
  }
}
