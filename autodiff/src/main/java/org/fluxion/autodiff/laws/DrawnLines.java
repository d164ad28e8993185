package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.OpTable;

/** The lines of a program that is being drawn: how each operation is given what it takes. */
final class DrawnLines extends DrawnValues {
  /** Where the low word of a counter ends. */
  private static final long WORD = 1L << 32;

  /** So far are tame operands from kinks, poles and the ends of domains. */
  private static final double MARGIN = 0.05;

  private static final List<Class<?>> OPERATIONS =
      OpTable.operations().stream().filter(op -> op != Op.Input.class).toList();

  private static final List<Class<?>> MOVEMENTS =
      List.of(Op.Permute.class, Op.Permute.class, Op.Reshape.class, Op.Concat.class);

  /**
   * Whether this program counts: half of its lines take integers and what is true or false, which
   * feed each other too seldom elsewhere.
   */
  private final boolean isCounting;

  DrawnLines(Random random, Settings settings, boolean isCounting) {
    super(random, settings);
    this.isCounting = isCounting;
  }

  /** Draws it. */
  RandomProgram program() {
    fresh(settings.dtype(), shape());
    // Lines that count come beside the others: derivatives are of those.
    int most = settings.operations() * (isCounting ? 2 : 1);
    for (int tries = 0; lines.size() < most && tries < 20 * most; tries++) {
      countsNow = isCounting && random.nextBoolean();
      grow(next());
    }
    return finished();
  }

  /**
   * By lot; after a product movement half the time, since that is what planners fold into it, and
   * of large tensors sums, since there threads have something to share.
   */
  private Class<?> next() {
    if (settings.isLarge() && random.nextInt(3) == 0) {
      return Op.Sum.class;
    }
    List<Class<?>> choice = isAfterProduct() && random.nextBoolean() ? MOVEMENTS : OPERATIONS;
    return choice.get(random.nextInt(choice.size()));
  }

  private boolean isAfterProduct() {
    return !lines.isEmpty() && lines.getLast().op() instanceof Op.Matmul;
  }

  private static boolean isBetweenIntegers(double element) {
    return Math.abs(element - Math.rint(element)) > MARGIN;
  }

