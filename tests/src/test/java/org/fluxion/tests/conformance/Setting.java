package org.fluxion.tests.conformance;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.Trial;

/**
 * Puts a case into a program: its operands are inputs, constants, or views of inputs in whatever
 * order; the result is the first output, and others follow from it without rounding.
 */
final class Setting {
  private final Random random;
  private final Draw draw;
  private final List<Tensor> inputs = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();

  private Setting(Random random) {
    this.random = random;
    this.draw = new Draw(random, Draw.Kind.ANY);
  }

  /** A case in a random setting. */
  static Trial of(OpCase c, String name, Random random) {
    return new Setting(random).trial(c, name);
  }

  private Trial trial(OpCase c, String name) {
    List<Tensor> operands = c.operands().stream().map(this::operand).toList();
    Tensor result = Tensor.apply(c.op(), operands);
    if (c.op() instanceof Op.Input input) {
      inputs.add(result);
      values.add(draw.any(input.dtype(), input.shape()));
    }
    List<Tensor> outputs = new ArrayList<>(List.of(result));
    Shape shape = result.shape();
    if (random.nextBoolean() && shape.rank() > 0) {
      outputs.add(result.flip(shape.rank() - 1));
    }
    if (random.nextBoolean() && result.dtype() == DType.BOOL) {
      outputs.add(result.not());
    } else if (random.nextBoolean() && !result.dtype().isStorageOnly()) {
      // Doubling rounds nothing.
      outputs.add(result.dtype() == DType.BOOL ? result.or(result) : result.add(result));
    }
    return new Trial(name, new Graph(inputs, outputs), values);
  }

  private Tensor operand(Tensor operand) {
    Shape shape = operand.shape();
    return switch (shape.elements() <= 1 ? random.nextInt(2) : random.nextInt(8)) {
      case 0 -> operand;
      case 1, 2 -> input(operand);
      case 3 -> {
        List<Integer> axes = draw.axes(shape);
        yield Tensor.apply(new Op.Flip(axes), List.of(input(operand)));
      }
      case 4 -> {
        List<Integer> order = draw.order(shape);
        int[] extents = new int[shape.rank()];
        for (int axis = 0; axis < extents.length; axis++) {
          extents[order.get(axis)] = shape.extent(axis);
        }
        Tensor stored = Tensor.of(operand.value(), Shape.of(extents));
        yield Tensor.apply(new Op.Permute(order), List.of(input(stored)));
      }
      case 5 -> {
        int axis = draw.axis(shape);
        Tensor twice =
            Tensor.of(
                Tensor.concat(axis, operand, operand).value(),
                shape.with(axis, 2 * shape.extent(axis)));
        int from = draw.between(0, shape.extent(axis));
        yield input(twice).slice(axis, from, from + shape.extent(axis));
      }
      case 6 -> {
        Shape narrow = draw.narrowed(shape);
        HostData first = HostData.allocate(operand.dtype(), narrow.elements());
        MemorySegment.copy(
            operand.value().segment(), 0, first.segment(), 0, first.segment().byteSize());
        yield Tensor.apply(new Op.Broadcast(shape), List.of(input(Tensor.of(first, narrow))));
      }
      default -> input(Tensor.of(operand.value(), Shape.of((int) shape.elements()))).reshape(shape);
    };
  }

  private Tensor input(Tensor value) {
    Tensor input = Tensor.input("x" + inputs.size(), value.shape(), value.dtype());
    inputs.add(input);
    values.add(value);
    return input;
  }
}
