package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.Trial;

/**
 * A program as a list of operations, with values of its inputs. Operands and results are known by
 * number: the inputs come first, then the lines.
 *
 * @param values the values of the inputs
 * @param lines the operations, each after what it needs
 * @param outputs the numbers of what is returned
 */
public record RandomProgram(List<Tensor> values, List<Line> lines, List<Integer> outputs)
    implements Example {
  /**
   * An operation.
   *
   * @param op the operation
   * @param operands the numbers of its operands
   */
  public record Line(Op op, List<Integer> operands) {
    /** Copies the list. */
    public Line {
      operands = List.copyOf(operands);
    }
  }

  /** Copies the lists. */
  public RandomProgram {
    values = List.copyOf(values);
    lines = List.copyOf(lines);
    outputs = List.copyOf(outputs);
  }

  @Override
  public List<Tensor> apply(List<Tensor> arguments) {
    List<Tensor> known = all(arguments);
    return outputs.stream().map(known::get).toList();
  }

  /** Whatever there is, by number. */
  List<Tensor> all(List<Tensor> arguments) {
    List<Tensor> known = new ArrayList<>(arguments);
    for (Line line : lines) {
      List<Tensor> operands = new ArrayList<>(line.operands().size());
      for (int operand : line.operands()) {
        operands.add(known.get(operand));
      }
      known.add(Tensor.apply(line.op(), operands));
    }
    return known;
  }

  /** Whether every operation takes its operands, which simplified programs may not. */
  boolean fits() {
    try {
      all(values);
      return true;
    } catch (TensorException doesNotFit) {
      return false;
    }
  }

  /**
   * How large it is: its inputs and its operations.
   *
   * @return their number
   */
  public int nodes() {
    return values.size() + lines.size();
  }

  /**
   * The program as a graph, to be run on a device.
   *
   * @param name what reports call it
   * @return the trial
   */
  public Trial trial(String name) {
    List<Tensor> inputs = new ArrayList<>();
    for (Tensor value : values) {
      inputs.add(Tensor.input("x" + inputs.size(), value.shape(), value.dtype()));
    }
    return new Trial(name, new Graph(inputs, apply(inputs)), values);
  }

  /**
   * The same without what no output needs.
   *
   * @return the program, numbered anew
   */
  public RandomProgram pruned() {
    Set<Integer> needed = new HashSet<>(outputs);
    for (int i = lines.size() - 1; i >= 0; i--) {
      if (needed.contains(values.size() + i)) {
        needed.addAll(lines.get(i).operands());
      }
    }
    List<Integer> number = new ArrayList<>();
    List<Tensor> keptValues = new ArrayList<>();
    List<Line> keptLines = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < values.size() + lines.size(); i++) {
      number.add(needed.contains(i) ? next++ : -1);
    }
    for (int i = 0; i < values.size() + lines.size(); i++) {
      if (needed.contains(i) && i < values.size()) {
        keptValues.add(values.get(i));
      } else if (needed.contains(i)) {
        Line line = lines.get(i - values.size());
        keptLines.add(new Line(line.op(), line.operands().stream().map(number::get).toList()));
      }
    }
    return new RandomProgram(
        keptValues, keptLines, outputs.stream().map(number::get).distinct().toList());
  }

  @Override
  public Stream<Example> simpler() {
    return ProgramSimplifier.of(this);
  }

  @Override
  public String print() {
    return ProgramPrinter.print(this);
  }

  @Override
  public String toString() {
    return print();
  }
}
