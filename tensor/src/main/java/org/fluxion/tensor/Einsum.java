package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Einstein's summation convention, as NumPy writes it. Labels that repeat in one operand read its
 * diagonal; labels that nobody needs any more are summed at once; then pairs are contracted, the
 * pair with the smallest result first, each by one batched matrix product.
 */
final class Einsum {
  private static final String ELLIPSIS = "...";

  /** Labels of the axes under an ellipsis, counted from its end: none that can be written. */
  private static final char HIDDEN = '\uE000';

  /** A tensor with a label per axis. */
  private record Term(Tensor tensor, String labels) {
    Shape shape() {
      return tensor.shape();
    }
  }

  private final String equation;
  private final Map<Character, Integer> extents = new HashMap<>();

  private Einsum(String equation) {
    this.equation = equation;
  }

  static Tensor of(String equation, Tensor... operands) {
    return new Einsum(equation).compute(operands);
  }

  private TensorException error(String message, Object... values) {
    return new TensorException("einsum '" + equation + "': " + message.formatted(values));
  }

  private Tensor compute(Tensor[] operands) {
    String[] sides = equation.replace(" ", "").split("->", -1);
    String[] written = sides[0].split(",", -1);
    if (sides.length > 2 || written.length != operands.length || operands.length == 0) {
      throw error(
          "%d operands are written, %d given; write it as in 'ij,jk->ik'",
          written.length, operands.length);
    }
    List<Term> terms = new ArrayList<>();
    int hidden = 0;
    for (int i = 0; i < operands.length; i++) {
      String labels = labels(written[i], operands[i].shape(), i);
      hidden = Math.max(hidden, (int) labels.chars().filter(c -> c >= HIDDEN).count());
      terms.add(new Term(operands[i], labels));
    }
    String output =
        sides.length == 2
            ? expand(sides[1], hidden)
            : implicit(sides[0].replace(ELLIPSIS, ""), hidden);
    check(output);
    terms.replaceAll(this::stretch);
    terms.replaceAll(this::diagonal);
    while (terms.size() > 1) {
      contractCheapest(terms, output);
    }
    Term last = sumAllBut(terms.get(0), labelSet(output));
    return arrange(last, output).tensor();
  }

  private String labels(String written, Shape shape, int operand) {
    int named = written.replace(ELLIPSIS, "").length();
    boolean fits = written.contains(ELLIPSIS) ? named <= shape.rank() : named == shape.rank();
    if (!fits) {
      throw error("'%s' has %d labels, operand %d is %s", written, named, operand, shape);
    }
    String labels = expand(written, shape.rank() - named);
    for (int axis = 0; axis < labels.length(); axis++) {
      char label = labels.charAt(axis);
      int extent = shape.extent(axis);
      Integer known = extents.get(label);
      if (known != null && known != extent && (label < HIDDEN || known != 1 && extent != 1)) {
        throw error(
            "%s is %d in one operand and %d in operand %d, which is %s",
            label < HIDDEN ? "label " + label : ELLIPSIS, known, extent, operand, shape);
      }
      extents.put(label, known == null || known == 1 ? extent : known);
    }
    return labels;
  }

  /** Puts labels in the ellipsis' place, so that its last axes match among operands. */
  private String expand(String written, int hidden) {
    StringBuilder axes = new StringBuilder();
    for (int i = hidden; i > 0; i--) {
      axes.append((char) (HIDDEN + i));
    }
    String labels = written.replaceFirst("\\.\\.\\.", axes.toString());
    if (!labels.chars().allMatch(c -> c >= HIDDEN || Character.isLetter(c))) {
      throw error("'%s' holds something else than letters and one '...'", written);
    }
    return labels;
  }

  /** Without an arrow: the ellipsis, then the labels that occur once, in alphabetic order. */
  private String implicit(String inputs, int hidden) {
    Map<Character, Integer> counts = new TreeMap<>();
    for (char label : inputs.replace(",", "").toCharArray()) {
      counts.merge(label, 1, Integer::sum);
    }
    StringBuilder output = new StringBuilder(expand(ELLIPSIS, hidden));
    counts.forEach((label, count) -> output.append(count == 1 ? label.toString() : ""));
    return output.toString();
  }

  private void check(String output) {
    Set<Character> seen = new HashSet<>();
    for (char label : output.toCharArray()) {
      if (!extents.containsKey(label)) {
        throw error("label %s of the result is in no operand", label);
      }
      if (!seen.add(label)) {
        throw error("label %s is in the result twice", label);
      }
    }
  }

  private static Set<Character> labelSet(String labels) {
    Set<Character> set = new HashSet<>();
    for (char label : labels.toCharArray()) {
      set.add(label);
    }
    return set;
  }

  private Shape shape(String labels) {
    return Shape.of(labels.chars().map(label -> extents.get((char) label)).toArray());
  }

  /** Axes under an ellipsis broadcast as everywhere. */
  private Term stretch(Term term) {
    return new Term(term.tensor().broadcastTo(shape(term.labels())), term.labels());
  }