  private void grow(Class<?> operation) {
    String name = operation.getSimpleName();
    switch (name) {
      case "Constant" -> constant(dtype(), shape());
      case "Iota" -> {
        Shape shape = shape();
        if (shape.rank() > 0) {
          DType dtype = random.nextInt(3) == 0 ? DType.INT32 : settings.dtype();
          add(new Op.Iota(shape, random.nextInt(shape.rank()), dtype));
        }
      }
      case "RandomBits" -> add(new Op.RandomBits(shape(), offset()), key());
      case "Neg" -> unary(new Op.Neg(), v -> true);
      case "Exp" -> unary(new Op.Exp(), v -> v < 3);
      case "Log" -> unary(new Op.Log(), v -> v > MARGIN);
      case "Log1p" -> unary(new Op.Log1p(), v -> v > MARGIN - 1);
      case "Expm1" -> unary(new Op.Expm1(), v -> v < 3);
      case "Sin" -> unary(new Op.Sin(), v -> Math.abs(v) < 10);
      case "Cos" -> unary(new Op.Cos(), v -> Math.abs(v) < 10);
      case "Tanh" -> unary(new Op.Tanh(), v -> true);
      case "Sigmoid" -> unary(new Op.Sigmoid(), v -> true);
      case "Erf" -> unary(new Op.Erf(), v -> true);
      case "Sqrt" -> unary(new Op.Sqrt(), v -> v > MARGIN);
      case "Abs" -> unary(new Op.Abs(), v -> true);
      case "Sign" -> unary(new Op.Sign(), v -> Math.abs(v) > MARGIN);
      case "Floor" -> unary(new Op.Floor(), DrawnLines::isBetweenIntegers);
      case "Not" -> bits().flatMap(x -> add(new Op.Not(), x));
      case "Add" -> binary(new Op.Add(), v -> true, v -> true);
      case "Sub" -> binary(new Op.Sub(), v -> true, v -> true);
      case "Mul" -> binary(new Op.Mul(), v -> true, v -> true);
      case "Div" -> binary(new Op.Div(), v -> true, v -> Math.abs(v) > 2 * MARGIN);
      case "Pow" -> binary(new Op.Pow(), v -> v > 2 * MARGIN, v -> Math.abs(v) < 3);
      case "Max" -> binary(new Op.Max(), v -> true, v -> true);
      case "Min" -> binary(new Op.Min(), v -> true, v -> true);
      case "Equal" -> binary(new Op.Equal(), v -> true, v -> true);
      case "Less" -> binary(new Op.Less(), v -> true, v -> true);
      case "LessEqual" -> binary(new Op.LessEqual(), v -> true, v -> true);
      case "And" -> bits().ifPresent(x -> both(new Op.And(), x));
      case "Or" -> bits().ifPresent(x -> both(new Op.Or(), x));
      case "Select" -> select();
      case "Cast" -> cast();
      case "Sum" -> number().ifPresent(x -> add(new Op.Sum(summed(shapeOf(x))), x));
      case "ReduceMax" -> number().ifPresent(this::reduceMax);
      case "ArgMax" -> ranked(1).ifPresent(x -> add(new Op.ArgMax(axis(shapeOf(x))), x));
      case "ArgSort" -> ranked(1).ifPresent(x -> add(new Op.ArgSort(), x));
      case "Reshape" -> movable().ifPresent(x -> add(new Op.Reshape(regrouped(shapeOf(x))), x));
      case "Permute" -> movable().ifPresent(x -> add(new Op.Permute(order(shapeOf(x).rank())), x));
      case "Broadcast" -> any().ifPresent(this::broadcast);
      case "Pad" ->
          any()
              .ifPresent(
                  x -> {
                    int rank = shapeOf(x).rank();
                    add(new Op.Pad(amounts(rank, 2), amounts(rank, 2), amounts(rank, 2)), x);
                  });
      case "Slice" -> any().ifPresent(this::slice);
      case "Concat" ->
          (countsNow ? some(v -> v.shape().rank() > 0) : ranked(1)).ifPresent(this::concat);
      case "Flip" -> any().ifPresent(x -> add(new Op.Flip(axes(shapeOf(x))), x));
      case "Matmul" -> real(2).ifPresent(this::matmul);
      case "AttentionOutput",
          "AttentionLogSumExp",
          "AttentionTangent",
          "AttentionQueryCotangent",
          "AttentionKeyCotangent",
          "AttentionValueCotangent" ->
          real(2).ifPresent(x -> attention(name, x));
      case "Unfold" -> unfold();
      case "Fold" -> fold();
      case "Gather" -> gather();
      case "ScatterAdd" -> scatterAdd();
      case "Mark" -> any().ifPresent(x -> add(new Op.Mark(), x));
      case "StopGradient" -> any().ifPresent(x -> add(new Op.StopGradient(), x));
      case "Custom" -> real(0).ifPresent(x -> add(new Op.Custom(OpTable.PRODUCT), x, alike(x)));
      default -> throw new IllegalStateException("no rule for how " + name + " is drawn");
    }
  }

  private Shape shapeOf(int number) {
    return value(number).shape();
  }

  private int alike(int number) {
    return of(value(number).dtype(), shapeOf(number));
  }

  private Optional<Integer> any() {
    return some(v -> true);
  }

  /** What is moved about: a product that was just made rather than anything else. */
  private Optional<Integer> movable() {
    return isAfterProduct() && random.nextInt(4) > 0 ? Optional.of(results.size() - 1) : any();
  }

  private Optional<Integer> number() {
    return countsNow ? floating(v -> true) : some(DrawnLines::isNumber);
  }

  /** What windows pass over. */
  private Optional<Integer> image(Fits fits) {
    return some(v -> (countsNow ? !v.dtype().isFloating() : isNumber(v)) && fits.test(v));
  }

  private static boolean isNumber(Tensor value) {
    return value.dtype() != DType.BOOL && !value.dtype().isStorageOnly();
  }

  private Optional<Integer> ranked(int least) {
    return some(v -> v.dtype() != DType.BOOL && v.shape().rank() >= least);
  }

  private Optional<Integer> real(int rank) {
    return floating(v -> v.shape().rank() >= rank);
  }

  private Optional<Integer> logical() {
    Optional<Integer> known = some(v -> v.dtype() == DType.BOOL);
    if (known.isPresent()) {
      return known;
    }
    return floating(v -> true).flatMap(x -> add(new Op.Less(), x, alike(x)));
  }

  private void both(Op op, int x) {
    int y = alike(x);
    boolean swapped = countsNow && random.nextBoolean();
    add(op, swapped ? y : x, swapped ? x : y);
  }

