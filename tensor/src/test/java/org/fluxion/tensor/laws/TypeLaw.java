package org.fluxion.tensor.laws;

import static org.fluxion.tensor.DType.BOOL;
import static org.fluxion.tensor.DType.FLOAT32;
import static org.fluxion.tensor.DType.FLOAT64;
import static org.fluxion.tensor.DType.INT32;
import static org.fluxion.tensor.DType.INT64;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * What each operation demands of its operands, and the type of its result, stated a second time in
 * another way: extents are counted by walking over the elements that are there, and products of
 * matrices, attention and rows are signatures of letters. Broken demands say what an error has to
 * name.
 */
final class TypeLaw {
  /** A shape and a dtype, as errors print them. */
  record Typed(Shape shape, DType dtype) {
    static Typed of(Tensor tensor) {
      return new Typed(tensor.shape(), tensor.dtype());
    }

    @Override
    public String toString() {
      return dtype + " " + shape;
    }
  }

  private static final Set<DType> REALS = EnumSet.of(FLOAT32, FLOAT64);
  private static final Set<DType> NUMBERS = EnumSet.of(FLOAT32, FLOAT64, INT32, INT64);
  private static final Set<DType> COMPARABLE = EnumSet.of(FLOAT32, FLOAT64, INT32, INT64, BOOL);
  private static final Set<DType> INTEGERS = EnumSet.of(INT32, INT64);
  private static final Set<DType> BITS = EnumSet.of(INT32, INT64, BOOL);
  private static final Set<DType> TRUTH = EnumSet.of(BOOL);
  private static final Set<DType> ALL = EnumSet.allOf(DType.class);

  private final List<Typed> in;
  private final List<List<String>> broken = new ArrayList<>();
  private final Typed result;

  /**
   * States the law of an application.
   *
   * @param op the operation
   * @param in its operands
   */
  TypeLaw(Op op, List<Typed> in) {
    this.in = in;
    Supplier<Typed> typed = state(op);
    result = broken.isEmpty() ? typed.get() : null;
  }

  /** The result's type; null if the operands are refused. */
  Typed result() {
    return result;
  }

  /** For each demand that is broken, the words that the error has to have if it is about that. */
  List<List<String>> broken() {
    return Collections.unmodifiableList(broken);
  }

  private boolean demand(boolean met, Object... words) {
    if (!met) {
      broken.add(Arrays.stream(words).map(Object::toString).toList());
    }
    return met;
  }