  /** A label that repeats: of the n² elements of both axes, every (n+1)th. */
  private Term diagonal(Term term) {
    for (int first = 0; first < term.labels().length(); first++) {
      char label = term.labels().charAt(first);
      int second = term.labels().indexOf(label, first + 1);
      if (second >= 0) {
        String rest = term.labels().replace(String.valueOf(label), "");
        String order = rest + label;
        int repeats = term.labels().length() - rest.length();
        int n = extents.get(label);
        List<Integer> axes = new ArrayList<>();
        for (int axis = 0; axis < term.labels().length(); axis++) {
          if (term.labels().charAt(axis) != label) {
            axes.add(axis);
          }
        }
        int step = 1;
        int block = n;
        for (int axis = 0, found = 0; axis < term.labels().length(); axis++) {
          if (term.labels().charAt(axis) == label) {
            axes.add(axis);
            if (++found < repeats) {
              step += block;
              block *= n;
            }
          }
        }
        Shape flat = Shape.of(concat(shape(rest).extents(), block));
        Tensor lined =
            term.tensor()
                .permute(axes.stream().mapToInt(Integer::intValue).toArray())
                .reshape(flat);
        return diagonal(new Term(every(lined, step), order));
      }
    }
    return term;
  }

  private static int[] concat(int[] extents, int last) {
    int[] longer = Arrays.copyOf(extents, extents.length + 1);
    longer[extents.length] = last;
    return longer;
  }

  private static Tensor every(Tensor x, int step) {
    int rank = x.shape().rank();
    Integer[] stride = new Integer[rank];
    Integer[] start = new Integer[rank];
    Arrays.fill(stride, 1);
    Arrays.fill(start, 0);
    stride[rank - 1] = step;
    List<Integer> end = Arrays.stream(x.shape().extents()).boxed().toList();
    return Tensor.apply(new Op.Slice(Arrays.asList(start), end, Arrays.asList(stride)), List.of(x));
  }

  private Term sumAllBut(Term term, Set<Character> needed) {
    StringBuilder rest = new StringBuilder();
    List<Integer> folded = new ArrayList<>();
    for (int axis = 0; axis < term.labels().length(); axis++) {
      char label = term.labels().charAt(axis);
      if (needed.contains(label)) {
        rest.append(label);
      } else {
        folded.add(axis);
      }
    }
    return folded.isEmpty()
        ? term
        : new Term(
            term.tensor().sum(folded.stream().mapToInt(Integer::intValue).toArray()),
            rest.toString());
  }

  /** Brings a term's axes into another order; both name the same labels. */
  private static Term arrange(Term term, String labels) {
    int[] order = labels.chars().map(term.labels()::indexOf).toArray();
    return new Term(term.tensor().permute(order), labels);
  }

  private void contractCheapest(List<Term> terms, String output) {
    int[] best = null;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < terms.size(); i++) {
      for (int j = i + 1; j < terms.size(); j++) {
        double size = 1;
        Set<Character> kept = labelSet(terms.get(i).labels() + terms.get(j).labels());
        kept.retainAll(neededOutside(terms, output, i, j));
        for (char label : kept) {
          size *= extents.get(label);
        }
        if (size < least) {
          least = size;
          best = new int[] {i, j};
        }
      }
    }
    Set<Character> needed = neededOutside(terms, output, best[0], best[1]);
    Term b = terms.remove(best[1]);
    Term a = terms.remove(best[0]);
    terms.add(contract(a, b, needed));
  }

  private static Set<Character> neededOutside(List<Term> terms, String output, int i, int j) {
    StringBuilder labels = new StringBuilder(output);
    for (int k = 0; k < terms.size(); k++) {
      labels.append(k == i || k == j ? "" : terms.get(k).labels());
    }
    return labelSet(labels.toString());
  }

  private Term contract(Term first, Term second, Set<Character> needed) {
    Set<Character> ofSecond = labelSet(second.labels());
    ofSecond.addAll(needed);
    Term a = sumAllBut(first, ofSecond);
    Set<Character> ofFirst = labelSet(a.labels());
    ofFirst.addAll(needed);
    Term b = sumAllBut(second, ofFirst);
    StringBuilder batch = new StringBuilder();
    StringBuilder inner = new StringBuilder();
    StringBuilder left = new StringBuilder();
    for (char label : a.labels().toCharArray()) {
      boolean shared = b.labels().indexOf(label) >= 0;
      (!shared ? left : needed.contains(label) ? batch : inner).append(label);
    }
    StringBuilder right = new StringBuilder();
    for (char label : b.labels().toCharArray()) {
      right.append(a.labels().indexOf(label) < 0 ? String.valueOf(label) : "");
    }
    String labels = "" + batch + left + right;
    int[] sizes = {size(batch), size(left), size(inner), size(right)};
    Tensor rows = arrange(a, "" + batch + left + inner).tensor();
    Tensor columns = arrange(b, "" + batch + inner + right).tensor();
    if (inner.isEmpty() || !rows.dtype().isFloating()) {
      // Nothing to contract, or integers, of which there is no matrix product.
      Tensor products =
          rows.reshape(Shape.of(sizes[0], sizes[1], sizes[2], 1))
              .mul(columns.reshape(Shape.of(sizes[0], 1, sizes[2], sizes[3])));
      return new Term(products.sum(2).reshape(shape(labels)), labels);
    }
    Tensor product =
        rows.reshape(Shape.of(sizes[0], sizes[1], sizes[2]))
            .matmul(columns.reshape(Shape.of(sizes[0], sizes[2], sizes[3])));
    return new Term(product.reshape(shape(labels)), labels);
  }

  private int size(StringBuilder labels) {
    return Shape.checkedExtent("einsum", shape(labels.toString()).elements());
  }
}
