package org.fluxion.tensor;

import java.util.List;

/**
 * The closed set of primitive operations. An operation is a record of attributes and never holds a
 * tensor; the operands are the {@linkplain Tensor#inputs() inputs} of the node that carries it.
 * Every operation has one output. What each means is defined by {@link ReferenceInterpreter}, its
 * shapes and dtypes by {@link TypeRules}, its derivative by the two switches of the autodiff module
 * (one jvp rule per nonlinear operation, one transpose rule per linear one).
 *
 * <p>The binary operations take operands of equal shape: {@link Tensor} inserts {@link Broadcast},
 * so that no rule ever has to undo broadcasting by hand.
 */
public sealed interface Op {
  /** Leaves: values that come from outside or from nowhere. */
  sealed interface Leaf extends Op permits Input, Constant, Iota {}

  /** Operations applied to each element of one operand. */
  sealed interface Unary extends Op
      permits Neg,
          Exp,
          Log,
          Log1p,
          Expm1,
          Sin,
          Cos,
          Tanh,
          Sigmoid,
          Erf,
          Sqrt,
          Abs,
          Sign,
          Floor,
          Not {}

  /** Operations applied to pairs of elements of operands with equal shape and dtype. */
  sealed interface Binary extends Op
      permits Add, Sub, Mul, Div, Pow, Max, Min, Equal, Less, LessEqual, And, Or {}

  /** Operations that fold axes away; the axes are removed from the shape. */
  sealed interface Reduction extends Op permits Sum, ReduceMax, ArgMax {}

  /** Operations that only move elements (or zeros) about. All are linear. */
  sealed interface Movement extends Op
      permits Reshape, Permute, Broadcast, Pad, Slice, Concat, Flip {}

  /**
   * Scaled dot-product attention (Vaswani et al., 2017) with its log-sum-exp, its tangent and its
   * cotangents: each one output, over matrices [..., queries, head size], [..., keys, head size]
   * and [..., keys, value size] of equal batch axes. An optional last operand is the mask [...,
   * queries, keys]: a bool that says which keys a query sees, or numbers added to the scores. A
   * query that sees no key gets zeros. {@link Attention#definition} says what each means in
   * primitives; a backend that has kernels for the family never stores a matrix of queries by keys.
   */
  sealed interface Attention extends Op
      permits AttentionOutput,
          AttentionLogSumExp,
          AttentionTangent,
          AttentionQueryCotangent,
          AttentionKeyCotangent,
          AttentionValueCotangent {
    /**
     * What the products of queries and keys are multiplied by.
     *
     * @return the factor, usually 1/√(head size)
     */
    double scale();

    /**
     * Whether query i sees keys 0 to i only.
     *
     * @return whether it is so
     */
    boolean causal();

    /**
     * The operands that it takes, without the mask.
     *
     * @return their number
     */
    default int operands() {
      return switch (this) {
        case AttentionOutput o -> 3;
        case AttentionLogSumExp o -> 2;
        default -> 6;
      };
    }
  }

  /** Operations that pass their operand on, and mean something to a transform. */
  sealed interface Marker extends Op permits Mark, StopGradient {}

  /**
   * A value bound when a program runs.
   *
   * @param name what errors call it
   * @param shape its shape
   * @param dtype its dtype
   */
  record Input(String name, Shape shape, DType dtype) implements Leaf {}

  /**
   * A value known when the graph is built.
   *
   * @param data the elements
   * @param shape their shape
   */
  record Constant(HostData data, Shape shape) implements Leaf {}

  /**
   * The index along one axis: 0, 1, 2, ...
   *
   * @param shape the shape of the result
   * @param axis the axis counted along
   * @param dtype the dtype of the result
   */
  record Iota(Shape shape, int axis, DType dtype) implements Leaf {}

  /** −x. */
  record Neg() implements Unary {}

  /** eˣ. */
  record Exp() implements Unary {}

  /** ln x. */
  record Log() implements Unary {}

  /** ln(1 + x), accurate near 0. */
  record Log1p() implements Unary {}

  /** eˣ − 1, accurate near 0. */
  record Expm1() implements Unary {}

  /** sin x, x in radians. */
  record Sin() implements Unary {}

  /** cos x, x in radians. */
  record Cos() implements Unary {}

  /** tanh x. */
  record Tanh() implements Unary {}

  /** 1 / (1 + e⁻ˣ), the logistic function. */
  record Sigmoid() implements Unary {}

  /** The error function, 2/√π ∫₀ˣ exp(−s²) ds. */
  record Erf() implements Unary {}

  /** √x. */
  record Sqrt() implements Unary {}

  /** |x|. */
  record Abs() implements Unary {}

  /** −1, 0 or 1; its derivative is zero everywhere. */
  record Sign() implements Unary {}

