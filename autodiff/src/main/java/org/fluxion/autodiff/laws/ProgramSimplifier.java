package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.tensor.Tensor;

/**
 * Smaller programs: a few lines of them, fewer results, results of earlier lines, lines whose
 * result is given instead of computed, lines left out, shorter axes, and plainer numbers; the
 * largest steps first.
 */
final class ProgramSimplifier {
  private static final int DEEPEST = 4;

  private final RandomProgram program;
  private final List<Tensor> known;

  private ProgramSimplifier(RandomProgram program) {
    this.program = program;
    this.known = program.all(program.values());
  }

  static Stream<Example> of(RandomProgram program) {
    ProgramSimplifier simplifier = new ProgramSimplifier(program);
    return Stream.of(
            simplifier.windows(),
            simplifier.fewerResults(),
            simplifier.earlierResults(),
            simplifier.given(),
            simplifier.leftOut(),
            Extents.shorter(program),
            simplifier.plainer())
        .flatMap(s -> s)
        .map(p -> p);
  }

  private int inputs() {
    return program.values().size();
  }

  private RandomProgram with(List<Integer> outputs) {
    return new RandomProgram(program.values(), program.lines(), outputs).pruned();
  }

  /**
   * A line with what it is made of, so many operations deep; what those are made of is given. One
   * such step leads out of where leaving out any one line would hide the failure.
   */
  private Stream<RandomProgram> windows() {
    int count = program.lines().size();
    return IntStream.rangeClosed(1, DEEPEST)
        .boxed()
        .flatMap(depth -> IntStream.range(0, count).mapToObj(line -> window(line, depth)))
        .filter(window -> window.lines().size() < count);
  }

  private RandomProgram window(int line, int depth) {
    Set<Integer> kept = new TreeSet<>();
    Set<Integer> last = Set.of(inputs() + line);
    for (int i = 0; i < depth; i++) {
      kept.addAll(last);
      last =
          last.stream()
              .flatMap(number -> program.lines().get(number - inputs()).operands().stream())
              .filter(operand -> operand >= inputs())
              .collect(Collectors.toSet());
    }
    List<Tensor> values = new ArrayList<>(program.values());
    Map<Integer, Integer> numbers = new HashMap<>();
    IntStream.range(0, inputs()).forEach(i -> numbers.put(i, i));
    for (int number : kept) {
      for (int operand : program.lines().get(number - inputs()).operands()) {
        if (!kept.contains(operand) && !numbers.containsKey(operand)) {
          numbers.put(operand, values.size());
          values.add(known.get(operand).detach());
        }
      }
    }
    List<Line> lines = new ArrayList<>();
    for (int number : kept) {
      Line old = program.lines().get(number - inputs());
      lines.add(new Line(old.op(), old.operands().stream().map(numbers::get).toList()));
      numbers.put(number, values.size() + lines.size() - 1);
    }
    return new RandomProgram(values, lines, List.of(numbers.get(inputs() + line))).pruned();
  }

  private Stream<RandomProgram> fewerResults() {
    List<Integer> outputs = program.outputs();
    return outputs.size() < 2
        ? Stream.empty()
        : outputs.stream().map(output -> with(List.of(output)));
  }

  /** Any line as the only result, the earliest first. */
  private Stream<RandomProgram> earlierResults() {
    int last = program.outputs().getLast();
    return IntStream.range(inputs(), last).mapToObj(i -> with(List.of(i)));
  }

  /** A line's result as one more input. */
  private Stream<RandomProgram> given() {
    return IntStream.range(0, program.lines().size())
        .map(i -> program.lines().size() - 1 - i)
        .filter(i -> !program.outputs().contains(inputs() + i))
        .mapToObj(this::given);
  }

  private RandomProgram given(int line) {
    int number = inputs() + line;
    List<Tensor> values = new ArrayList<>(program.values());
    values.add(known.get(number).detach());
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < program.lines().size(); i++) {
      if (i != line) {
        Line old = program.lines().get(i);
        lines.add(
            new Line(
                old.op(), old.operands().stream().map(o -> moved(o, line, inputs())).toList()));
      }
    }
    List<Integer> outputs = program.outputs().stream().map(o -> moved(o, line, inputs())).toList();
    return new RandomProgram(values, lines, outputs).pruned();
  }

  /** A number after a line became the last input. */
  private static int moved(int number, int line, int inputs) {
    if (number < inputs) {
      return number;
    }
    int i = number - inputs;
    return i == line ? inputs : i < line ? number + 1 : number;
  }

  /** Whatever reads a line reads something earlier of the same type. */
  private Stream<RandomProgram> leftOut() {
    return IntStream.range(0, program.lines().size())
        .boxed()
        .flatMap(
            line -> {
              int number = inputs() + line;
              Tensor result = known.get(number);
              return IntStream.range(0, number)
                  .filter(
                      other ->
                          known.get(other).dtype() == result.dtype()
                              && known.get(other).shape().equals(result.shape()))
                  .mapToObj(other -> replaced(number, other));
            });
  }

  private RandomProgram replaced(int number, int other) {
    List<Line> lines =
        program.lines().stream()
            .map(
                line ->
                    new Line(
                        line.op(),
                        line.operands().stream().map(o -> o == number ? other : o).toList()))
            .toList();
    List<Integer> outputs =
        program.outputs().stream().map(o -> o == number ? other : o).distinct().toList();
    return new RandomProgram(program.values(), lines, outputs).pruned();
  }

  private Stream<RandomProgram> plainer() {
    return IntStream.range(0, inputs())
        .boxed()
        .flatMap(
            i ->
                Plainer.of(program.values().get(i))
                    .map(
                        value -> {
                          List<Tensor> values = new ArrayList<>(program.values());
                          values.set(i, value);
                          return new RandomProgram(values, program.lines(), program.outputs());
                        }));
  }
}