  private Supplier<Typed> state(Op op) {
    return switch (op) {
      case Op.Input o -> () -> new Typed(o.shape(), o.dtype());
      case Op.Constant o -> () -> new Typed(o.shape(), o.data().dtype());
      case Op.Iota o -> {
        Typed counted = new Typed(o.shape(), o.dtype());
        demandKind(NUMBERS, "cannot count", counted);
        demandAxes(o.shape(), List.of(o.axis()));
        yield () -> counted;
      }
      case Op.Neg o -> elementwise(NUMBERS, "expected numbers");
      case Op.Abs o -> elementwise(NUMBERS, "expected numbers");
      case Op.Sign o -> elementwise(NUMBERS, "expected numbers");
      case Op.Not o -> elementwise(TRUTH, "expected bool");
      case Op.Exp o -> elementwise(REALS, "expected float32 or float64");
      case Op.Log o -> elementwise(REALS, "expected float32 or float64");
      case Op.Log1p o -> elementwise(REALS, "expected float32 or float64");
      case Op.Expm1 o -> elementwise(REALS, "expected float32 or float64");
      case Op.Sin o -> elementwise(REALS, "expected float32 or float64");
      case Op.Cos o -> elementwise(REALS, "expected float32 or float64");
      case Op.Tanh o -> elementwise(REALS, "expected float32 or float64");
      case Op.Sigmoid o -> elementwise(REALS, "expected float32 or float64");
      case Op.Erf o -> elementwise(REALS, "expected float32 or float64");
      case Op.Sqrt o -> elementwise(REALS, "expected float32 or float64");
      case Op.Floor o -> elementwise(REALS, "expected float32 or float64");
      case Op.Add o -> elementwise(NUMBERS, "expected numbers");
      case Op.Sub o -> elementwise(NUMBERS, "expected numbers");
      case Op.Mul o -> elementwise(NUMBERS, "expected numbers");
      case Op.Div o -> elementwise(NUMBERS, "expected numbers");
      case Op.Max o -> elementwise(NUMBERS, "expected numbers");
      case Op.Min o -> elementwise(NUMBERS, "expected numbers");
      case Op.Pow o -> elementwise(REALS, "expected float32 or float64");
      case Op.Less o -> truth(elementwise(NUMBERS, "expected numbers"));
      case Op.LessEqual o -> truth(elementwise(NUMBERS, "expected numbers"));
      case Op.Equal o -> truth(elementwise(COMPARABLE, "expected numbers"));
      case Op.And o -> elementwise(BITS, "expected bool or integers");
      case Op.Or o -> elementwise(BITS, "expected bool or integers");
      case Op.Mark o -> elementwise(ALL, "");
      case Op.StopGradient o -> elementwise(ALL, "");
      // The table's function is a product, and broadcasts as one.
      case Op.Custom o -> product();
      case Op.Select o -> {
        demandKind(TRUTH, "expected bool", in.get(0));
        demandOneDType(1);
        demandOneShape();
        yield () -> in.get(1);
      }
      case Op.Cast o -> () -> new Typed(in.get(0).shape(), o.dtype());
      case Op.RandomBits o -> {
        Typed key = new Typed(Shape.of(4), INT32);
        demand(in.get(0).equals(key), key, in.get(0));
        yield () -> new Typed(o.shape(), INT32);
      }
      case Op.Sum o -> {
        demandKind(NUMBERS, "expected numbers", in.get(0));
        demandAxes(in.get(0).shape(), o.axes());
        yield () -> new Typed(folded(o.axes()), in.get(0).dtype());
      }
      case Op.ReduceMax o -> {
        demandKind(NUMBERS, "expected numbers", in.get(0));
        demandElements(o.axes());
        yield () -> new Typed(folded(o.axes()), in.get(0).dtype());
      }
      case Op.ArgMax o -> {
        demandKind(NUMBERS, "expected numbers", in.get(0));
        demandElements(List.of(o.axis()));
        yield () -> new Typed(folded(List.of(o.axis())), INT32);
      }
      case Op.ArgSort o -> {
        demandKind(NUMBERS, "expected numbers", in.get(0));
        demand(in.get(0).shape().rank() > 0, "scalar");
        yield () -> new Typed(in.get(0).shape(), INT32);
      }
      case Op.Movement o -> movement(o);
      case Op.Matmul o -> {
        demandOneDType(0);
        in.forEach(each -> demandKind(REALS, "expected one floating dtype", each));
        Map<Character, Integer> extents = letters(true, "MK", "KN");
        yield () -> new Typed(batched(extents, "MN"), in.get(0).dtype());
      }
      case Op.Attention o -> attention(o);
      case Op.Unfold o -> {
        Map<Character, Integer> extents = letters(false, "NCHW");
        if (!broken.isEmpty()) {
          yield () -> null;
        }
        Op.Window w = o.window();
        long area = (long) w.kernelHeight() * w.kernelWidth();
        long rows = positions(extents.get('H'), w.kernelHeight(), w);
        long columns = positions(extents.get('W'), w.kernelWidth(), w);
        demandExtent(area);
        demandExtent(extents.get('C') * area);
        demandExtent(rows * columns);
        yield () ->
            new Typed(
                Shape.of(extents.get('N'), (int) (extents.get('C') * area), (int) (rows * columns)),
                in.get(0).dtype());
      }
      case Op.Fold o -> {
        demandKind(NUMBERS, "expected numbers", in.get(0));
        Map<Character, Integer> extents = letters(false, "NKP");
        if (!broken.isEmpty()) {
          yield () -> null;
        }
        Op.Window w = o.window();
        long area = (long) w.kernelHeight() * w.kernelWidth();
        long positions =
            positions(o.height(), w.kernelHeight(), w) * positions(o.width(), w.kernelWidth(), w);
        String image = o.height() + " × " + o.width();
        int planes = 0;
        while (planes * area < extents.get('K')) {
          planes++;
        }
        int channels = planes;
        demand(planes * area == extents.get('K'), in.get(0).shape(), image, area);
        demand(positions == extents.get('P'), in.get(0).shape(), image, positions + " positions");
        yield () ->
            new Typed(
                Shape.of(extents.get('N'), channels, o.height(), o.width()), in.get(0).dtype());
      }
      case Op.Gather o -> {
        demand(INTEGERS.contains(in.get(1).dtype()), "integer indices", in.get(1));
        Map<Character, Integer> extents = letters(false, "BRD", "BK");
        yield () -> new Typed(shape(extents, "BKD"), in.get(0).dtype());
      }
      case Op.ScatterAdd o -> {
        demandKind(NUMBERS, "expected numbers", in.get(0));
        demand(INTEGERS.contains(in.get(1).dtype()), "integer indices", in.get(1));
        Map<Character, Integer> extents = letters(false, "BKD", "BK");
        demand(o.rows() >= 0, "rows", o.rows());
        extents.put('R', o.rows());
        yield () -> new Typed(shape(extents, "BRD"), in.get(0).dtype());
      }
    };
  }

