package org.fluxion.tensor;

import java.util.List;

/**
 * The shape and dtype of every operation's result, and the errors of operands that do not fit. One
 * exhaustive switch; it runs when a node is built, so that a mistake is reported where it is made.
 */
final class TypeRules {
  /** What a node's result looks like. */
  record Type(Shape shape, DType dtype) {}

  private TypeRules() {}

  /**
   * The result's type.
   *
   * @param name what errors call the operation: the function that was asked for
   * @param op the operation
   * @param in its operands
   * @return shape and dtype
   * @throws TensorException if the operands do not fit
   */
  static Type infer(String name, Op op, List<Tensor> in) {
    return switch (op) {
      case Op.Input o -> new Type(o.shape(), o.dtype());
      case Op.Constant o -> new Type(o.shape(), o.data().dtype());
      case Op.Iota o -> iota(name, o);
      case Op.Neg o -> numeric(name, in.get(0));
      case Op.Abs o -> numeric(name, in.get(0));
      case Op.Sign o -> numeric(name, in.get(0));
      case Op.Not o -> logical(name, in.get(0));
      case Op.Exp o -> floating(name, in.get(0));
      case Op.Log o -> floating(name, in.get(0));
      case Op.Log1p o -> floating(name, in.get(0));
      case Op.Expm1 o -> floating(name, in.get(0));
      case Op.Sin o -> floating(name, in.get(0));
      case Op.Cos o -> floating(name, in.get(0));
      case Op.Tanh o -> floating(name, in.get(0));
      case Op.Sigmoid o -> floating(name, in.get(0));
      case Op.Erf o -> floating(name, in.get(0));
      case Op.Sqrt o -> floating(name, in.get(0));
      case Op.Floor o -> floating(name, in.get(0));
      case Op.Add o -> numeric(name, same(name, in));
      case Op.Sub o -> numeric(name, same(name, in));
      case Op.Mul o -> numeric(name, same(name, in));
      case Op.Div o -> numeric(name, same(name, in));
      case Op.Max o -> numeric(name, same(name, in));
      case Op.Min o -> numeric(name, same(name, in));
      case Op.Pow o -> floating(name, same(name, in));
      case Op.Less o -> bool(numeric(name, same(name, in)));
      case Op.LessEqual o -> bool(numeric(name, same(name, in)));
      case Op.Equal o -> {
        Tensor a = same(name, in);
        arithmetic(name, a.dtype());
        yield new Type(a.shape(), DType.BOOL);
      }
      case Op.And o -> bits(name, same(name, in));
      case Op.Or o -> bits(name, same(name, in));
      case Op.Select o -> select(name, in);
      case Op.Cast o -> new Type(in.get(0).shape(), o.dtype());
      case Op.RandomBits o -> random(name, o, in.get(0));
      case Op.Sum o ->
          new Type(without(name, in.get(0), o.axes()), numeric(name, in.get(0)).dtype());
      case Op.ReduceMax o -> {
        Type type = new Type(without(name, in.get(0), o.axes()), numeric(name, in.get(0)).dtype());
        for (int axis : o.axes()) {
          notEmpty(name, in.get(0), axis);
        }
        yield type;
      }
      case Op.ArgMax o -> {
        numeric(name, in.get(0));
        Shape rest = without(name, in.get(0), List.of(o.axis()));
        notEmpty(name, in.get(0), o.axis());
        yield new Type(rest, DType.INT32);
      }
      case Op.ArgSort o -> {
        numeric(name, in.get(0));
        if (in.get(0).shape().rank() == 0) {
          throw new TensorException(
              name + ": a scalar has no axis to sort along; reshape it to [1]");
        }
        yield new Type(in.get(0).shape(), DType.INT32);
      }
      case Op.Reshape o -> reshape(o, in.get(0));
      case Op.Permute o -> permute(o, in.get(0));
      case Op.Broadcast o -> broadcast(o, in.get(0));
      case Op.Pad o -> pad(o, in.get(0));
      case Op.Slice o -> slice(o, in.get(0));
      case Op.Concat o -> concat(o, in);
      case Op.Flip o -> {
        requireAxes(name, in.get(0).shape(), o.axes());
        yield new Type(in.get(0).shape(), in.get(0).dtype());
      }
      case Op.Matmul o -> matmul(in.get(0), in.get(1));
      case Op.Attention o -> attention(o, in);
      case Op.Unfold o -> unfold(o, in.get(0));
      case Op.Fold o -> fold(o, in.get(0));
      case Op.Gather o -> {
        Shape a = rank(name, in.get(0), 3);
        Shape i = indices(name, in.get(1), a.extent(0));
        yield new Type(Shape.of(a.extent(0), i.extent(1), a.extent(2)), in.get(0).dtype());
      }
      case Op.ScatterAdd o -> {
        Shape u = rank(name, in.get(0), 3);
        Shape i = indices(name, in.get(1), u.extent(0));
        if (i.extent(1) != u.extent(1)) {
          throw new TensorException(
              "scatter_add: updates %s and indices %s differ at axis 1; give one index per row"
                  .formatted(u, i));
        }
        if (o.rows() < 0) {
          throw new TensorException(
              "scatter_add: %d rows to add to; give at least 0".formatted(o.rows()));
        }
        numeric(name, in.get(0));
        yield new Type(Shape.of(u.extent(0), o.rows(), u.extent(2)), in.get(0).dtype());
      }
      case Op.Mark o -> new Type(in.get(0).shape(), in.get(0).dtype());
      case Op.StopGradient o -> new Type(in.get(0).shape(), in.get(0).dtype());
      case Op.Custom o -> {
        Tensor expanded = o.function().expand(in);
        yield new Type(expanded.shape(), expanded.dtype());
      }
    };
  }

