package org.fluxion.tensor;

import java.util.List;

/**
 * The key of counter-based random numbers (Philox 4×32-10): two key words, a step and a stream. A
 * draw is a function of its key alone, so a key is used once; {@link #fold} and {@link #split} give
 * independent ones, and {@link #step} makes one a function of the training step. A tree of one
 * int32 tensor of shape [4], so that a program can take it as an input.
 *
 * @param words int32 of shape [4]: key words, step, stream
 */
public record RandomKey(Tensor words) implements Tree<RandomKey> {
  /** Draws count blocks upwards from 0, folds from here: the two never meet. */
  private static final long FOLD_BLOCK = 1L << 63;

  private static final int LOW_24_BITS = 0xFFFFFF;
  private static final int LOW_26_BITS = 0x3FFFFFF;
  private static final int LOW_27_BITS = 0x7FFFFFF;

  /** Checks the words' shape. */
  public RandomKey {
    if (words.dtype() != DType.INT32 || !words.shape().equals(Shape.of(4))) {
      throw new TensorException(
          "random key: expected int32 [4], got %s %s; use RandomKey.of(seed)"
              .formatted(words.dtype(), words.shape()));
    }
  }

  /**
   * The key of a seed.
   *
   * @param seed any number
   * @return the key
   */
  public static RandomKey of(long seed) {
    return new RandomKey(Tensor.tensor((int) seed, (int) (seed >>> 32), 0, 0));
  }

  /**
   * An independent key derived from this one.
   *
   * @param data which one, at least 0
   * @return the key; equal data give equal keys
   * @throws TensorException if data is negative: such numbers name draws
   */
  public RandomKey fold(long data) {
    if (data < 0) {
      throw new TensorException(
          "random key: fold(%d): data is negative; give a number of at least 0".formatted(data));
    }
    return new RandomKey(bits(Shape.of(4), FOLD_BLOCK | data));
  }

  /**
   * Several independent keys.
   *
   * @param count how many
   * @return the keys
   */
  public List<RandomKey> split(int count) {
    return java.util.stream.IntStream.range(0, count).mapToObj(this::fold).toList();
  }

  /**
   * This key at a step, which may be known only when the program runs.
   *
   * @param step an int32 scalar
   * @return the key of that step
   */
  public RandomKey step(Tensor step) {
    return new RandomKey(
        Tensor.concat(0, words.slice(0, 0, 2), step.reshape(Shape.of(1)), words.slice(0, 3, 4)));
  }

  private Tensor bits(Shape shape, long offset) {
    return Tensor.apply(new Op.RandomBits(shape, offset), List.of(words));
  }

  /**
   * Random bits.
   *
   * @param shape the shape
   * @return int32, every bit equally likely 0 or 1
   */
  public Tensor bits(Shape shape) {
    return bits(shape, 0);
  }

  /**
   * Uniform numbers from 0 (included) to 1 (excluded).
   *
   * @param shape the shape
   * @param dtype float32 (24 random bits) or float64 (53)
   * @return the numbers, equal on every backend
   */
  public Tensor uniform(Shape shape, DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> masked(bits(shape), LOW_24_BITS).cast(dtype).mul(0x1p-24);
      case FLOAT64 -> {
        int[] pairs = java.util.Arrays.copyOf(shape.extents(), shape.rank() + 1);
        pairs[shape.rank()] = 2;
        List<Tensor> words = bits(Shape.of(pairs)).split(2, shape.rank());
        Tensor high = masked(words.get(0), LOW_26_BITS).cast(dtype).mul(0x1p27);
        Tensor low = masked(words.get(1), LOW_27_BITS).cast(dtype);
        yield high.add(low).mul(0x1p-53).reshape(shape);
      }
      case FLOAT16, BFLOAT16, INT32, INT64, BOOL ->
          throw new TensorException(
              "uniform: expected float32 or float64, got %s; cast the result".formatted(dtype));
    };
  }

  private static Tensor masked(Tensor bits, int mask) {
    return bits.and(Tensor.scalar(mask, DType.INT32));
  }

  /**
   * Standard normal numbers, by the method of Box and Muller (1958).
   *
   * @param shape the shape
   * @param dtype float32 or float64
   * @return the numbers
   */
  public Tensor normal(Shape shape, DType dtype) {
    // 1 − u is never 0, so the logarithm is finite.
    Tensor radius = uniformOf(0, shape, dtype).neg().add(1).log().mul(-2).sqrt();
    return radius.mul(uniformOf(1, shape, dtype).mul(2 * Math.PI).cos());
  }

  private Tensor uniformOf(long data, Shape shape, DType dtype) {
    return fold(data).uniform(shape, dtype);
  }

  @Override
  public List<Tensor> leaves() {
    return List.of(words);
  }

  @Override
  public RandomKey withLeaves(List<Tensor> leaves) {
    return new RandomKey(leaves.get(0));
  }

  @Override
  public List<String> leafNames() {
    return List.of("");
  }
}