  // ---- dtypes ----

  private void demandKind(Set<DType> kind, String expected, Typed got) {
    if (got.dtype().isStorageOnly() && kind != TRUTH && kind != BITS) {
      demand(kind.contains(got.dtype()), got.dtype() + " only stores values", "cast to float32");
    } else {
      demand(kind.contains(got.dtype()), expected, got);
    }
  }

  private boolean demandOneDType(int from) {
    boolean one = true;
    for (Typed each : in.subList(from, in.size())) {
      one &= demand(each.dtype() == in.get(from).dtype(), in.get(from), each);
    }
    return one;
  }

  // ---- elementwise ----

  private void demandOneShape() {
    for (Typed each : in) {
      for (Typed other : in) {
        demand(each.shape().equals(other.shape()), each.shape(), other.shape());
      }
    }
  }

  private Supplier<Typed> elementwise(Set<DType> kind, String expected) {
    in.forEach(each -> demandKind(kind, expected, each));
    demandOneDType(0);
    demandOneShape();
    return () -> in.get(0);
  }

  private static Supplier<Typed> truth(Supplier<Typed> compared) {
    return () -> new Typed(compared.get().shape(), BOOL);
  }

  /** NumPy's rule: aligned at the last axis, what is not there is 1, and 1 becomes the other. */
  private Supplier<Typed> product() {
    // What came is named as it was broadcast.
    in.forEach(
        each ->
            demand(
                NUMBERS.contains(each.dtype()),
                each.dtype(),
                each.dtype() == BOOL ? "expected numbers" : "cast to float32"));
    demandOneDType(0);
    Shape a = in.get(0).shape();
    Shape b = in.get(1).shape();
    int rank = Math.max(a.rank(), b.rank());
    List<Integer> extents = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      Set<Integer> both = new TreeSet<>();
      both.add(axis < rank - a.rank() ? 1 : a.extent(axis - rank));
      both.add(axis < rank - b.rank() ? 1 : b.extent(axis - rank));
      if (both.size() > 1) {
        both.remove(1);
      }
      demand(both.size() == 1, a, b);
      extents.add(both.iterator().next());
    }
    return () -> new Typed(Shape.of(extents), in.get(0).dtype());
  }

  // ---- axes ----

  private boolean demandAxes(Shape shape, List<Integer> axes) {
    List<Integer> left = new ArrayList<>(IntStream.range(0, shape.rank()).boxed().toList());
    boolean all = axes.stream().allMatch(axis -> left.remove((Object) axis));
    return demand(all, axes, shape);
  }

  private void demandElements(List<Integer> axes) {
    Shape shape = in.get(0).shape();
    if (demandAxes(shape, axes)) {
      axes.forEach(axis -> demand(shape.extent(axis) > 0, "axis " + axis, shape, "empty"));
    }
  }

  private Shape folded(List<Integer> axes) {
    List<Integer> extents = new ArrayList<>();
    for (int axis = 0; axis < in.get(0).shape().rank(); axis++) {
      if (axes.indexOf(axis) < 0) {
        extents.add(in.get(0).shape().extent(axis));
      }
    }
    return Shape.of(extents);
  }

  // ---- movement ----

  private Supplier<Typed> movement(Op.Movement op) {
    if (op instanceof Op.Concat concat) {
      return concat(concat);
    }
    Shape from = in.get(0).shape();
    List<Integer> extents = new ArrayList<>();
    switch (op) {
      case Op.Reshape o -> {
        demand(
            from.elements() == o.shape().elements(),
            from + " has " + from.elements(),
            o.shape() + " has " + o.shape().elements());
        extents.addAll(list(o.shape()));
      }
      case Op.Permute o -> {
        boolean all = o.axes().size() == from.rank() && demandOrder(o.axes(), from);
        if (all) {
          o.axes().forEach(axis -> extents.add(from.extent(axis)));
        } else if (broken.isEmpty()) {
          demand(false, o.axes(), from, "from 0 to " + (from.rank() - 1));
        }
      }
      case Op.Broadcast o -> {
        boolean fits = from.rank() == o.shape().rank();
        for (int axis = 0; fits && axis < from.rank(); axis++) {
          fits = from.extent(axis) == o.shape().extent(axis) || from.extent(axis) == 1;
        }
        demand(fits, from, o.shape());
        extents.addAll(list(o.shape()));
      }
      case Op.Pad o -> pad(o, from, extents);
      case Op.Slice o -> slice(o, from, extents);
      case Op.Flip o -> {
        demandAxes(from, o.axes());
        extents.addAll(list(from));
      }
      case Op.Concat o -> throw new AssertionError(o);
    }
    return () -> new Typed(Shape.of(extents), in.get(0).dtype());
  }

  private boolean demandOrder(List<Integer> axes, Shape from) {
    boolean all = new TreeSet<>(axes).equals(new TreeSet<>(axes(from)));
    return demand(all, axes, from, "from 0 to " + (from.rank() - 1));
  }

  private void pad(Op.Pad op, Shape from, List<Integer> extents) {
    int rank = from.rank();
    if (!demand(
        op.low().size() == rank && op.high().size() == rank && op.interior().size() == rank,
        "expected " + rank + " amounts",
        from,
        op.low(),
        op.high(),
        op.interior())) {
      return;
    }
    for (int axis = 0; axis < rank; axis++) {
      int low = op.low().get(axis);
      int high = op.high().get(axis);
      int between = op.interior().get(axis);
      if (!demand(
          low >= 0 && high >= 0 && between >= 0,
          low + " before",
          high + " after",
          between + " between",
          "axis " + axis,
          from)) {
        continue;
      }
      // Element by element: each but the first has so many zeros before it.
      long there = low;
      for (int i = 0; i < from.extent(axis); i++) {
        there += i == 0 ? 1 : 1L + between;
      }
      if (demandExtent(there + high, "axis " + axis, from)) {
        extents.add((int) (there + high));
      }
    }
  }

  private void slice(Op.Slice op, Shape from, List<Integer> extents) {
    int rank = from.rank();
    if (!demand(
        op.start().size() == rank && op.end().size() == rank && op.stride().size() == rank,
        "expected " + rank + " bounds",
        from,
        op.start(),
        op.end(),
        op.stride())) {
      return;
    }
    for (int axis = 0; axis < rank; axis++) {
      int start = op.start().get(axis);
      int end = op.end().get(axis);
      int stride = op.stride().get(axis);
      int extent = from.extent(axis);
      if (demand(
          0 <= start && start <= end && end <= extent && stride > 0,
          start + " to " + end + " by " + stride,
          "axis " + axis,
          from,
          "<= " + extent)) {
        int taken = 0;
        for (long i = start; i < end; i += stride) {
          taken++;
        }
        extents.add(taken);
      }
    }
  }

  private Supplier<Typed> concat(Op.Concat op) {
    if (!demand(!in.isEmpty(), "no operands")
        || !demandAxes(in.get(0).shape(), List.of(op.axis()))) {
      return () -> null;
    }
    List<Integer> joined = new ArrayList<>(list(in.get(0).shape()));
    long along = 0;
    for (Typed each : in) {
      List<Integer> extents = new ArrayList<>(list(each.shape()));
      boolean longEnough = extents.size() > op.axis();
      along += longEnough ? extents.set(op.axis(), joined.get(op.axis())) : 0;
      demand(
          longEnough && extents.equals(joined) && each.dtype() == in.get(0).dtype(),
          each,
          in.get(0),
          "axis " + op.axis());
    }
    if (broken.isEmpty() && demandExtent(along, "axis " + op.axis())) {
      joined.set(op.axis(), (int) along);
    }
    return () -> new Typed(Shape.of(joined), in.get(0).dtype());
  }

  private boolean demandExtent(long extent, Object... words) {
    List<Object> all = new ArrayList<>(List.of(words));
    all.add("an axis would have " + extent + " elements");
    return demand(extent <= Integer.MAX_VALUE, all.toArray());
  }

  // ---- windows ----

  private static long positions(int extent, int kernel, Op.Window window) {
    long positions = 0;
    for (long i = -window.padding(); i + kernel <= extent + window.padding(); ) {
      positions++;
      i += window.stride();
    }
    return positions;
  }

  // ---- letters ----

  /**
   * The extents that letters stand for: of each operand the last axes, and of batched ones equal
   * axes before them.
   */
  private Map<Character, Integer> letters(boolean batched, String... signature) {
    Map<Character, Integer> extents = new HashMap<>();
    for (int i = 0; i < signature.length; i++) {
      Shape shape = in.get(i).shape();
      int batch = shape.rank() - signature[i].length();
      boolean ranked = batched ? batch >= 0 : batch == 0;
      if (!demand(ranked, shape)) {
        continue;
      }
      Shape first = in.get(0).shape();
      if (!demand(
          list(shape)
              .subList(0, batch)
              .equals(list(first).subList(0, Math.max(0, first.rank() - signature[0].length()))),
          first,
          shape)) {
        continue;
      }
      for (int letter = 0; letter < signature[i].length(); letter++) {
        int extent = shape.extent(batch + letter);
        Integer known = extents.putIfAbsent(signature[i].charAt(letter), extent);
        demand(known == null || known == extent, shape);
      }
    }
    return extents;
  }

  private static Shape shape(Map<Character, Integer> extents, String letters) {
    return Shape.of(letters.chars().map(c -> c == '1' ? 1 : extents.get((char) c)).toArray());
  }

  private Shape batched(Map<Character, Integer> extents, String letters) {
    Shape first = in.get(0).shape();
    List<Integer> all = new ArrayList<>(list(first).subList(0, first.rank() - 2));
    all.addAll(list(shape(extents, letters)));
    return Shape.of(all);
  }

  // ---- attention ----

  private Supplier<Typed> attention(Op.Attention op) {
    String signature =
        switch (op) {
          case Op.AttentionOutput o -> "QD,KD,KV,>QV";
          case Op.AttentionLogSumExp o -> "QD,KD,>Q1";
          case Op.AttentionTangent o -> "QD,KD,KV,QD,KD,KV,>QV";
          case Op.AttentionQueryCotangent o -> "QD,KD,KV,QV,Q1,QV,>QD";
          case Op.AttentionKeyCotangent o -> "QD,KD,KV,QV,Q1,QV,>KD";
          case Op.AttentionValueCotangent o -> "QD,KD,KV,QV,Q1,QV,>KV";
        };
    String[] roles =
        op instanceof Op.AttentionTangent
            ? new String[] {
              "queries",
              "keys",
              "values",
              "the queries' tangent",
              "the keys' tangent",
              "the values' tangent"
            }
            : new String[] {
              "queries", "keys", "values", "the output", "the log-sum-exp", "the cotangent"
            };
    String[] letters = signature.substring(0, signature.indexOf(",>")).split(",");
    if (!demand(
        in.size() == letters.length || in.size() == letters.length + 1,
        op.label(),
        letters.length + " operands",
        "got " + in.size())) {
      return () -> null;
    }
    Typed queries = in.get(0);
    demandKind(REALS, "expected float32 or float64", queries);
    Map<Character, Integer> extents = new HashMap<>(Map.of('1', 1));
    List<Integer> batch = null;
    for (int i = 0; i < letters.length; i++) {
      List<Integer> each = list(in.get(i).shape());
      if (i == 0 && !demand(each.size() >= 2, "queries", queries.shape())) {
        return () -> null;
      }
      batch = batch == null ? each.subList(0, each.size() - 2) : batch;
      demand(in.get(i).dtype() == queries.dtype(), roles[i], queries, in.get(i));
      if (!demand(
          each.size() == batch.size() + 2,
          roles[i],
          queries,
          in.get(i),
          i < 3 ? batch.size() + 2 + " axes" : "")) {
        continue;
      }
      boolean fits = each.subList(0, batch.size()).equals(batch);
      for (int letter = 0; letter < 2; letter++) {
        Integer extent = each.get(batch.size() + letter);
        Integer known = extents.putIfAbsent(letters[i].charAt(letter), extent);
        fits &= known == null || known.equals(extent);
      }
      boolean known = letters[i].chars().allMatch(c -> extents.containsKey((char) c));
      demand(fits, roles[i], queries, known ? batched(extents, letters[i]) : "", in.get(i));
    }
    if (extents.keySet().containsAll(Set.of('K', 'D'))) {
      demand(
          extents.get('K') > 0 && extents.get('D') > 0,
          queries.shape(),
          in.get(1).shape(),
          "at least one key");
    }
    if (in.size() > letters.length) {
      Typed mask = in.getLast();
      demand(
          mask.dtype() == BOOL || mask.dtype() == queries.dtype(), "mask", queries.dtype(), mask);
      if (extents.containsKey('K')) {
        Shape scores = batched(extents, "QK");
        demand(mask.shape().equals(scores), "mask", scores, mask);
      }
    }
    String letterOfResult = signature.substring(signature.indexOf('>') + 1);
    return () -> new Typed(batched(extents, letterOfResult), queries.dtype());
  }

  private static List<Integer> list(Shape shape) {
    return Arrays.stream(shape.extents()).boxed().toList();
  }

  private static List<Integer> axes(Shape shape) {
    return IntStream.range(0, shape.rank()).boxed().toList();
  }
}