  private static Type bool(Type type) {
    return new Type(type.shape(), DType.BOOL);
  }

  private static DType arithmetic(String name, DType dtype) {
    if (dtype.isStorageOnly()) {
      throw new TensorException(
          "%s: %s only stores values; cast to float32 first".formatted(name, dtype));
    }
    return dtype;
  }

  private static Type numeric(String name, Tensor a) {
    if (arithmetic(name, a.dtype()) == DType.BOOL) {
      throw new TensorException(
          "%s: expected numbers, got bool %s; cast it to a numeric dtype"
              .formatted(name, a.shape()));
    }
    return new Type(a.shape(), a.dtype());
  }

  /** Requires what has arithmetic, for a function made of several operations. */
  static void requireNumeric(String name, Tensor a) {
    numeric(name, a);
  }

  /** Requires what has roots and fractions, for a function made of several operations. */
  static void requireFloating(String name, Tensor a) {
    floating(name, a);
  }

  private static Type iota(String name, Op.Iota op) {
    if (arithmetic(name, op.dtype()) == DType.BOOL) {
      throw new TensorException(
          "%s: bool %s cannot count; use an integer dtype and compare it"
              .formatted(name, op.shape()));
    }
    requireAxes(name, op.shape(), List.of(op.axis()));
    return new Type(op.shape(), op.dtype());
  }

  private static Type floating(String name, Tensor a) {
    if (!arithmetic(name, a.dtype()).isFloating()) {
      throw new TensorException(
          "%s: expected float32 or float64, got %s %s; cast it first"
              .formatted(name, a.dtype(), a.shape()));
    }
    return new Type(a.shape(), a.dtype());
  }

  private static Type logical(String name, Tensor a) {
    if (a.dtype() != DType.BOOL) {
      throw new TensorException(
          "%s: expected bool, got %s %s; compare it with something first"
              .formatted(name, a.dtype(), a.shape()));
    }
    return new Type(a.shape(), a.dtype());
  }

  private static Type bits(String name, Tensor a) {
    if (a.dtype().isFloating()) {
      throw new TensorException(
          "%s: expected bool or integers, got %s %s; compare or cast it first"
              .formatted(name, a.dtype(), a.shape()));
    }
    return new Type(a.shape(), a.dtype());
  }

  /** Requires equal dtypes; there is no promotion. */
  static void requireSameDType(String name, Tensor a, Tensor b) {
    if (a.dtype() != b.dtype()) {
      throw new TensorException(
          "%s: dtypes differ: %s %s and %s %s; cast one of them"
              .formatted(name, a.dtype(), a.shape(), b.dtype(), b.shape()));
    }
  }

  private static Tensor same(String name, List<Tensor> in) {
    Tensor a = in.get(0);
    Tensor b = in.get(1);
    requireSameDType(name, a, b);
    if (!a.shape().equals(b.shape())) {
      throw new TensorException(
          "%s: shapes differ: %s and %s; broadcast one of them"
              .formatted(name, a.shape(), b.shape()));
    }
    return a;
  }

  private static Type select(String name, List<Tensor> in) {
    logical(name, in.get(0));
    Tensor a = same(name, in.subList(1, 3));
    if (!in.get(0).shape().equals(a.shape())) {
      throw new TensorException(
          "%s: the condition's shape %s differs from the branches' %s; broadcast one of them"
              .formatted(name, in.get(0).shape(), a.shape()));
    }
    return new Type(a.shape(), a.dtype());
  }

