package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * The values of a program that is being drawn: its inputs and the results of its lines so far, from
 * which operands are taken by lot.
 */
abstract class DrawnValues {
  /** How many elements a tensor may have: more would make laws dear, and counterexamples long. */
  private static final int MOST_ELEMENTS = 150;

  private static final int MOST_INPUTS = 6;

  /** Backends share kernels from twice 16,384 elements on. */
  private static final int FEWEST_OF_LARGE = 33_000;

  private static final int MOST_OF_LARGE = 90_000;

  /** So large may elements become where they are tame. */
  private static final double LARGEST = 50;

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

  final Random random;
  final Settings settings;
  final List<Tensor> values = new ArrayList<>();

  /** Lines over negative numbers for inputs, −1 − i, while their count is not known. */
  final List<Line> lines = new ArrayList<>();

  final List<Tensor> results = new ArrayList<>();
  private final List<Shape> shapes = new ArrayList<>();
  private final boolean[] used = new boolean[1 << 12];

  /** Whether the line being drawn takes what counts. */
  boolean countsNow;

  /** Whether it takes nothing but what may be the key of random bits. */
  boolean isOfKeys;

  DrawnValues(Random random, Settings settings) {
    this.random = random;
    this.settings = settings;
  }

  Tensor value(int number) {
    return number < 0 ? values.get(-1 - number) : results.get(number);
  }

  int fresh(DType dtype, Shape shape) {
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
  Shape shape() {
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

  interface Fits {
    boolean test(Tensor value);
  }

  /** Something that fits, most of the time what nothing reads yet. */
  Optional<Integer> some(Fits fits) {
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

  Optional<Integer> floating(Fits fits) {
    if (countsNow) {
      Fits counting = v -> !v.dtype().isFloating() && fits.test(v);
      return some(counting)
          .or(() -> Optional.of(fresh(dtype(), shape())).filter(x -> counting.test(value(x))));
    }
    return some(v -> isReal(v) && fits.test(v));
  }

  /** What new values are of that nothing else tells the type of. */
  DType dtype() {
    if (!countsNow) {
      return settings.dtype();
    }
    return switch (random.nextInt(3)) {
      case 0 -> DType.BOOL;
      case 1 -> DType.INT64;
      default -> DType.INT32;
    };
  }

  static boolean isReal(Tensor value) {
    return value.dtype() == DType.FLOAT32 || value.dtype() == DType.FLOAT64;
  }

  /** Of a type: what there is, what can be made of what there is, or a new input. */
  int of(DType dtype, Shape shape) {
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

  static boolean isReal(DType dtype) {
    return dtype == DType.FLOAT32 || dtype == DType.FLOAT64;
  }

  /** By moving elements about: enough of them, in a row, a part of which is put into the shape. */
  Optional<Integer> made(DType dtype, Shape shape) {
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
  Optional<Integer> add(Op op, int... operands) {
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

  RandomProgram finished() {
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

  interface Holds {
    boolean test(double element);
  }

  static boolean all(Tensor value, Holds holds) {
    HostData data = value.value();
    for (long i = 0; i < data.elements(); i++) {
      if (!holds.test(data.getDouble(i))) {
        return false;
      }
    }
    return true;
  }

  /** Whether elements are within an operation's tame part. */
  boolean tame(Tensor value, Holds holds) {
    return !settings.isTame() || all(value, holds);
  }

  static boolean isKey(Tensor value) {
    return value.dtype() == DType.INT32 && value.shape().equals(Shape.of(4));
  }
}
