package org.fluxion.autodiff.conformance;

import static org.fluxion.autodiff.Autodiff.jvp;
import static org.fluxion.autodiff.Autodiff.vjp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.OpTraits;
import org.fluxion.tensor.conformance.Tensors;

/**
 * The page that says of every operation what derivatives it has. What it says is asked of the table
 * of operations, of the type rules, and of the derivative rules themselves: a derivative is there
 * if the graph that a transform builds contains what it is taken along.
 */
final class OperationsPage {
  /** Third derivatives are what the laws go to. */
  private static final int ORDERS = 3;

  /** So often is drawn to find a case with every operand, and with elements. */
  private static final int DRAWS = 40;

  private static final Set<DType> REALS = EnumSet.of(DType.FLOAT32, DType.FLOAT64);

  private static final Set<DType> NUMBERS =
      EnumSet.of(DType.INT32, DType.INT64, DType.FLOAT32, DType.FLOAT64);

  private static final String INTRODUCTION =
      """
      # Operations and their derivatives

      Every primitive operation there is: everything else is made of these. The page is made from the table of operations that the
      tests draw from, and from the rules themselves; `tests/bin/operations` makes it anew, and a test fails where it is out of date.

      What holds for all of them, and so has no column: each has a value on every backend (reference, cpu, opencl) in every dtype
      that it takes, but for float64 on an OpenCL device without it. What derivatives it has it has in both modes, and in every
      composition of them: of second order in all four, of third in all eight. Integers and truth values have no derivative.

      | column | it says |
      |---|---|
      | dtypes | *any* is all seven; *numbers* are int32, int64, float32 and float64; *reals* float32 and float64. What is moved or stored may be float16 or bfloat16. A `condition` is bool, a `mask` bool or as the others, `indices` are int32 or int64 |
      | value for | where the result is a finite number; empty for everywhere |
      | by | the operands by which its derivative is not zero everywhere |
      | 1st, 2nd, 3rd | ✓ a derivative of this order; 0 it is zero everywhere, and nothing is computed; – there is no such thing: the result, or every operand, is no floating point number |
      | no slope at | where the function has a kink, a jump or an end; and after the colon what the first derivative is taken for there, in every mode |
      | off by | at most, in units in the last place of the result, where operands are exact: ½ is the one right rounding. In brackets what the standard grants an OpenCL device. Sums of n terms, in any order, are rounded n − 1 times, sums of n products n times, each by half a unit of Σ\\|x\\| or Σ\\|a\\|\\|b\\|. Integers are exact |

      So `mul(a, b)` can be differentiated by both operands, twice: it is linear in each, and the third derivative is zero. `abs` is
      linear on both sides of 0, where there is a kink; its derivative is taken for 0 there, and its second is 0 everywhere.
      `sign(x)`, which is −1, 0 or 1, and `floor(x)`, the largest whole number that is not above x, are level everywhere but where they
      jump, at 0 and at the whole numbers: every derivative is 0, also at the jumps, and there is no operand left to name. Two operations
      give x itself. `mark(x)` is what `jvp` and `vjp` write in place of what they differentiate by, so that it is not mistaken for the same
      tensor where that is a constant; its derivative is 1. `stop_gradient(x)` is for those who want a constant: its derivative is 0.

      """;

  private OperationsPage() {}

  /** The page, in Markdown. */
  static String text() {
    Map<String, List<OpTable.Row>> operations = new LinkedHashMap<>();
    for (OpTable.Row row : OpTable.rows()) {
      Op op = drawn(row, DType.FLOAT32).op();
      operations.computeIfAbsent(name(op), n -> new ArrayList<>()).add(row);
    }
    // What is not of this project's making comes last.
    operations.put("custom", operations.remove("custom"));
    StringBuilder page = new StringBuilder(INTRODUCTION);
    page.append(
        "| operation | dtypes | value for | by | 1st | 2nd | 3rd | no slope at | off by |\n");
    page.append("|---|---|---|---|:-:|:-:|:-:|---|---|\n");
    operations.forEach((name, rows) -> page.append(line(name, rows)).append('\n'));
    return page.toString();
  }

  private static String name(Op op) {
    return op instanceof Op.Custom ? "custom" : op.label();
  }