  private static Type random(String name, Op.RandomBits op, Tensor key) {
    if (key.dtype() != DType.INT32 || !key.shape().equals(Shape.of(4))) {
      throw new TensorException(
          "%s: expected a key of int32 [4], got %s %s; use RandomKey"
              .formatted(name, key.dtype(), key.shape()));
    }
    return new Type(op.shape(), DType.INT32);
  }

  /** Operations count axes from the front; functions of users turn theirs round before. */
  private static void requireAxes(String name, Shape shape, List<Integer> axes) {
    if (axes.stream().distinct().count() != axes.size()
        || !axes.stream().allMatch(axis -> axis >= 0 && axis < shape.rank())) {
      throw new TensorException(
          "%s: %s are not axes of %s; count them from 0, and name each once"
              .formatted(name, axes, shape));
    }
  }

  private static Shape without(String name, Tensor a, List<Integer> axes) {
    requireAxes(name, a.shape(), axes);
    return Shape.of(
        java.util.stream.IntStream.range(0, a.shape().rank())
            .filter(axis -> !axes.contains(axis))
            .map(a.shape()::extent)
            .toArray());
  }

  private static void notEmpty(String name, Tensor a, int axis) {
    if (a.shape().extent(axis) == 0) {
      throw new TensorException(
          "%s: axis %d of %s is empty, and of no elements none can be given; reduce other axes"
              .formatted(name, axis, a.shape()));
    }
  }

  private static Type reshape(Op.Reshape op, Tensor a) {
    if (op.shape().elements() != a.shape().elements()) {
      throw new TensorException(
          "reshape: %s has %d elements, %s has %d; the counts must be equal"
              .formatted(a.shape(), a.shape().elements(), op.shape(), op.shape().elements()));
    }
    return new Type(op.shape(), a.dtype());
  }

  private static Type permute(Op.Permute op, Tensor a) {
    List<Integer> sorted = op.axes().stream().sorted().toList();
    List<Integer> all = java.util.stream.IntStream.range(0, a.shape().rank()).boxed().toList();
    if (!sorted.equals(all)) {
      throw new TensorException(
          "permute: %s is not an order of the axes of %s; name each from 0 to %d once"
              .formatted(op.axes(), a.shape(), a.shape().rank() - 1));
    }
    return new Type(Shape.of(op.axes().stream().map(a.shape()::extent).toList()), a.dtype());
  }

  private static Type broadcast(Op.Broadcast op, Tensor a) {
    boolean fits = op.shape().rank() == a.shape().rank();
    for (int axis = 0; fits && axis < a.shape().rank(); axis++) {
      int extent = a.shape().extent(axis);
      fits = extent == 1 || extent == op.shape().extent(axis);
    }
    if (!fits) {
      throw new TensorException(
          "broadcast: %s does not broadcast to %s; only axes of extent 1 are repeated"
              .formatted(a.shape(), op.shape()));
    }
    return new Type(op.shape(), a.dtype());
  }

  private static Type pad(Op.Pad op, Tensor a) {
    int rank = a.shape().rank();
    if (op.low().size() != rank || op.high().size() != rank || op.interior().size() != rank) {
      throw new TensorException(
          "pad: expected %d amounts for %s, got low %s, high %s, interior %s"
              .formatted(rank, a.shape(), op.low(), op.high(), op.interior()));
    }
    int[] extents = new int[rank];
    for (int axis = 0; axis < rank; axis++) {
      int extent = a.shape().extent(axis);
      if (op.low().get(axis) < 0 || op.high().get(axis) < 0 || op.interior().get(axis) < 0) {
        throw new TensorException(
            "pad: %d before, %d after and %d between the elements of axis %d of %s;"
                    .formatted(
                        op.low().get(axis),
                        op.high().get(axis),
                        op.interior().get(axis),
                        axis,
                        a.shape())
                + " give amounts of at least 0, and slice to take elements away");
      }
      extents[axis] =
          Shape.checkedExtent(
              "pad: axis %d of %s".formatted(axis, a.shape()),
              (long) op.low().get(axis)
                  + op.high().get(axis)
                  + extent
                  + Math.max(0, extent - 1L) * op.interior().get(axis));
    }
    return new Type(Shape.of(extents), a.dtype());
  }

