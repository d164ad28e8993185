package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;

/**
 * Random programs over every operation. Each line takes an operation by lot, whatever there is as
 * its operand, and makes what else it needs from what there is, or from new inputs. The same seed
 * draws the same program.
 */
public final class RandomPrograms {
  /**
   * What is drawn.
   *
   * @param dtype of the inputs that are floating point, float32 or float64
   * @param operations about how many operations
   * @param isTame whether elements stay finite and, where it can be told from the values, away from
   *     the kinks of functions; otherwise infinities and NaN occur
   * @param isLarge whether tensors are so large that devices share kernels between threads;
   *     elements are ordinary numbers then, and their sums may be large
   */
  public record Settings(DType dtype, int operations, boolean isTame, boolean isLarge) {
    /**
     * Of small tensors.
     *
     * @param dtype of the inputs that are floating point, float32 or float64
     * @param operations about how many operations
     * @param isTame whether elements stay finite and away from kinks
     */
    public Settings(DType dtype, int operations, boolean isTame) {
      this(dtype, operations, isTame, false);
    }

    /**
     * Of large tensors.
     *
     * @param dtype of the inputs that are floating point, float32 or float64
     * @param operations about how many operations
     * @return the settings
     */
    public static Settings large(DType dtype, int operations) {
      return new Settings(dtype, operations, true, true);
    }
  }

  /** How many elements a tensor may have: more would make laws dear, and counterexamples long. */
  private static final int MOST_ELEMENTS = 150;

  private static final int MOST_INPUTS = 6;

  /** One program in so many counts. */
  private static final int COUNTING = 16;

  /** Backends share kernels from twice 16,384 elements on. */
  private static final int FEWEST_OF_LARGE = 33_000;

  private static final int MOST_OF_LARGE = 90_000;

  /** Where the low word of a counter ends. */
  private static final long WORD = 1L << 32;

  /** So large may elements become where they are tame. */
  private static final double LARGEST = 50;

  /** So far are tame operands from kinks, poles and the ends of domains. */
  private static final double MARGIN = 0.05;

  private static final List<Class<?>> OPERATIONS =
      OpTable.operations().stream().filter(op -> op != Op.Input.class).toList();

  private static final List<Class<?>> MOVEMENTS =
      List.of(Op.Permute.class, Op.Permute.class, Op.Reshape.class, Op.Concat.class);

  private static final double[] SPECIALS = {
    0.0,
    -0.0,
    1,
    -1,
    0.5,
    1e-8,
    1e8,
    Float.MIN_VALUE,
    -Float.MIN_NORMAL,
    Float.MAX_VALUE,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN
  };

  private final Random random;
  private final Settings settings;
  private final List<Tensor> values = new ArrayList<>();

  /** Lines over negative numbers for inputs, −1 − i, while their count is not known. */
  private final List<Line> lines = new ArrayList<>();

  private final List<Tensor> results = new ArrayList<>();
  private final List<Shape> shapes = new ArrayList<>();
  private final boolean[] used = new boolean[1 << 12];

  /**
   * Whether this program counts: half of its lines take integers and what is true or false, which
   * feed each other too seldom elsewhere.
   */
  private final boolean isCounting;

  /** Whether the line being drawn takes what counts. */
  private boolean countsNow;

  /** Whether it takes nothing but what may be the key of random bits. */
  private boolean isOfKeys;

  private RandomPrograms(Random random, Settings settings, boolean isCounting) {
    this.random = random;
    this.settings = settings;
    this.isCounting = isCounting;
  }