  private static String line(String name, List<OpTable.Row> rows) {
    if (rows.getFirst().op() == Op.Custom.class) {
      return "| `custom(…)` | as its function | | as its rule | ✓ | ✓ | ✓ | | its parts |";
    }
    OpTraits traits = rows.getFirst().traits();
    Set<DType> taken = EnumSet.noneOf(DType.class);
    Set<DType> results = EnumSet.noneOf(DType.class);
    boolean keepsDType = true;
    // Of dtypes and ways to use it; where the result is no number, there is nothing to
    // differentiate.
    Set<Reach> reaches = new LinkedHashSet<>();
    boolean isFloatingAlways = true;
    for (OpTable.Row row : rows) {
      for (DType dtype : DType.values()) {
        if (!row.takes(dtype)) {
          continue;
        }
        OpCase c = drawn(row, dtype);
        DType result = Tensor.apply(c.op(), c.operands()).dtype();
        taken.add(dtype);
        results.add(result);
        keepsDType &= result == dtype;
        if (result.isFloating() && c.operands().stream().anyMatch(OperationsPage::isFloating)) {
          reaches.add(Reach.of(c, traits));
        } else {
          isFloatingAlways &= !dtype.isFloating();
        }
      }
    }
    if (reaches.size() > 1) {
      throw new IllegalStateException(
          "%s is differentiable in different ways: %s; say so in a column"
              .formatted(name, reaches));
    }
    Optional<Reach> reach = reaches.stream().findFirst();
    String arrow = keepsDType ? "" : " → " + (results.size() == 1 ? only(results) : "any");
    String by = reach.map(r -> String.join(", ", r.by())).orElse("");
    List<String> cells = new ArrayList<>();
    cells.add("`%s(%s)`%s".formatted(name, String.join(", ", traits.operands()), arrow));
    cells.add(dtypes(taken));
    cells.add(traits.domain().toString());
    cells.add(reach.isPresent() && !isFloatingAlways ? by + ", to floating point" : by);
    for (int order = 1; order <= ORDERS; order++) {
      int n = order;
      cells.add(reach.map(r -> r.order() >= n ? "✓" : "0").orElse("–"));
    }
    cells.add(reach.isPresent() ? slope(drawn(rows.getFirst(), DType.FLOAT64).op(), traits) : "");
    cells.add(rounding(drawn(rows.getFirst(), DType.FLOAT32).op(), traits));
    return cells.stream()
        .map(cell -> cell.isEmpty() ? " |" : " " + cell + " |")
        .collect(Collectors.joining("", "|", ""));
  }

  private static DType only(Set<DType> dtypes) {
    return dtypes.iterator().next();
  }

  private static String dtypes(Set<DType> taken) {
    if (taken.size() == DType.values().length) {
      return "any";
    }
    List<String> names = new ArrayList<>();
    Set<DType> rest = EnumSet.copyOf(taken);
    if (rest.containsAll(NUMBERS)) {
      names.add("numbers");
      rest.removeAll(NUMBERS);
    } else if (rest.containsAll(REALS)) {
      names.add("reals");
      rest.removeAll(REALS);
    }
    rest.forEach(dtype -> names.add(dtype.toString()));
    return String.join(", ", names);
  }

  /** Of several cases the one with the most floating point operands, none of which is empty. */
  private static OpCase drawn(OpTable.Row row, DType dtype) {
    OpCase best = null;
    for (long seed = 0; seed < DRAWS; seed++) {
      OpCase c = row.draw(dtype, new Draw(new Random(seed), Draw.Kind.MODERATE));
      boolean isFull = c.operands().stream().allMatch(t -> t.shape().elements() > 0);
      if (best == null || isFull && floating(c) > floating(best)) {
        best = c;
      }
    }
    return best;
  }

  private static long floating(OpCase c) {
    return c.operands().stream().filter(OperationsPage::isFloating).count();
  }

  private static boolean isFloating(Tensor t) {
    return t.dtype().isFloating();
  }

  // ---- derivatives ----

  private enum Mode {
    FORWARD,
    REVERSE
  }

  /**
   * What an operation can be differentiated by, and how often.
   *
   * @param by the operands' names; none if the derivative is zero
   * @param order of the highest derivative that is not zero, of three
   */
  private record Reach(List<String> by, int order) {
    static Reach of(OpCase c, OpTraits traits) {
      List<Tensor> all = new ArrayList<>();
      List<Tensor> floating = new ArrayList<>();
      List<Integer> places = new ArrayList<>();
      for (Tensor value : c.operands()) {
        Tensor input = Tensor.input("x", value.shape(), value.dtype());
        if (isFloating(value)) {
          places.add(all.size());
          floating.add(input);
        }
        all.add(input);
      }
      Function<Tensors, Tensors> f =
          x -> {
            List<Tensor> operands = new ArrayList<>(all);
            for (int i = 0; i < places.size(); i++) {
              operands.set(places.get(i), x.leaves().get(i));
            }
            return new Tensors(List.of(Tensor.apply(c.op(), operands)));
          };
      Tensors at = new Tensors(floating);
      Set<Integer> forward = operands(f, at, Mode.FORWARD);
      require(forward.equals(operands(f, at, Mode.REVERSE)), c);
      Set<String> names = new LinkedHashSet<>();
      List<String> operands = traits.operands();
      // A list's elements have the name of the last.
      forward.forEach(k -> names.add(operands.get(Math.min(places.get(k), operands.size() - 1))));
      int order = 0;
      while (order < ORDERS && exists(f, at, order + 1, c)) {
        order++;
      }
      return new Reach(List.copyOf(names), order);
    }