  /** The largest integer not above x; its derivative is zero everywhere. */
  record Floor() implements Unary {}

  /** Logical negation. */
  record Not() implements Unary {}

  /** a + b. */
  record Add() implements Binary {}

  /** a − b. */
  record Sub() implements Binary {}

  /** a · b. */
  record Mul() implements Binary {}

  /** a / b; integers truncate towards zero. */
  record Div() implements Binary {}

  /**
   * aᵇ, floating point only, as {@link Math#pow} has it: a⁰ is 1 for every a; otherwise it is NaN
   * if either is, and for a power of 1 or −1 whose exponent is infinite.
   */
  record Pow() implements Binary {}

  /**
   * The larger of both; NaN if either is, and of two zeros the positive one. At a tie each operand
   * gets half the derivative.
   */
  record Max() implements Binary {}

  /**
   * The smaller of both; NaN if either is, and of two zeros the negative one. At a tie each operand
   * gets half the derivative.
   */
  record Min() implements Binary {}

  /** a = b, as bool. */
  record Equal() implements Binary {}

  /** a &lt; b, as bool. */
  record Less() implements Binary {}

  /** a ≤ b, as bool. */
  record LessEqual() implements Binary {}

  /** Logical and of bools, bitwise and of integers. */
  record And() implements Binary {}

  /** Logical or of bools, bitwise or of integers. */
  record Or() implements Binary {}

  /** The second operand where the first (bool) holds, else the third. */
  record Select() implements Op {}

  /**
   * The same values in another dtype. Floating point to integer truncates and saturates.
   *
   * @param dtype the dtype of the result
   */
  record Cast(DType dtype) implements Op {}

  /**
   * Counter-based random bits (Philox 4×32-10, Salmon et al. 2011) from a key tensor, int32 of
   * shape [4]: key words, step and stream. Element i is word i mod 4 of block offset + i/4.
   *
   * @param shape the shape of the result, whose dtype is int32
   * @param offset the first block's number
   */
  record RandomBits(Shape shape, long offset) implements Op {}

  /**
   * The sum over axes, in whatever order the backend adds. A sum of negative zeros is a zero of
   * either sign.
   *
   * @param axes the axes, ascending, without repetition
   */
  record Sum(List<Integer> axes) implements Reduction {
    /** Copies the axes. */
    public Sum {
      axes = List.copyOf(axes);
    }
  }

  /**
   * The largest element over axes; NaN if any is. Where zeros of both signs are the largest it is
   * either of them. Elements that tie share the derivative equally.
   *
   * @param axes the axes, ascending, without repetition
   */
  record ReduceMax(List<Integer> axes) implements Reduction {
    /** Copies the axes. */
    public ReduceMax {
      axes = List.copyOf(axes);
    }
  }

  /**
   * The index (int32) of the first largest element along an axis.
   *
   * @param axis the axis
   */
  record ArgMax(int axis) implements Reduction {}

  /** The indices (int32) that sort along the last axis, ascending and stable; NaN comes last. */
  record ArgSort() implements Op {}

  /**
   * The same elements in row-major order under another shape.
   *
   * @param shape the new shape
   */
  record Reshape(Shape shape) implements Movement {}

  /**
   * Axes in another order: axis i of the result is axis axes[i] of the operand.
   *
   * @param axes a permutation of all axes
   */
  record Permute(List<Integer> axes) implements Movement {
    /** Copies the axes. */
    public Permute {
      axes = List.copyOf(axes);
    }
  }

  /**
   * Axes of extent 1 repeated; the rank stays.
   *
   * @param shape the new shape
   */
  record Broadcast(Shape shape) implements Movement {}

  /**
   * Zeros put before, after and between the elements of each axis.
   *
   * @param low zeros before, per axis
   * @param high zeros after, per axis
   * @param interior zeros between neighbours, per axis
   */
  record Pad(List<Integer> low, List<Integer> high, List<Integer> interior) implements Movement {
    /** Copies the lists. */
    public Pad {
      low = List.copyOf(low);
      high = List.copyOf(high);
      interior = List.copyOf(interior);
    }
  }

  /**
   * Every stride-th element from start up to end (exclusive), per axis.
   *
   * @param start the first index, per axis
   * @param end the index before which to stop, per axis
   * @param stride the step, at least 1, per axis
   */
  record Slice(List<Integer> start, List<Integer> end, List<Integer> stride) implements Movement {
    /** Copies the lists. */
    public Slice {
      start = List.copyOf(start);
      end = List.copyOf(end);
      stride = List.copyOf(stride);
    }
  }

  /**
   * Operands one after another along an axis.
   *
   * @param axis the axis
   */
  record Concat(int axis) implements Movement {}