  private static Type slice(Op.Slice op, Tensor a) {
    int rank = a.shape().rank();
    if (op.start().size() != rank || op.end().size() != rank || op.stride().size() != rank) {
      throw new TensorException(
          "slice: expected %d bounds for %s, got start %s, end %s, stride %s"
              .formatted(rank, a.shape(), op.start(), op.end(), op.stride()));
    }
    int[] extents = new int[rank];
    for (int axis = 0; axis < rank; axis++) {
      int start = op.start().get(axis);
      int end = op.end().get(axis);
      int stride = op.stride().get(axis);
      if (start < 0 || end < start || end > a.shape().extent(axis) || stride < 1) {
        throw new TensorException(
            "slice: %d to %d by %d is outside axis %d of %s; need 0 <= start <= end <= %d, stride >= 1"
                .formatted(start, end, stride, axis, a.shape(), a.shape().extent(axis)));
      }
      extents[axis] = Math.ceilDiv(end - start, stride);
    }
    return new Type(Shape.of(extents), a.dtype());
  }

  private static Type concat(Op.Concat op, List<Tensor> in) {
    if (in.isEmpty()) {
      throw new TensorException("concat: no operands; give at least one");
    }
    Tensor first = in.get(0);
    int axis = op.axis();
    requireAxes("concat", first.shape(), List.of(axis));
    long sum = 0;
    for (Tensor t : in) {
      if (t.dtype() != first.dtype()
          || t.shape().rank() != first.shape().rank()
          || !t.shape().with(axis, first.shape().extent(axis)).equals(first.shape())) {
        throw new TensorException(
            "concat: %s %s does not join %s %s along axis %d; all other extents must be equal"
                .formatted(t.dtype(), t.shape(), first.dtype(), first.shape(), axis));
      }
      sum += t.shape().extent(axis);
    }
    int joined = Shape.checkedExtent("concat: axis %d".formatted(axis), sum);
    return new Type(first.shape().with(axis, joined), first.dtype());
  }

  private static Type matmul(Tensor a, Tensor b) {
    Shape sa = a.shape();
    Shape sb = b.shape();
    arithmetic("matmul", a.dtype());
    arithmetic("matmul", b.dtype());
    if (a.dtype() != b.dtype() || !a.dtype().isFloating()) {
      throw new TensorException(
          "matmul: expected one floating dtype, got %s %s and %s %s; cast one of them"
              .formatted(a.dtype(), sa, b.dtype(), sb));
    }
    if (sa.rank() < 2 || sb.rank() != sa.rank()) {
      throw new TensorException(
          "matmul: expected equal ranks of at least 2, got %s × %s".formatted(sa, sb));
    }
    if (sa.extent(-1) != sb.extent(-2)) {
      throw new TensorException(
          "matmul: inner dimensions differ: %s × %s (%d ≠ %d)"
              .formatted(sa, sb, sa.extent(-1), sb.extent(-2)));
    }
    for (int axis = 0; axis < sa.rank() - 2; axis++) {
      if (sa.extent(axis) != sb.extent(axis)) {
        throw new TensorException(
            "matmul: batch dimensions differ: %s × %s (%d ≠ %d at axis %d)"
                .formatted(sa, sb, sa.extent(axis), sb.extent(axis), axis));
      }
    }
    return new Type(sa.with(-1, sb.extent(-1)), a.dtype());
  }

