package org.fluxion.tests.laws;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.OpTable;

/** What random programs consist of: operations, and pairs of them of which one feeds the other. */
final class Coverage {
  /**
   * What has been counted.
   *
   * @param programs how many programs
   * @param operations how often each operation occurs
   * @param pairs which operation fed which
   * @param sizes how many programs have a number of operations
   */
  record Counts(
      int programs,
      Map<String, Integer> operations,
      Set<String> pairs,
      Map<Integer, Integer> sizes) {}

  /** So many pairs tell what is missing; after few programs nearly all of them are. */
  private static final int NAMED = 12;

  private final Map<String, Integer> operations;
  private final Set<String> pairs;
  private final Map<Integer, Integer> sizes;
  private int programs;

  Coverage() {
    this(new Counts(0, Map.of(), Set.of(), Map.of()));
  }

  /** Goes on from what has been counted. */
  Coverage(Counts counts) {
    this.programs = counts.programs;
    this.operations = new TreeMap<>(counts.operations);
    this.pairs = new TreeSet<>(counts.pairs);
    this.sizes = new TreeMap<>(counts.sizes);
  }

  synchronized Counts counts() {
    return new Counts(
        programs, new TreeMap<>(operations), new TreeSet<>(pairs), new TreeMap<>(sizes));
  }

  synchronized void add(RandomProgram program) {
    programs++;
    sizes.merge(program.lines().size(), 1, Integer::sum);
    int inputs = program.values().size();
    for (Line line : program.lines()) {
      operations.merge(name(line.op().getClass()), 1, Integer::sum);
      for (int operand : line.operands()) {
        if (operand >= inputs) {
          Line source = program.lines().get(operand - inputs);
          pairs.add(pair(source.op().getClass(), line.op().getClass()));
        }
      }
    }
  }

  private static String name(Class<?> op) {
    return op.getSimpleName();
  }

  private static String pair(Class<?> source, Class<?> user) {
    return name(source) + " → " + name(user);
  }

  int programs() {
    return programs;
  }

  /** The median number of operations. */
  int median() {
    int seen = 0;
    for (Map.Entry<Integer, Integer> size : sizes.entrySet()) {
      seen += size.getValue();
      if (2 * seen >= programs) {
        return size.getKey();
      }
    }
    return 0;
  }

  /** How often each operation occurs, the rarest first. */
  List<Map.Entry<String, Integer>> rarest() {
    Map<String, Integer> all = new HashMap<>(operations);
    users().forEach(op -> all.putIfAbsent(name(op), 0));
    return all.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
        .toList();
  }

  private static List<Class<?>> users() {
    return OpTable.operations().stream()
        .filter(op -> op != Op.Input.class)
        .sorted(Comparator.comparing(Class::getSimpleName))
        .collect(Collectors.toList());
  }

  /** Pairs that dtypes and ranks allow. */
  int allowedPairs() {
    return allowed().size();
  }

  /** Those of them that never occurred. */
  List<String> missingPairs() {
    return allowed().stream().filter(pair -> !pairs.contains(pair)).sorted().toList();
  }

  /**
   * An operation may feed another if a dtype that it gives is one that the other takes, and a rank
   * too.
   */
  private static Set<String> allowed() {
    Map<Class<?>, Set<DType>> given = new HashMap<>();
    Map<Class<?>, Set<DType>> taken = new HashMap<>();
    for (OpTable.Row row : OpTable.rows()) {
      for (DType dtype : DType.values()) {
        if (!row.takes(dtype)) {
          continue;
        }
        var drawn =
            row.draw(
                dtype,
                new org.fluxion.tensor.conformance.Draw(
                    new java.util.Random(1), org.fluxion.tensor.conformance.Draw.Kind.MODERATE));
        given
            .computeIfAbsent(row.op(), op -> new HashSet<>())
            .add(Tensor.apply(drawn.op(), drawn.operands()).dtype());
        drawn
            .operands()
            .forEach(
                operand ->
                    taken.computeIfAbsent(row.op(), op -> new HashSet<>()).add(operand.dtype()));
      }
    }
    Set<String> allowed = new HashSet<>();
    for (Class<?> source : users()) {
      for (Class<?> user : users()) {
        Set<DType> common = new HashSet<>(given.getOrDefault(source, Set.of()));
        common.retainAll(taken.getOrDefault(user, Set.of()));
        if (!common.isEmpty() && !Collections.disjoint(ranksGiven(source), ranksTaken(user))) {
          allowed.add(pair(source, user));
        }
      }
    }
    return allowed;
  }

  private static final Set<Integer> EVERY_RANK = Set.of(0, 1, 2, 3, 4, 5);

  /** Of a result. */
  private static Set<Integer> ranksGiven(Class<?> op) {
    return switch (name(op)) {
      case "Unfold", "Gather", "ScatterAdd" -> Set.of(3);
      case "Fold" -> Set.of(4);
      default -> EVERY_RANK;
    };
  }

  /** Of an operand, be it the key of random bits or the indices of rows. */
  private static Set<Integer> ranksTaken(Class<?> op) {
    return switch (name(op)) {
      case "RandomBits" -> Set.of(1);
      case "Gather", "ScatterAdd" -> Set.of(2, 3);
      case "Fold" -> Set.of(3);
      case "Unfold" -> Set.of(4);
      default -> EVERY_RANK;
    };
  }

  /** All of it, as a table. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    List<Map.Entry<String, Integer>> rarest = rarest();
    lines.add(
        String.format(
            Locale.ROOT,
            "operations     median %d a program; the rarest: %s",
            median(),
            rarest.stream()
                .limit(5)
                .map(e -> String.format(Locale.ROOT, "%s %,d", e.getKey(), e.getValue()))
                .collect(Collectors.joining(", "))));
    List<String> missing = missingPairs();
    lines.add(
        String.format(
            Locale.ROOT,
            "pairs          %,d of the %,d that dtypes and ranks allow%s",
            allowedPairs() - missing.size(),
            allowedPairs(),
            missing.isEmpty() ? "" : "; without: " + named(missing)));
    return lines;
  }

  private static String named(List<String> missing) {
    String first = missing.stream().limit(NAMED).collect(Collectors.joining(", "));
    int others = missing.size() - NAMED;
    return others > 0 ? String.format(Locale.ROOT, "%s and %,d more", first, others) : first;
  }
}
