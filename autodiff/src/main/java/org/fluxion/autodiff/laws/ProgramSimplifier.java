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
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * Smaller programs: a few lines of them, or of what a fused one is made of, fewer results, results
 * of earlier lines, lines whose result is given instead of computed, lines left out or passed by,
 * plainer operations, shorter axes, one input for two, and plainer numbers; the largest steps
 * first.
 */
final class ProgramSimplifier {
  private static final int DEEPEST = 5;

  /** Of more lines there are too many pairs; what is left of them has fewer. */
  private static final int MOST_FOR_PAIRS = 10;

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
            simplifier.partsOfFused(),
            simplifier.fewerResults(),
            simplifier.earlierResults(),
            simplifier.resultsPassedBy(),
            simplifier.given(),
            simplifier.leftOut(),
            simplifier.passedBy(),
            simplifier.plainestOperations(),
            simplifier.givenInPairs(),
            simplifier.plainerOperations(),
            Extents.shorter(program),
            simplifier.shared(),
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
              .flatMap(number -> line(number).operands().stream())
              .filter(operand -> operand >= inputs())
              .collect(Collectors.toSet());
    }
    Set<Integer> given = new TreeSet<>();
    for (int number : kept) {
      line(number).operands().stream()
          .filter(operand -> operand >= inputs() && !kept.contains(operand))
          .forEach(given::add);
    }
    return given(given, List.of(inputs() + line));
  }

  /** Of what a fused operation is made of a few lines, if they are less than there is. */
  private Stream<RandomProgram> partsOfFused() {
    return program.lines().stream()
        .filter(line -> line.op() instanceof Op.Attention)
        .flatMap(
            line -> {
              RandomProgram whole = definition((Op.Attention) line.op(), line.operands());
              return new ProgramSimplifier(whole).windows();
            })
        .filter(part -> part.nodes() < program.nodes());
  }

  private RandomProgram definition(Op.Attention op, List<Integer> operands) {
    List<Tensor> values = operands.stream().map(operand -> known.get(operand).detach()).toList();
    List<Tensor> inputs =
        values.stream().map(v -> Tensor.input("operand", v.shape(), v.dtype())).toList();
    Graph graph = new Graph(inputs, List.of(Attention.definition(op, inputs)));
    Map<Tensor, Integer> numbers = new HashMap<>();
    inputs.forEach(input -> numbers.put(input, numbers.size()));
    List<Line> lines = new ArrayList<>();
    for (Tensor node : graph.nodes()) {
      if (!numbers.containsKey(node)) {
        numbers.put(node, numbers.size());
        lines.add(new Line(node.op(), node.inputs().stream().map(numbers::get).toList()));
      }
    }
    return new RandomProgram(values, lines, List.of(numbers.get(graph.outputs().get(0))));
  }

  private Line line(int number) {
    return program.lines().get(number - inputs());
  }

  /** One result alone, and all but one. */
  private Stream<RandomProgram> fewerResults() {
    List<Integer> outputs = program.outputs();
    if (outputs.size() < 2) {
      return Stream.empty();
    }
    Stream<RandomProgram> one = outputs.stream().map(output -> with(List.of(output)));
    Stream<RandomProgram> others =
        outputs.stream().map(output -> with(outputs.stream().filter(o -> o != output).toList()));
    return Stream.concat(one, others);
  }

  /** Any line as the only result, the earliest first. */
  private Stream<RandomProgram> earlierResults() {
    int last = program.outputs().getLast();
    return IntStream.range(inputs(), last).mapToObj(i -> with(List.of(i)));
  }

  /** What one result was made of in its place, beside the others. */
  private Stream<RandomProgram> resultsPassedBy() {
    List<Integer> outputs = program.outputs();
    return IntStream.range(0, outputs.size())
        .boxed()
        .filter(place -> outputs.size() > 1 && outputs.get(place) >= inputs())
        .flatMap(
            place ->
                line(outputs.get(place)).operands().stream()
                    .map(
                        operand -> {
                          List<Integer> changed = new ArrayList<>(outputs);
                          changed.set(place, operand);
                          return with(changed.stream().distinct().toList());
                        }));
  }

  /** A line's result as one more input. */
  private Stream<RandomProgram> given() {
    return computed().map(number -> given(Set.of(number), program.outputs()));
  }

  /** Two results at once: what is made of one input twice may fail only while both are. */
  private Stream<RandomProgram> givenInPairs() {
    return program.lines().size() > MOST_FOR_PAIRS
        ? Stream.empty()
        : computed()
            .flatMap(
                later ->
                    computed()
                        .filter(earlier -> earlier < later)
                        .map(earlier -> given(Set.of(earlier, later), program.outputs())));
  }

  /** The lines that are no results, the last first. */
  private Stream<Integer> computed() {
    int last = inputs() + program.lines().size() - 1;
    return IntStream.rangeClosed(inputs(), last)
        .map(number -> inputs() + last - number)
        .filter(number -> !program.outputs().contains(number))
        .boxed();
  }

  private RandomProgram given(Set<Integer> given, List<Integer> outputs) {
    List<Tensor> values = new ArrayList<>(program.values());
    Map<Integer, Integer> numbers = new HashMap<>();
    IntStream.range(0, inputs()).forEach(i -> numbers.put(i, i));
    for (int number : given) {
      numbers.put(number, values.size());
      values.add(known.get(number).detach());
    }
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < program.lines().size(); i++) {
      int number = inputs() + i;
      if (!given.contains(number)) {
        Line old = program.lines().get(i);
        numbers.put(number, values.size() + lines.size());
        lines.add(new Line(old.op(), old.operands().stream().map(numbers::get).toList()));
      }
    }
    return new RandomProgram(values, lines, outputs.stream().map(numbers::get).toList()).pruned();
  }

  /** Whatever reads a line reads something earlier of the same type. */
  private Stream<RandomProgram> leftOut() {
    return IntStream.range(0, program.lines().size())
        .boxed()
        .flatMap(
            line -> {
              int number = inputs() + line;
              return IntStream.range(0, number)
                  .filter(other -> isAlike(number, other))
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

  /** A line reads what its operand was made of, if the operation takes it. */
  private Stream<RandomProgram> passedBy() {
    return IntStream.range(0, program.lines().size())
        .boxed()
        .flatMap(
            line -> {
              List<Integer> operands = program.lines().get(line).operands();
              return IntStream.range(0, operands.size())
                  .boxed()
                  .filter(place -> operands.get(place) >= inputs())
                  .flatMap(
                      place ->
                          line(operands.get(place)).operands().stream()
                              .map(source -> reading(line, place, source)));
            })
        .filter(RandomProgram::fits);
  }

  /**
   * In a line's place one of the plainest operations there are, of anything before it: what only
   * has to be computed need not be computed from much, and what only has to be read need not be
   * read together with anything else. One is linear, one is not: a movement that goes wrong the
   * same way in value and tangent shows only where the tangent reads both.
   */
  private Stream<RandomProgram> plainestOperations() {
    int count = program.lines().size();
    return count > MOST_FOR_PAIRS
        ? Stream.empty()
        : IntStream.range(0, count)
            .map(i -> count - 1 - i)
            .boxed()
            .flatMap(
                line ->
                    IntStream.range(0, inputs() + line)
                        .filter(number -> known.get(number).dtype().isFloating())
                        .boxed()
                        .flatMap(
                            number ->
                                Stream.of(
                                    new Line(new Op.Neg(), List.of(number)),
                                    new Line(new Op.Mul(), List.of(number, number))))
                        .map(plain -> with(line, plain)))
            .filter(smaller -> smaller.nodes() < program.nodes() && smaller.fits());
  }

  private RandomProgram reading(int line, int place, int source) {
    Line old = program.lines().get(line);
    List<Integer> operands = new ArrayList<>(old.operands());
    operands.set(place, source);
    return with(line, new Line(old.op(), operands));
  }

  private RandomProgram with(int line, Line changed) {
    List<Line> lines = new ArrayList<>(program.lines());
    lines.set(line, changed);
    return new RandomProgram(program.values(), lines, program.outputs()).pruned();
  }

  private Stream<RandomProgram> plainerOperations() {
    return IntStream.range(0, program.lines().size())
        .boxed()
        .flatMap(
            line ->
                PlainerOperations.of(program.lines().get(line)).map(changed -> with(line, changed)))
        .filter(RandomProgram::fits);
  }

  /** Whatever reads an input reads another one of the same type. */
  private Stream<RandomProgram> shared() {
    return IntStream.range(0, inputs())
        .boxed()
        .flatMap(
            input ->
                IntStream.range(0, inputs())
                    .filter(other -> other != input && isAlike(input, other))
                    .mapToObj(other -> replaced(input, other)));
  }

  private boolean isAlike(int number, int other) {
    return known.get(other).dtype() == known.get(number).dtype()
        && known.get(other).shape().equals(known.get(number).shape());
  }

  private Stream<RandomProgram> plainer() {
    return Plainer.ofOne(program.values())
        .map(changed -> new RandomProgram(changed, program.lines(), program.outputs()));
  }
}