  /**
   * Axes in reverse order.
   *
   * @param axes the axes, ascending
   */
  record Flip(List<Integer> axes) implements Movement {
    /** Copies the axes. */
    public Flip {
      axes = List.copyOf(axes);
    }
  }

  /** Batched matrix product [..., m, k] × [..., k, n]; the batch axes are equal. */
  record Matmul() implements Op {}

  /**
   * softmax(scale · Q·Kᵀ)·V, of queries, keys and values.
   *
   * @param scale the scores' factor
   * @param causal whether query i sees keys 0 to i only
   */
  record AttentionOutput(double scale, boolean causal) implements Attention {}

  /**
   * ln Σ exp(scale · Q·Kᵀ) over the keys, [..., queries, 1], of queries and keys: with it, the
   * backward pass computes the weights of any block anew. −∞ for a query that sees no key.
   *
   * @param scale the scores' factor
   * @param causal whether query i sees keys 0 to i only
   */
  record AttentionLogSumExp(double scale, boolean causal) implements Attention {}

  /**
   * The tangent of {@link AttentionOutput}, of queries, keys, values and the tangent of each;
   * linear in the last three.
   *
   * @param scale the scores' factor
   * @param causal whether query i sees keys 0 to i only
   */
  record AttentionTangent(double scale, boolean causal) implements Attention {}

  /**
   * The queries' cotangent, of queries, keys, values, the output, its log-sum-exp and its
   * cotangent.
   *
   * @param scale the scores' factor
   * @param causal whether query i sees keys 0 to i only
   */
  record AttentionQueryCotangent(double scale, boolean causal) implements Attention {}

  /**
   * The keys' cotangent, of queries, keys, values, the output, its log-sum-exp and its cotangent.
   *
   * @param scale the scores' factor
   * @param causal whether query i sees keys 0 to i only
   */
  record AttentionKeyCotangent(double scale, boolean causal) implements Attention {}

  /**
   * The values' cotangent, of queries, keys, values, the output, its log-sum-exp and its cotangent.
   *
   * @param scale the scores' factor
   * @param causal whether query i sees keys 0 to i only
   */
  record AttentionValueCotangent(double scale, boolean causal) implements Attention {}

  /**
   * Sliding windows of an image batch [n, c, h, w] as columns [n, c·kh·kw, oh·ow]; outside is zero.
   *
   * @param window its geometry
   */
  record Unfold(Window window) implements Op {}

  /**
   * The transpose of {@link Unfold}: columns summed back into images [n, c, height, width].
   *
   * @param window the geometry
   * @param height the images' height
   * @param width the images' width
   */
  record Fold(Window window, int height, int width) implements Op {}

  /**
   * Batched rows picked by index: operand [b, n, d], indices int [b, k], result [b, k, d]. An index
   * outside 0 to n − 1 reads zeros, on every backend.
   */
  record Gather() implements Op {}

  /**
   * The transpose of {@link Gather}: updates [b, k, d] summed into rows of zeros [b, rows, d] at
   * indices [b, k]; an index outside 0 to rows − 1 is dropped.
   *
   * @param rows the number of rows of the result
   */
  record ScatterAdd(int rows) implements Op {}

  /**
   * Its operand, under a fresh identity: the variable a transform differentiates with respect to.
   */
  record Mark() implements Marker {}

  /** Its operand, with a derivative of zero in both modes. */
  record StopGradient() implements Marker {}

  /**
   * A user's function with its own derivative rule.
   *
   * @param function the function, by identity
   */
  record Custom(CustomOp function) implements Op {}

  /**
   * The geometry of a sliding window over images.
   *
   * @param kernelHeight rows of the window
   * @param kernelWidth columns of the window
   * @param stride step of the window along both axes
   * @param padding zeros around the image on every side
   */
  record Window(int kernelHeight, int kernelWidth, int stride, int padding) {
    /**
     * Checks the geometry.
     *
     * @throws TensorException if the window is empty, does not move on, or its padding is negative
     */
    public Window {
      if (kernelHeight < 1 || kernelWidth < 1 || stride < 1 || padding < 0) {
        throw new TensorException(
            "window: %d × %d by %d with padding %d; give extents and a stride of at least 1, and padding of at least 0"
                .formatted(kernelHeight, kernelWidth, stride, padding));
      }
    }

    /**
     * The number of window positions along an axis.
     *
     * @param extent the image's extent
     * @param kernel the window's extent
     * @return positions, 0 where the window does not fit
     */
    public int positions(int extent, int kernel) {
      long free = extent + 2L * padding - kernel;
      return free < 0 ? 0 : Shape.checkedExtent("window", free / stride + 1);
    }
  }

  /**
   * The operation's name as graphs and errors print it.
   *
   * @return such as {@code reduce_max}
   */
  default String label() {
    return this instanceof Custom custom ? custom.function().name() : OpLabels.of(getClass());
  }
}