  /** Integers now and then. */
  private Optional<Integer> bits() {
    return countsNow
        ? floating(v -> true)
        : random.nextInt(3) == 0 ? some(v -> !v.dtype().isFloating()) : logical();
  }

  private int key() {
    if (countsNow && !isOfKeys) {
      makeKey();
    }
    return some(DrawnValues::isKey).orElseGet(() -> fresh(DType.INT32, Shape.of(4)));
  }

  /** Of something that is done first. */
  private void makeKey() {
    Shape four = Shape.of(4);
    switch (random.nextInt(6)) {
      case 0 -> made(DType.INT32, four);
      case 1 -> add(new Op.Broadcast(four), fresh(DType.INT32, Shape.of(1)));
      case 2 -> constant(DType.INT32, four);
      default -> {
        fresh(DType.INT32, four);
        isOfKeys = true;
        for (int before = results.size(), tries = 0;
            results.size() == before && tries < 20;
            tries++) {
          grow(next());
        }
        isOfKeys = false;
      }
    }
  }

  /** A small number of a block, or one about where its low word ends. */
  private long offset() {
    return random.nextInt(9) + (random.nextInt(3) == 0 ? WORD - 4 : 0);
  }

  private void constant(DType dtype, Shape shape) {
    int made = fresh(dtype, shape);
    Tensor value = value(made);
    values.removeLast();
    add(new Op.Constant(value.value(), shape));
  }

  private void unary(Op op, Holds tame) {
    boolean counts = op instanceof Op.Neg || op instanceof Op.Abs || op instanceof Op.Sign;
    Optional<Integer> x =
        counts && random.nextInt(8) == 0 ? number() : floating(v -> tame(v, tame));
    x.ifPresent(operand -> add(op, operand));
  }

  private void binary(Op op, Holds first, Holds second) {
    Optional<Integer> x = random.nextInt(12) == 0 ? number() : floating(v -> tame(v, first));
    if (x.isEmpty()) {
      return;
    }
    int y = alike(x.get());
    boolean swapped = random.nextBoolean() && tame(value(y), first) && tame(value(x.get()), second);
    if (swapped) {
      add(op, y, x.get());
    } else if (tame(value(y), second)) {
      add(op, x.get(), y);
    }
  }

  private void select() {
    Optional<Integer> condition = logical();
    if (condition.isEmpty()) {
      return;
    }
    Shape shape = shapeOf(condition.get());
    int a =
        some(v -> random.nextInt(4) == 0 && v.shape().equals(shape))
            .orElseGet(() -> of(dtype(), shape));
    int b = alike(a);
    boolean swapped = random.nextBoolean();
    add(new Op.Select(), condition.get(), swapped ? b : a, swapped ? a : b);
  }

  private void cast() {
    DType[] dtypes = DType.values();
    DType to = random.nextInt(3) == 0 ? dtypes[random.nextInt(dtypes.length)] : settings.dtype();
    // Rounding to integers jumps, as floor does.
    some(v -> to.isFloating() || !isReal(v) || tame(v, DrawnLines::isBetweenIntegers))
        .flatMap(x -> add(new Op.Cast(to), x))
        .ifPresent(
            narrow -> {
              // What only stores, or counts, comes back.
              if (!isReal(to) && random.nextInt(3) > 0) {
                add(new Op.Cast(settings.dtype()), narrow);
              }
            });
  }

  /** Now and then of equal rows, that tie wherever they go together. */
  private void reduceMax(int x) {
    Shape shape = shapeOf(x);
    if (shape.rank() == 0 || random.nextInt(3) > 0) {
      add(new Op.ReduceMax(axes(shape)), x);
      return;
    }
    int axis = axis(shape);
    add(new Op.Concat(axis), x, x).ifPresent(y -> add(new Op.ReduceMax(List.of(axis)), y));
  }

  private List<Integer> axes(Shape shape) {
    return IntStream.range(0, shape.rank()).filter(axis -> random.nextBoolean()).boxed().toList();
  }

  /** Of large tensors mostly the rows: their sum is shared, and put together at the end. */
  private List<Integer> summed(Shape shape) {
    boolean isOfRows = settings.isLarge() && shape.rank() > 1 && random.nextInt(3) > 0;
    return isOfRows ? List.of(0) : axes(shape);
  }

  private int axis(Shape shape) {
    return random.nextInt(shape.rank());
  }