    /** The operands by which there is a first derivative. */
    private static Set<Integer> operands(Function<Tensors, Tensors> f, Tensors at, Mode mode) {
      Tensors along = like(mode == Mode.FORWARD ? at : f.apply(at));
      List<Tensor> derivatives = derivative(f, mode, along).apply(at).leaves();
      return IntStream.range(0, at.leaves().size())
          .filter(
              k ->
                  mode == Mode.FORWARD
                      ? dependsOn(derivatives, List.of(along.leaves().get(k)))
                      : dependsOn(List.of(derivatives.get(k)), along.leaves()))
          .boxed()
          .collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * Whether there is a derivative of some order; all compositions of both modes have to agree.
     */
    private static boolean exists(Function<Tensors, Tensors> f, Tensors at, int order, OpCase c) {
      boolean first = false;
      for (int word = 0; word < 1 << order; word++) {
        Function<Tensors, Tensors> g = f;
        Tensors along = at;
        for (int i = 0; i < order; i++) {
          Mode mode = Mode.values()[word >> i & 1];
          along = like(mode == Mode.FORWARD ? at : g.apply(at));
          g = derivative(g, mode, along);
        }
        boolean found = dependsOn(g.apply(at).leaves(), along.leaves());
        first = word == 0 ? found : first;
        require(found == first, c);
      }
      return first;
    }

    private static Function<Tensors, Tensors> derivative(
        Function<Tensors, Tensors> f, Mode mode, Tensors along) {
      return switch (mode) {
        case FORWARD -> x -> jvp(f, x, along).tangent();
        case REVERSE -> x -> vjp(f, x).pullback().apply(along);
      };
    }

    private static Tensors like(Tensors tensors) {
      return new Tensors(
          tensors.leaves().stream().map(t -> Tensor.input("v", t.shape(), t.dtype())).toList());
    }

    private static boolean dependsOn(List<Tensor> results, List<Tensor> inputs) {
      return !Collections.disjoint(new Graph(inputs, results).nodes(), inputs);
    }

    private static void require(boolean agree, OpCase c) {
      if (!agree) {
        throw new IllegalStateException(
            c + " has derivatives in one mode that it has not in the other; say so in a column");
      }
    }
  }

  // ---- where there is no slope ----

  /** The place, and what the rules say there. */
  private static String slope(Op op, OpTraits traits) {
    double[] at = traits.smoothness().example();
    if (at.length == 0) {
      return "";
    }
    List<Tensor> operands =
        op instanceof Op.Binary
            ? Arrays.stream(at).mapToObj(a -> Tensor.tensor(new double[] {a})).toList()
            : List.of(Tensor.tensor(at));
    Op applied = op instanceof Op.ReduceMax ? new Op.ReduceMax(List.of(0)) : op;
    Function<Tensors, Tensors> f = x -> new Tensors(List.of(Tensor.apply(applied, x.leaves())));
    Tensors point = new Tensors(operands);
    Tensors ones = new Tensors(f.apply(point).leaves().stream().map(Tensor::onesLike).toList());
    Set<String> slopes = new LinkedHashSet<>();
    List<Tensor> gradients = vjp(f, point).pullback().apply(ones).leaves();
    // Where it is by the last operand that there is none, that is the one to tell of.
    boolean isLast = traits.smoothness() == OpTraits.Smoothness.NOT_AT_NEGATIVE_BASES;
    for (Tensor gradient : isLast ? gradients.subList(1, 2) : gradients) {
      Arrays.stream(gradient.toDoubleArray()).mapToObj(OperationsPage::number).forEach(slopes::add);
    }
    return traits.smoothness()
        + ": "
        + String.join(", ", slopes)
        + (at.length > 1 && !isLast ? " each" : "");
  }

  private static String number(double x) {
    if (Double.isNaN(x)) {
      return "NaN";
    }
    return Double.isInfinite(x) ? "∞" : x == 0.5 ? "½" : x == Math.rint(x) ? "" + (long) x : "" + x;
  }

  // ---- roundings ----

  private static String rounding(Op op, OpTraits traits) {
    return switch (traits.rounding()) {
      case EXACT -> "exact";
      case ONCE -> {
        String own = number(units(Arithmetic.Table.OWN, op));
        String granted = number(units(Arithmetic.Table.OPENCL, op));
        yield own.equals(granted) ? own : "%s (%s)".formatted(own, granted);
      }
      case STORED -> "½ where it narrows";
      case SUM -> "n − 1 roundings";
      case PRODUCTS -> "n roundings";
      case PARTS -> "its parts";
    };
  }

  private static double units(Arithmetic.Table table, Op op) {
    return new Arithmetic(table, false, Optional.empty()).units(op, DType.FLOAT32);
  }
}