  private static Type attention(Op.Attention op, List<Tensor> in) {
    boolean masked = in.size() == op.operands() + 1;
    if (!masked && in.size() != op.operands()) {
      throw new TensorException(
          "attention: %s takes %d operands and perhaps a mask, got %d"
              .formatted(op.label(), op.operands(), in.size()));
    }
    Tensor queries = in.get(0);
    Tensor keys = in.get(1);
    floating("attention", queries);
    Shape q = queries.shape();
    if (q.rank() < 2) {
      throw new TensorException(
          "attention: expected queries [..., count, size], got %s; reshape them".formatted(q));
    }
    int count = attentionExtent("keys", keys, queries, -2);
    Shape k = q.with(-2, count);
    attentionOperand("keys", keys, queries, k);
    if (count == 0 || q.extent(-1) == 0) {
      throw new TensorException(
          "attention: queries %s and keys %s: give at least one key, of a size of at least 1"
              .formatted(q, k));
    }
    if (masked) {
      Tensor mask = in.getLast();
      Shape expected = q.with(-1, count);
      if (mask.dtype() != DType.BOOL && mask.dtype() != queries.dtype()) {
        throw new TensorException(
            "attention: expected a mask of bool, or of %s as the queries are, got %s %s; cast it"
                .formatted(queries.dtype(), mask.dtype(), mask.shape()));
      }
      if (!mask.shape().equals(expected)) {
        throw new TensorException(
            "attention: expected a mask [queries, keys] %s, got %s %s; broadcast it"
                .formatted(expected, mask.dtype(), mask.shape()));
      }
    }
    if (op instanceof Op.AttentionLogSumExp) {
      return new Type(q.with(-1, 1), queries.dtype());
    }
    int size = attentionExtent("values", in.get(2), queries, -1);
    Shape v = k.with(-1, size);
    Shape output = q.with(-1, size);
    attentionOperand("values", in.get(2), queries, v);
    switch (op) {
      case Op.AttentionOutput o -> {}
      case Op.AttentionTangent o -> {
        attentionOperand("the queries' tangent", in.get(3), queries, q);
        attentionOperand("the keys' tangent", in.get(4), queries, k);
        attentionOperand("the values' tangent", in.get(5), queries, v);
      }
      default -> {
        attentionOperand("the output", in.get(3), queries, output);
        attentionOperand("the log-sum-exp", in.get(4), queries, q.with(-1, 1));
        attentionOperand("the cotangent", in.get(5), queries, output);
      }
    }
    Shape shape =
        switch (op) {
          case Op.AttentionQueryCotangent o -> q;
          case Op.AttentionKeyCotangent o -> k;
          case Op.AttentionValueCotangent o -> v;
          default -> output;
        };
    return new Type(shape, queries.dtype());
  }

  /** An extent that the queries do not have. */
  private static int attentionExtent(String what, Tensor got, Tensor queries, int axis) {
    if (got.shape().rank() != queries.shape().rank()) {
      throw new TensorException(
          "attention: queries %s %s expect %s of %d axes, got %s %s; the batch axes must be equal"
              .formatted(
                  queries.dtype(),
                  queries.shape(),
                  what,
                  queries.shape().rank(),
                  got.dtype(),
                  got.shape()));
    }
    return got.shape().extent(axis);
  }

  private static void attentionOperand(String what, Tensor got, Tensor queries, Shape expected) {
    if (got.dtype() != queries.dtype() || !got.shape().equals(expected)) {
      throw new TensorException(
          "attention: queries %s %s expect %s of %s, got %s %s; the batch axes and the head size"
                  .formatted(
                      queries.dtype(), queries.shape(), what, expected, got.dtype(), got.shape())
              + " must be equal");
    }
  }

  private static Type unfold(Op.Unfold op, Tensor a) {
    Shape s = rank("unfold", a, 4);
    Op.Window w = op.window();
    long positions =
        (long) w.positions(s.extent(2), w.kernelHeight())
            * w.positions(s.extent(3), w.kernelWidth());
    long area = (long) w.kernelHeight() * w.kernelWidth();
    int extent = Shape.checkedExtent("unfold: a window of " + s, area);
    return new Type(
        Shape.of(
            s.extent(0),
            Shape.checkedExtent("unfold: windows of " + s, (long) s.extent(1) * extent),
            Shape.checkedExtent("unfold: positions in " + s, positions)),
        a.dtype());
  }

  private static Type fold(Op.Fold op, Tensor a) {
    Shape s = rank("fold", a, 3);
    numeric("fold", a);
    Op.Window w = op.window();
    long area = (long) w.kernelHeight() * w.kernelWidth();
    long positions =
        (long) w.positions(op.height(), w.kernelHeight())
            * w.positions(op.width(), w.kernelWidth());
    if (s.extent(1) % area != 0 || s.extent(2) != positions) {
      throw new TensorException(
          "fold: columns %s do not fit images of %d × %d: expected a multiple of %d and %d positions"
              .formatted(s, op.height(), op.width(), area, positions));
    }
    int planes = (int) (s.extent(1) / area);
    return new Type(Shape.of(s.extent(0), planes, op.height(), op.width()), a.dtype());
  }

  private static Shape rank(String name, Tensor a, int rank) {
    if (a.shape().rank() != rank) {
      throw new TensorException(
          "%s: expected rank %d, got %s; reshape it".formatted(name, rank, a.shape()));
    }
    return a.shape();
  }

  private static Shape indices(String name, Tensor i, int batch) {
    if (!i.dtype().isInteger() || i.shape().rank() != 2 || i.shape().extent(0) != batch) {
      throw new TensorException(
          "%s: expected integer indices [%d, k], got %s %s; cast or reshape them"
              .formatted(name, batch, i.dtype(), i.shape()));
    }
    return i.shape();
  }
}