  private List<Integer> order(int rank) {
    List<Integer> axes = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      axes.add(random.nextInt(i + 1), i);
    }
    return axes;
  }

  private List<Integer> amounts(int rank, int most) {
    return IntStream.range(0, rank).map(axis -> random.nextInt(most + 1)).boxed().toList();
  }

  private Shape regrouped(Shape shape) {
    int n = (int) shape.elements();
    if (n == 0) {
      return Shape.of(0, 1 + random.nextInt(3));
    }
    int[] divisors = IntStream.rangeClosed(1, n).filter(d -> n % d == 0).toArray();
    int first = divisors[random.nextInt(divisors.length)];
    int rest = n / first;
    int[] others = IntStream.rangeClosed(1, rest).filter(d -> rest % d == 0).toArray();
    int second = others[random.nextInt(others.length)];
    return switch (random.nextInt(4)) {
      case 0 -> Shape.of(n);
      case 1 -> Shape.of(first, rest);
      case 2 -> Shape.of(first, second, rest / second);
      default -> Shape.of(1, first, second, rest / second);
    };
  }

  private void broadcast(int x) {
    // Axes of one element are made for it, where there are none.
    Shape shape = shapeOf(x);
    int[] extents = shape.extents().clone();
    boolean wider = false;
    for (int axis = 0; axis < extents.length; axis++) {
      if (extents[axis] == 1) {
        extents[axis] = 1 + random.nextInt(countsNow ? 4 : 3);
        wider = true;
      }
    }
    if (wider) {
      add(new Op.Broadcast(Shape.of(extents)), x);
      return;
    }
    int place = random.nextInt(extents.length + 1);
    int[] one = new int[extents.length + 1];
    int[] several = new int[extents.length + 1];
    for (int axis = 0; axis < one.length; axis++) {
      one[axis] = axis == place ? 1 : extents[axis < place ? axis : axis - 1];
      several[axis] = axis == place ? 2 : one[axis];
    }
    add(new Op.Reshape(Shape.of(one)), x)
        .ifPresent(y -> add(new Op.Broadcast(Shape.of(several)), y));
  }

  private void slice(int x) {
    Shape shape = shapeOf(x);
    List<Integer> start = new ArrayList<>();
    List<Integer> end = new ArrayList<>();
    for (int axis = 0; axis < shape.rank(); axis++) {
      int extent = shape.extent(axis);
      start.add(extent == 0 ? 0 : random.nextInt(extent));
      end.add(extent == 0 ? 0 : random.nextInt(start.getLast() + 1, extent + 1));
    }
    if (shape.rank() > 0 && random.nextInt(8) == 0) {
      // Nothing of it.
      int axis = axis(shape);
      end.set(axis, start.get(axis));
    }
    List<Integer> stride =
        IntStream.range(0, shape.rank()).map(axis -> 1 + random.nextInt(2)).boxed().toList();
    add(new Op.Slice(start, end, stride), x);
  }

  private void concat(int x) {
    int axis = axis(shapeOf(x));
    int[] parts = new int[1 + random.nextInt(3)];
    parts[0] = x;
    for (int i = 1; i < parts.length; i++) {
      Shape shape = shapeOf(x).with(axis, 1 + random.nextInt(3));
      Optional<Integer> known =
          some(
              v ->
                  v.dtype() == value(x).dtype()
                      && v.shape().rank() == shape.rank()
                      && v.shape().with(axis, 1).equals(shape.with(axis, 1)));
      parts[i] = known.orElseGet(() -> of(value(x).dtype(), shape));
    }
    add(new Op.Concat(axis), parts);
  }

  private void matmul(int x) {
    Shape shape = shapeOf(x);
    DType dtype = value(x).dtype();
    if (random.nextBoolean()) {
      Shape other = shape.with(-2, shape.extent(-1)).with(-1, 1 + random.nextInt(3));
      add(new Op.Matmul(), x, of(dtype, other));
    } else {
      Shape other = shape.with(-1, shape.extent(-2)).with(-2, 1 + random.nextInt(3));
      add(new Op.Matmul(), of(dtype, other), x);
    }
  }

  private void attention(String name, int x) {
    boolean causal = random.nextBoolean();
    Op.Attention op =
        switch (name) {
          case "AttentionOutput" -> new Op.AttentionOutput(0.5, causal);
          case "AttentionLogSumExp" -> new Op.AttentionLogSumExp(0.5, causal);
          case "AttentionTangent" -> new Op.AttentionTangent(0.5, causal);
          case "AttentionQueryCotangent" -> new Op.AttentionQueryCotangent(0.5, causal);
          case "AttentionKeyCotangent" -> new Op.AttentionKeyCotangent(0.5, causal);
          default -> new Op.AttentionValueCotangent(0.5, causal);
        };
    DType dtype = value(x).dtype();
    // What there is may be the queries, the keys or the values.
    Shape queries = shapeOf(x);
    Shape keys = queries.with(-2, 1 + random.nextInt(3));
    Shape values = keys.with(-1, 1 + random.nextInt(3));
    Shape output = queries.with(-1, values.extent(-1));
    List<Shape> shapes = new ArrayList<>(List.of(queries, keys));
    if (op.operands() > 2) {
      shapes.add(values);
    }
    if (op instanceof Op.AttentionTangent) {
      shapes.addAll(List.of(queries, keys, values));
    } else if (op.operands() > 3) {
      shapes.addAll(List.of(output, queries.with(-1, 1), output));
    }
    List<Integer> operands = new ArrayList<>();
    int place = random.nextInt(shapes.size());
    for (int i = 0; i < shapes.size(); i++) {
      boolean there = i == place && shapes.get(i).equals(queries);
      operands.add(there || i == 0 && !operands.contains(x) ? x : of(dtype, shapes.get(i)));
    }
    Shape scores = queries.with(-1, keys.extent(-2));
    switch (random.nextInt(4)) {
      case 0 -> operands.add(of(DType.BOOL, scores));
      case 1 -> operands.add(of(dtype, scores));
      default -> {
        // Every query sees every key, or those before it.
      }
    }
    add(op, operands.stream().mapToInt(i -> i).toArray());
  }

  private Op.Window window() {
    return new Op.Window(
        1 + random.nextInt(2), 1 + random.nextInt(2), 1 + random.nextInt(2), random.nextInt(2));
  }

  private void unfold() {
    Optional<Integer> image = image(v -> v.shape().rank() == 4);
    int x =
        image.orElseGet(
            () -> of(dtype(), Shape.of(1, 1 + random.nextInt(2), 2 + random.nextInt(2), 2)));
    add(new Op.Unfold(window()), x);
  }

  private void fold() {
    Op.Window w = window();
    int height = 2 + random.nextInt(2);
    int width = 2 + random.nextInt(2);
    int area = w.kernelHeight() * w.kernelWidth();
    int positions = w.positions(height, w.kernelHeight()) * w.positions(width, w.kernelWidth());
    int channels = 1 + random.nextInt(2);
    Optional<Integer> known =
        image(
            v ->
                v.dtype() != DType.BOOL
                    && v.shape().rank() == 3
                    && v.shape().extent(1) % area == 0
                    && v.shape().extent(2) == positions);
    int x = known.orElseGet(() -> of(dtype(), Shape.of(1, channels * area, positions)));
    if (countsNow && random.nextBoolean()) {
      // Few results of bits have a shape that folds.
      x = add(random.nextBoolean() ? new Op.And() : new Op.Or(), x, alike(x)).orElse(x);
    }
    add(new Op.Fold(w, height, width), x);
  }

  private int indices(int batch, int count) {
    Shape shape = Shape.of(batch, count);
    return some(v ->
            v.shape().equals(shape) && (v.dtype() == DType.INT32 || v.dtype() == DType.INT64))
        .orElseGet(() -> fresh(random.nextBoolean() ? DType.INT32 : DType.INT64, shape));
  }

  private void gather() {
    Optional<Integer> table = some(v -> v.shape().rank() == 3);
    int x =
        table.orElseGet(
            () -> of(settings.dtype(), Shape.of(1, 2 + random.nextInt(3), 1 + random.nextInt(3))));
    add(new Op.Gather(), x, indices(shapeOf(x).extent(0), 1 + random.nextInt(4)));
  }

  private void scatterAdd() {
    Optional<Integer> updates = some(v -> isNumber(v) && v.shape().rank() == 3);
    int x =
        updates.orElseGet(
            () -> of(settings.dtype(), Shape.of(1, 2 + random.nextInt(3), 1 + random.nextInt(3))));
    Shape shape = shapeOf(x);
    add(new Op.ScatterAdd(1 + random.nextInt(4)), x, indices(shape.extent(0), shape.extent(1)));
  }
}