  /**
   * Draws a program.
   *
   * @param seed which one
   * @param settings what is drawn
   * @return the program
   */
  public static RandomProgram draw(long seed, Settings settings) {
    boolean isCounting = !settings.isLarge() && Seeds.spread(~seed).nextInt(COUNTING) == 0;
    RandomPrograms programs = new RandomPrograms(Seeds.spread(seed), settings, isCounting);
    programs.fresh(settings.dtype(), programs.shape());
    // Lines that count come beside the others: derivatives are of those.
    int most = settings.operations() * (isCounting ? 2 : 1);
    for (int tries = 0; programs.lines.size() < most && tries < 20 * most; tries++) {
      programs.countsNow = isCounting && programs.random.nextBoolean();
      programs.grow(programs.next());
    }
    return programs.finished();
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

  // ---- what there is ----

  private Tensor value(int number) {
    return number < 0 ? values.get(-1 - number) : results.get(number);
  }

  private int fresh(DType dtype, Shape shape) {
    HostData data = HostData.allocate(dtype, shape.elements());
    for (long i = 0; i < data.elements(); i++) {
      switch (dtype) {
        case BOOL -> data.setLong(i, random.nextInt(2));
        case INT32, INT64 -> data.setLong(i, random.nextInt(-3, 6));
        default -> data.setDouble(i, element());
      }
    }
    values.add(Tensor.of(data, shape));
    return -values.size();
  }

  private double element() {
    if (settings.isTame()) {
      return random.nextDouble() * 4 - 2;
    }
    return switch (random.nextInt(4)) {
      case 0 -> SPECIALS[random.nextInt(SPECIALS.length)];
      case 1 -> random.nextInt(-2, 3);
      default -> random.nextGaussian();
    };
  }

  /** Of a few shapes most of the time, so that operands fit each other. */
  private Shape shape() {
    if (shapes.size() < 3 || random.nextInt(5) == 0) {
      shapes.add(newShape());
    }
    return shapes.get(random.nextInt(shapes.size()));
  }

  private Shape newShape() {
    if (settings.isLarge() && random.nextInt(4) > 0) {
      return largeShape();
    }
    int[] extents = new int[random.nextInt(10) == 0 ? 5 : random.nextInt(5)];
    Arrays.setAll(extents, i -> 1 + random.nextInt(extents.length > 2 ? 3 : 5));
    if (extents.length > 0 && random.nextInt(25) == 0) {
      extents[random.nextInt(extents.length)] = 0;
    }
    return Shape.of(extents);
  }

  /** A long row, a wide or a tall matrix, or a batch of matrices; no round numbers. */
  private Shape largeShape() {
    int n = random.nextInt(FEWEST_OF_LARGE, MOST_OF_LARGE);
    int a = random.nextInt(2, 300);
    int b = random.nextInt(2, 40);
    return switch (random.nextInt(4)) {
      case 0 -> Shape.of(n);
      case 1 -> Shape.of(a, n / a);
      case 2 -> Shape.of(n / a, a);
      default -> Shape.of(b, n / a / b + 1, a);
    };
  }

  private interface Fits {
    boolean test(Tensor value);
  }

  /** Something that fits, most of the time what nothing reads yet. */
  private Optional<Integer> some(Fits fits) {
    List<Integer> unread = new ArrayList<>();
    List<Integer> all = new ArrayList<>();
    for (int number = -values.size(); number < results.size(); number++) {
      if (fits.test(value(number)) && (!isOfKeys || isKey(value(number)))) {
        all.add(number);
        if (number >= 0 && !used[number]) {
          unread.add(number);
        }
      }
    }
    List<Integer> from = !unread.isEmpty() && random.nextInt(4) > 0 ? unread : all;
    return from.isEmpty() ? Optional.empty() : Optional.of(from.get(random.nextInt(from.size())));
  }

  private Optional<Integer> floating(Fits fits) {
    if (countsNow) {
      Fits counting = v -> !v.dtype().isFloating() && fits.test(v);
      return some(counting)
          .or(() -> Optional.of(fresh(dtype(), shape())).filter(x -> counting.test(value(x))));
    }
    return some(v -> isReal(v) && fits.test(v));
  }

  /** What new values are of that nothing else tells the type of. */
  private DType dtype() {
    if (!countsNow) {
      return settings.dtype();
    }
    return switch (random.nextInt(3)) {
      case 0 -> DType.BOOL;
      case 1 -> DType.INT64;
      default -> DType.INT32;
    };
  }

  private static boolean isReal(Tensor value) {
    return value.dtype() == DType.FLOAT32 || value.dtype() == DType.FLOAT64;
  }

  /** Of a type: what there is, what can be made of what there is, or a new input. */
  private int of(DType dtype, Shape shape) {
    Optional<Integer> fitting =
        random.nextInt(8) == 0
            ? Optional.empty()
            : some(v -> v.dtype() == dtype && v.shape().equals(shape));
    if (fitting.isPresent()) {
      return fitting.get();
    }
    if (isReal(dtype) && (values.size() >= MOST_INPUTS || random.nextInt(3) > 0)) {
      Optional<Integer> made = made(dtype, shape);
      if (made.isPresent()) {
        return made.get();
      }
    }
    return fresh(dtype, shape);
  }

  private static boolean isReal(DType dtype) {
    return dtype == DType.FLOAT32 || dtype == DType.FLOAT64;
  }

  /** By moving elements about: enough of them, in a row, a part of which is put into the shape. */
  private Optional<Integer> made(DType dtype, Shape shape) {
    int n = (int) shape.elements();
    Optional<Integer> source = some(v -> v.dtype() == dtype && v.shape().elements() >= n && n > 0);
    if (source.isEmpty()) {
      return Optional.empty();
    }
    int elements = (int) value(source.get()).shape().elements();
    if (elements == n) {
      return add(new Op.Reshape(shape), source.get());
    }
    Optional<Integer> flat =
        value(source.get()).shape().rank() == 1
            ? source
            : add(new Op.Reshape(Shape.of(elements)), source.get());
    Optional<Integer> part =
        flat.flatMap(
            f -> {
              int start = random.nextInt(elements - n + 1);
              return add(new Op.Slice(List.of(start), List.of(start + n), List.of(1)), f);
            });
    return shape.rank() == 1 ? part : part.flatMap(p -> add(new Op.Reshape(shape), p));
  }

  /** Adds a line, if its types fit and its result is neither too large nor untame. */
  private Optional<Integer> add(Op op, int... operands) {
    List<Integer> numbers = IntStream.of(operands).boxed().toList();
    Tensor result;
    try {
      Tensor applied = Tensor.apply(op, numbers.stream().map(this::value).toList());
      if (applied.shape().elements() > (settings.isLarge() ? MOST_OF_LARGE : MOST_ELEMENTS)
          || results.size() >= used.length) {
        return Optional.empty();
      }
      result = applied.detach();
    } catch (TensorException doesNotFit) {
      return Optional.empty();
    }
    boolean isBounded = settings.isTame() && !settings.isLarge();
    if (isBounded && !all(result, v -> Math.abs(v) <= LARGEST) && isReal(result)) {
      return Optional.empty();
    }
    lines.add(new Line(op, numbers));
    results.add(result);
    numbers.stream().filter(number -> number >= 0).forEach(number -> used[number] = true);
    return Optional.of(results.size() - 1);
  }

  private RandomProgram finished() {
    int inputs = values.size();
    List<Line> numbered =
        lines.stream()
            .map(
                line ->
                    new Line(
                        line.op(),
                        line.operands().stream().map(o -> o < 0 ? -1 - o : inputs + o).toList()))
            .toList();
    // Whatever nothing reads, up to three; those that are floating point rather than others.
    List<Integer> ends = new ArrayList<>();
    for (int i = results.size() - 1; i >= 0 && ends.size() < 3; i--) {
      if (!used[i] && (isReal(results.get(i)) || random.nextInt(4) == 0)) {
        ends.add(inputs + i);
      }
    }
    if (ends.isEmpty()) {
      ends.add(inputs + results.size() - 1);
    }
    return new RandomProgram(values, numbered, ends).pruned();
  }

  // ---- operations ----

  private interface Holds {
    boolean test(double element);
  }

  private static boolean all(Tensor value, Holds holds) {
    HostData data = value.value();
    for (long i = 0; i < data.elements(); i++) {
      if (!holds.test(data.getDouble(i))) {
        return false;
      }
    }
    return true;
  }

  /** Whether elements are within an operation's tame part. */
  private boolean tame(Tensor value, Holds holds) {
    return !settings.isTame() || all(value, holds);
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
      case "Floor" -> unary(new Op.Floor(), RandomPrograms::isBetweenIntegers);
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
    return countsNow ? floating(v -> true) : some(RandomPrograms::isNumber);
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

  private static boolean isKey(Tensor value) {
    return value.dtype() == DType.INT32 && value.shape().equals(Shape.of(4));
  }

  private int key() {
    if (countsNow && !isOfKeys) {
      makeKey();
    }
    return some(RandomPrograms::isKey).orElseGet(() -> fresh(DType.INT32, Shape.of(4)));
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
    some(v -> to.isFloating() || !isReal(v) || tame(v, RandomPrograms::isBetweenIntegers))
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
