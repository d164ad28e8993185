package org.fluxion.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An immutable node in a graph of primitive operations, with identity equality. Building one checks
 * shapes and dtypes at once and computes nothing; asking for its value ({@link #item}, {@link
 * #toFloatArray}, {@link #toString}) computes it once and remembers it. Operands broadcast by
 * NumPy's rule; dtypes are never promoted. Thread-safe.
 */
public final class Tensor implements Tree<Tensor> {
  private final Op op;
  private final List<Tensor> inputs;
  private final Shape shape;
  private final DType dtype;
  private volatile HostData value;

  private Tensor(Op op, List<Tensor> inputs, TypeRules.Type type) {
    this.op = op;
    this.inputs = inputs;
    this.shape = type.shape();
    this.dtype = type.dtype();
    this.value = op instanceof Op.Constant constant ? constant.data() : null;
  }

  /**
   * The node of an operation over operands; every tensor is made here.
   *
   * @param op the operation
   * @param inputs its operands
   * @return the result's node
   * @throws TensorException if the operands do not fit the operation
   */
  public static Tensor apply(Op op, List<Tensor> inputs) {
    List<Tensor> operands = List.copyOf(inputs);
    return new Tensor(op, operands, TypeRules.infer(op.label(), op, operands));
  }

  /** The same under the name of the function that was asked for, which errors give. */
  static Tensor apply(String name, Op op, List<Tensor> inputs) {
    return new Tensor(op, inputs, TypeRules.infer(name, op, inputs));
  }

  private static Tensor apply(Op op, Tensor... inputs) {
    return apply(op, List.of(inputs));
  }

  // ---- leaves ----

  /**
   * A variable that is bound when a program runs.
   *
   * @param name what errors call it
   * @param shape its shape
   * @param dtype its dtype
   * @return the node
   */
  public static Tensor input(String name, Shape shape, DType dtype) {
    return apply(new Op.Input(name, shape, dtype));
  }

  /**
   * A tensor of known elements.
   *
   * @param data the elements, not to be written any more
   * @param shape their shape
   * @return the tensor
   * @throws TensorException if the counts differ
   */
  public static Tensor of(HostData data, Shape shape) {
    if (data.elements() != shape.elements()) {
      throw new TensorException(
          "tensor: %d elements do not fill shape %s, which has %d"
              .formatted(data.elements(), shape, shape.elements()));
    }
    return apply(new Op.Constant(data, shape));
  }

  /**
   * A float32 vector.
   *
   * @param elements its elements
   * @return a tensor of shape [n]
   */
  public static Tensor tensor(float... elements) {
    return of(elements, elements.length);
  }

  /**
   * A float64 vector.
   *
   * @param elements its elements
   * @return a tensor of shape [n]
   */
  public static Tensor tensor(double... elements) {
    return of(elements, elements.length);
  }

  /**
   * An int32 vector.
   *
   * @param elements its elements
   * @return a tensor of shape [n]
   */
  public static Tensor tensor(int... elements) {
    return of(elements, elements.length);
  }

  /**
   * A float32 tensor.
   *
   * @param elements its elements, row-major, copied
   * @param extents its shape
   * @return the tensor
   */
  public static Tensor of(float[] elements, int... extents) {
    HostData data = HostData.allocate(DType.FLOAT32, elements.length);
    for (int i = 0; i < elements.length; i++) {
      data.setDouble(i, elements[i]);
    }
    return of(data, Shape.of(extents));
  }

  /**
   * A float64 tensor.
   *
   * @param elements its elements, row-major, copied
   * @param extents its shape
   * @return the tensor
   */
  public static Tensor of(double[] elements, int... extents) {
    return of(HostData.of(elements), Shape.of(extents));
  }

  /**
   * An int32 tensor.
   *
   * @param elements its elements, row-major, copied
   * @param extents its shape
   * @return the tensor
   */
  public static Tensor of(int[] elements, int... extents) {
    HostData data = HostData.allocate(DType.INT32, elements.length);
    for (int i = 0; i < elements.length; i++) {
      data.setLong(i, elements[i]);
    }
    return of(data, Shape.of(extents));
  }

  /**
   * An int64 vector.
   *
   * @param elements its elements
   * @return a tensor of shape [n]
   */
  public static Tensor tensor(long... elements) {
    return of(elements, elements.length);
  }

  /**
   * An int64 tensor.
   *
   * @param elements its elements, row-major, copied
   * @param extents its shape
   * @return the tensor
   */
  public static Tensor of(long[] elements, int... extents) {
    HostData data = HostData.allocate(DType.INT64, elements.length);
    for (int i = 0; i < elements.length; i++) {
      data.setLong(i, elements[i]);
    }
    return of(data, Shape.of(extents));
  }

  /**
   * A scalar, exact where the dtype is an integer.
   *
   * @param value its value
   * @param dtype its dtype
   * @return a tensor of shape []
   * @throws TensorException if the value is too wide for the dtype, or not 0 or 1 for bool
   */
  public static Tensor scalar(long value, DType dtype) {
    return Numbers.scalar("scalar", value, dtype);
  }

  /**
   * A scalar.
   *
   * @param value its value, rounded to a floating dtype
   * @param dtype its dtype
   * @return a tensor of shape []
   * @throws TensorException if the dtype is an integer or bool, and does not hold the value exactly
   */
  public static Tensor scalar(double value, DType dtype) {
    return Numbers.scalar("scalar", value, dtype);
  }

  /**
   * One value everywhere.
   *
   * @param value the value, rounded to a floating dtype
   * @param shape the shape
   * @param dtype the dtype
   * @return the tensor
   * @throws TensorException if the dtype is an integer or bool, and does not hold the value exactly
   */
  public static Tensor full(double value, Shape shape, DType dtype) {
    return Numbers.scalar("full", value, dtype).broadcastTo(shape);
  }

  /**
   * Float32 zeros.
   *
   * @param extents the shape
   * @return the tensor
   */
  public static Tensor zeros(int... extents) {
    return full(0, Shape.of(extents), DType.FLOAT32);
  }

  /**
   * Float32 ones.
   *
   * @param extents the shape
   * @return the tensor
   */
  public static Tensor ones(int... extents) {
    return full(1, Shape.of(extents), DType.FLOAT32);
  }

  /**
   * 0, 1, 2, ... up to but without n.
   *
   * @param n how many
   * @param dtype a numeric dtype
   * @return a tensor of shape [n]
   * @throws TensorException if the dtype is bool or only stores values
   */
  public static Tensor arange(int n, DType dtype) {
    return apply("arange", new Op.Iota(Shape.of(n), 0, dtype), List.of());
  }

  /**
   * Zeros of this tensor's shape and dtype.
   *
   * @return the tensor
   */
  public Tensor zerosLike() {
    return full(0, shape, dtype);
  }

  /**
   * Ones of this tensor's shape and dtype.
   *
   * @return the tensor
   */
  public Tensor onesLike() {
    return full(1, shape, dtype);
  }

  // ---- the node ----

  /**
   * The operation that makes it.
   *
   * @return the operation
   */
  public Op op() {
    return op;
  }

  /**
   * The operation's operands.
   *
   * @return an immutable list
   */
  public List<Tensor> inputs() {
    return inputs;
  }

  /**
   * The extents of its axes.
   *
   * @return the shape
   */
  public Shape shape() {
    return shape;
  }

  /**
   * The type of its elements.
   *
   * @return the dtype
   */
  public DType dtype() {
    return dtype;
  }

  @Override
  public List<Tensor> leaves() {
    return List.of(this);
  }

  @Override
  public Tensor withLeaves(List<Tensor> leaves) {
    return leaves.get(0);
  }

  @Override
  public List<String> leafNames() {
    return List.of("");
  }

  // ---- elementwise ----

  private Tensor binary(Op op, Tensor other) {
    return binary(op.label(), op, other);
  }

  private Tensor binary(String name, Op op, Tensor other) {
    TypeRules.requireSameDType(name, this, other);
    Shape common = Shape.broadcast(name, shape, other.shape);
    return apply(name, op, List.of(broadcastTo(common), other.broadcastTo(common)));
  }

  /** other op this, with errors that name this first. */
  private Tensor reverse(String name, Op op, Tensor other) {
    TypeRules.requireSameDType(name, this, other);
    Shape common = Shape.broadcast(name, shape, other.shape);
    return apply(name, op, List.of(other.broadcastTo(common), broadcastTo(common)));
  }

  private Tensor number(String name, double value) {
    return Numbers.scalar(name, value, dtype);
  }

  /**
   * this + other.
   *
   * @param other an operand that broadcasts with this, of equal dtype
   * @return the sum
   */
  public Tensor add(Tensor other) {
    return binary(new Op.Add(), other);
  }

  /**
   * this + other.
   *
   * @param other a number, taken in this dtype
   * @return the sum
   */
  public Tensor add(double other) {
    return add(number("add", other));
  }

  /**
   * this − other.
   *
   * @param other an operand that broadcasts with this, of equal dtype
   * @return the difference
   */
  public Tensor sub(Tensor other) {
    return binary(new Op.Sub(), other);
  }

  /**
   * this − other.
   *
   * @param other a number, taken in this dtype
   * @return the difference
   */
  public Tensor sub(double other) {
    return sub(number("sub", other));
  }

  /**
   * this · other, element by element.
   *
   * @param other an operand that broadcasts with this, of equal dtype
   * @return the product
   */
  public Tensor mul(Tensor other) {
    return binary(new Op.Mul(), other);
  }

  /**
   * this · other.
   *
   * @param other a number, taken in this dtype
   * @return the product
   */
  public Tensor mul(double other) {
    return mul(number("mul", other));
  }

  /**
   * this / other. Integers truncate towards zero; an integer divided by zero is 0.
   *
   * @param other an operand that broadcasts with this, of equal dtype
   * @return the quotient
   */
  public Tensor div(Tensor other) {
    return binary(new Op.Div(), other);
  }

  /**
   * this / other.
   *
   * @param other a number, taken in this dtype
   * @return the quotient
   */
  public Tensor div(double other) {
    return div(number("div", other));
  }

  /**
   * this to the power of other.
   *
   * @param other the exponents, which broadcast with this
   * @return the powers
   */
  public Tensor pow(Tensor other) {
    return binary(new Op.Pow(), other);
  }

  /**
   * this to the power of other.
   *
   * @param other the exponent
   * @return the powers
   */
  public Tensor pow(double other) {
    return pow(number("pow", other));
  }

  /**
   * The larger of both, NaN if either is; of two zeros the positive one.
   *
   * @param other an operand that broadcasts with this
   * @return the maximum, element by element
   */
  public Tensor maximum(Tensor other) {
    return binary("maximum", new Op.Max(), other);
  }

  /**
   * The larger of both, NaN if either is; of two zeros the positive one.
   *
   * @param other a number, taken in this dtype
   * @return the maximum, element by element
   */
  public Tensor maximum(double other) {
    return maximum(number("maximum", other));
  }

  /**
   * The smaller of both, NaN if either is; of two zeros the negative one.
   *
   * @param other an operand that broadcasts with this
   * @return the minimum, element by element
   */
  public Tensor minimum(Tensor other) {
    return binary("minimum", new Op.Min(), other);
  }

  /**
   * The smaller of both, NaN if either is; of two zeros the negative one.
   *
   * @param other a number, taken in this dtype
   * @return the minimum, element by element
   */
  public Tensor minimum(double other) {
    return minimum(number("minimum", other));
  }

  /**
   * Where this = other.
   *
   * @param other an operand that broadcasts with this
   * @return bools
   */
  public Tensor equal(Tensor other) {
    return binary("equal", new Op.Equal(), other);
  }

  /**
   * Where this = other.
   *
   * @param other a number, taken in this dtype
   * @return bools
   */
  public Tensor equal(double other) {
    return equal(number("equal", other));
  }

  /**
   * Where this &lt; other.
   *
   * @param other an operand that broadcasts with this
   * @return bools
   */
  public Tensor less(Tensor other) {
    return binary("less", new Op.Less(), other);
  }

  /**
   * Where this &lt; other.
   *
   * @param other a number, taken in this dtype
   * @return bools
   */
  public Tensor less(double other) {
    return less(number("less", other));
  }

  /**
   * Where this ≤ other.
   *
   * @param other an operand that broadcasts with this
   * @return bools
   */
  public Tensor lessEqual(Tensor other) {
    return binary("lessEqual", new Op.LessEqual(), other);
  }

  /**
   * Where this ≤ other.
   *
   * @param other a number, taken in this dtype
   * @return bools
   */
  public Tensor lessEqual(double other) {
    return lessEqual(number("lessEqual", other));
  }

  /**
   * Where this &gt; other.
   *
   * @param other an operand that broadcasts with this
   * @return bools
   */
  public Tensor greater(Tensor other) {
    return reverse("greater", new Op.Less(), other);
  }

  /**
   * Where this &gt; other.
   *
   * @param other a number, taken in this dtype
   * @return bools
   */
  public Tensor greater(double other) {
    return greater(number("greater", other));
  }

  /**
   * Where this ≥ other.
   *
   * @param other an operand that broadcasts with this
   * @return bools
   */
  public Tensor greaterEqual(Tensor other) {
    return reverse("greaterEqual", new Op.LessEqual(), other);
  }

  /**
   * Where this ≥ other.
   *
   * @param other a number, taken in this dtype
   * @return bools
   */
  public Tensor greaterEqual(double other) {
    return greaterEqual(number("greaterEqual", other));
  }

  /**
   * Logical and of bools, bitwise and of integers.
   *
   * @param other an operand that broadcasts with this
   * @return the conjunction
   */
  public Tensor and(Tensor other) {
    return binary(new Op.And(), other);
  }

  /**
   * Logical or of bools, bitwise or of integers.
   *
   * @param other an operand that broadcasts with this
   * @return the disjunction
   */
  public Tensor or(Tensor other) {
    return binary(new Op.Or(), other);
  }

  /**
   * Logical negation of bools.
   *
   * @return the negation
   */
  public Tensor not() {
    return apply(new Op.Not(), this);
  }

  /**
   * −this.
   *
   * @return the negative
   */
  public Tensor neg() {
    return apply(new Op.Neg(), this);
  }

  /**
   * 1 / this.
   *
   * @return the reciprocal
   */
  public Tensor reciprocal() {
    return number("reciprocal", 1).div(this);
  }

  /**
   * e to the power of this.
   *
   * @return the exponential
   */
  public Tensor exp() {
    return apply(new Op.Exp(), this);
  }

  /**
   * The natural logarithm.
   *
   * @return the logarithm
   */
  public Tensor log() {
    return apply(new Op.Log(), this);
  }

  /**
   * ln(1 + this), accurate near 0.
   *
   * @return the logarithm
   */
  public Tensor log1p() {
    return apply(new Op.Log1p(), this);
  }

  /**
   * eˣ − 1, accurate near 0.
   *
   * @return the exponential less one
   */
  public Tensor expm1() {
    return apply(new Op.Expm1(), this);
  }

  /**
   * The sine, of radians.
   *
   * @return the sine
   */
  public Tensor sin() {
    return apply(new Op.Sin(), this);
  }

  /**
   * The cosine, of radians.
   *
   * @return the cosine
   */
  public Tensor cos() {
    return apply(new Op.Cos(), this);
  }

  /**
   * The hyperbolic tangent.
   *
   * @return tanh
   */
  public Tensor tanh() {
    return apply(new Op.Tanh(), this);
  }

  /**
   * The error function.
   *
   * @return erf
   */
  public Tensor erf() {
    return apply(new Op.Erf(), this);
  }

  /**
   * The square root.
   *
   * @return the root
   */
  public Tensor sqrt() {
    return apply(new Op.Sqrt(), this);
  }

  /**
   * this · this.
   *
   * @return the square
   */
  public Tensor square() {
    return mul(this);
  }

  /**
   * The absolute value.
   *
   * @return |this|
   */
  public Tensor abs() {
    return apply(new Op.Abs(), this);
  }

  /**
   * −1, 0 or 1.
   *
   * @return the sign
   */
  public Tensor sign() {
    return apply(new Op.Sign(), this);
  }

  /**
   * The largest integer not above this.
   *
   * @return the floor, in the same dtype
   */
  public Tensor floor() {
    return apply(new Op.Floor(), this);
  }

  /**
   * 1 / (1 + e⁻ˣ), accurate to the last places where it is small too.
   *
   * @return the logistic function
   */
  public Tensor sigmoid() {
    return apply(new Op.Sigmoid(), this);
  }

  /**
   * This where the condition holds, the other elsewhere.
   *
   * @param condition the condition, a bool
   * @param a taken where it holds
   * @param b taken where it does not; of a's dtype
   * @return the choice, broadcast over all three
   */
  public static Tensor where(Tensor condition, Tensor a, Tensor b) {
    TypeRules.requireSameDType("where", a, b);
    Shape common =
        Shape.broadcast("where", condition.shape, Shape.broadcast("where", a.shape, b.shape));
    return apply(
        "where",
        new Op.Select(),
        List.of(condition.broadcastTo(common), a.broadcastTo(common), b.broadcastTo(common)));
  }

  /**
   * A tensor where the condition holds, a number elsewhere.
   *
   * @param condition the condition, a bool
   * @param a taken where it holds
   * @param b taken where it does not, in a's dtype
   * @return the choice, broadcast over both
   */
  public static Tensor where(Tensor condition, Tensor a, double b) {
    return where(condition, a, a.number("where", b));
  }

  /**
   * A number where the condition holds, a tensor elsewhere.
   *
   * @param condition the condition, a bool
   * @param a taken where it holds, in b's dtype
   * @param b taken where it does not
   * @return the choice, broadcast over both
   */
  public static Tensor where(Tensor condition, double a, Tensor b) {
    return where(condition, b.number("where", a), b);
  }

  /**
   * Limits every element to an interval; integers to those inside it, so that infinite bounds and
   * ones beyond the dtype's width limit nothing.
   *
   * @param low the smallest result
   * @param high the largest result
   * @return the limited values
   * @throws TensorException if the dtype is an integer and none lies in the interval
   */
  public Tensor clip(double low, double high) {
    return Numbers.clip(this, low, high);
  }

  /**
   * The same values in another dtype.
   *
   * @param target the dtype
   * @return the cast tensor, this one if nothing changes
   */
  public Tensor cast(DType target) {
    return target == dtype ? this : apply(new Op.Cast(target), this);
  }

  // ---- reductions ----

  /**
   * The sum over axes.
   *
   * @param axes the axes to fold away; none means all
   * @return the sums
   */
  public Tensor sum(int... axes) {
    return Reductions.sum("sum", this, axes);
  }

  /**
   * The sum over axes that stay with extent 1.
   *
   * @param axes the axes; none means all
   * @return the sums
   */
  public Tensor sumKeep(int... axes) {
    return Reductions.keep(this, sum(axes), axes);
  }

  /**
   * The mean over axes.
   *
   * @param axes the axes to fold away; none means all
   * @return the means
   */
  public Tensor mean(int... axes) {
    return Reductions.mean("mean", this, axes);
  }

  /**
   * The mean over axes that stay with extent 1.
   *
   * @param axes the axes; none means all
   * @return the means
   */
  public Tensor meanKeep(int... axes) {
    return Reductions.keep(this, mean(axes), axes);
  }

  /**
   * The mean squared distance from the mean (divided by n, not n − 1).
   *
   * @param axes the axes to fold away; none means all
   * @return the variances
   */
  public Tensor variance(int... axes) {
    return Reductions.variance("variance", this, axes);
  }

  /**
   * The {@link #variance} over axes that stay with extent 1.
   *
   * @param axes the axes; none means all
   * @return the variances
   */
  public Tensor varianceKeep(int... axes) {
    return Reductions.keep(this, variance(axes), axes);
  }

  /**
   * The root of the {@link #variance}; its derivative is not finite where the variance is 0.
   *
   * @param axes the axes to fold away; none means all
   * @return the standard deviations
   */
  public Tensor standardDeviation(int... axes) {
    return Reductions.variance("standardDeviation", this, axes).sqrt();
  }

  /**
   * The {@link #standardDeviation} over axes that stay with extent 1.
   *
   * @param axes the axes; none means all
   * @return the standard deviations
   */
  public Tensor standardDeviationKeep(int... axes) {
    return Reductions.keep(this, standardDeviation(axes), axes);
  }

  /**
   * The product over axes; its derivatives are exact also where elements are 0.
   *
   * @param axes the axes to fold away; none means all
   * @return the products, 1 where there is nothing to multiply
   */
  public Tensor product(int... axes) {
    return Reductions.product(this, shape.axes("product", axes));
  }

  /**
   * The product over axes that stay with extent 1.
   *
   * @param axes the axes; none means all
   * @return the products
   */
  public Tensor productKeep(int... axes) {
    return Reductions.keep(this, product(axes), axes);
  }

  /**
   * The running sum along an axis: element i is the sum of those up to and with i.
   *
   * @param axis the axis, which stays
   * @return the sums, of this shape
   */
  public Tensor cumulativeSum(int axis) {
    return Reductions.cumulativeSum(this, shape.axis("cumulativeSum", axis));
  }

  /**
   * The Euclidean norm √Σx² over axes, without overflow; its derivative at 0 is taken as 0.
   *
   * @param axes the axes to fold away; none means all
   * @return the norms
   */
  public Tensor norm(int... axes) {
    return Reductions.norm(this, axes);
  }

  /**
   * The Euclidean {@link #norm} over axes that stay with extent 1.
   *
   * @param axes the axes; none means all
   * @return the norms
   */
  public Tensor normKeep(int... axes) {
    return Reductions.keep(this, norm(axes), axes);
  }

  /**
   * The sum norm Σ|x| over axes.
   *
   * @param axes the axes to fold away; none means all
   * @return the norms
   */
  public Tensor sumNorm(int... axes) {
    return Reductions.sum("sumNorm", abs(), axes);
  }

  /**
   * The maximum norm max |x| over axes.
   *
   * @param axes the axes to fold away; none means all
   * @return the norms
   */
  public Tensor maximumNorm(int... axes) {
    return Reductions.maximumNorm(this, axes);
  }

  /**
   * The largest element over axes, NaN if any is. Where zeros of both signs are the largest, it is
   * either of them.
   *
   * @param axes the axes to fold away; none means all
   * @return the maxima
   */
  public Tensor max(int... axes) {
    return Reductions.max("max", this, axes);
  }

  /**
   * The largest element over axes that stay with extent 1.
   *
   * @param axes the axes; none means all
   * @return the maxima
   */
  public Tensor maxKeep(int... axes) {
    return Reductions.keep(this, max(axes), axes);
  }

  /**
   * The smallest element over axes, NaN if any is. Where zeros of both signs are the smallest, it
   * is either of them.
   *
   * @param axes the axes to fold away; none means all
   * @return the minima
   */
  public Tensor min(int... axes) {
    return Reductions.min(this, axes);
  }

  /**
   * The smallest element over axes that stay with extent 1.
   *
   * @param axes the axes; none means all
   * @return the minima
   */
  public Tensor minKeep(int... axes) {
    return Reductions.keep(this, min(axes), axes);
  }

  /**
   * The index of the first largest element along an axis.
   *
   * @param axis the axis, which is folded away
   * @return int32 indices
   */
  public Tensor argMax(int axis) {
    return Reductions.argMax(this, axis);
  }

  /**
   * The index of the first largest of all elements, in row-major order.
   *
   * @return an int32 scalar
   */
  public Tensor argMax() {
    return Reductions.argMax(Reductions.flat("argMax", this), 0);
  }

  /**
   * The index of the first smallest element along an axis.
   *
   * @param axis the axis, which is folded away
   * @return int32 indices
   */
  public Tensor argMin(int axis) {
    return Reductions.argMin(this, axis);
  }

  /**
   * The index of the first smallest of all elements, in row-major order.
   *
   * @return an int32 scalar
   */
  public Tensor argMin() {
    return Reductions.argMin(Reductions.flat("argMin", this), 0);
  }

  /**
   * ln Σ eˣ over axes, without overflow; of nothing but −∞ it is −∞.
   *
   * @param axes the axes to fold away; none means all
   * @return the logarithms
   */
  public Tensor logSumExp(int... axes) {
    return Reductions.logSumExp("logSumExp", this, axes);
  }

  /**
   * ln Σ eˣ over axes that stay with extent 1.
   *
   * @param axes the axes; none means all
   * @return the logarithms
   */
  public Tensor logSumExpKeep(int... axes) {
    return Reductions.keep(this, logSumExp(axes), axes);
  }

  /**
   * eˣ / Σ eˣ along an axis, without overflow.
   *
   * @param axis the axis
   * @return the probabilities
   */
  public Tensor softmax(int axis) {
    return Reductions.softmax(this, axis);
  }

  /**
   * x − ln Σ eˣ along an axis, without overflow.
   *
   * @param axis the axis
   * @return the log-probabilities
   */
  public Tensor logSoftmax(int axis) {
    return Reductions.logSoftmax(this, axis);
  }

  // ---- movement ----

  /**
   * The same elements under another shape.
   *
   * @param target the new shape
   * @return the reshaped tensor, this one if nothing changes
   */
  public Tensor reshape(Shape target) {
    return target.equals(shape) ? this : apply(new Op.Reshape(target), this);
  }

  /**
   * The same elements under another shape.
   *
   * @param extents the new shape; one extent may be −1 and is then worked out
   * @return the reshaped tensor
   */
  public Tensor reshape(int... extents) {
    return Movement.reshape(this, extents);
  }

  /**
   * A new axis of extent 1.
   *
   * @param axis where it is put, from 0 to the rank, or counted from the end: −1 puts it last
   * @return a tensor of one rank more
   */
  public Tensor expandDims(int axis) {
    return Movement.expandDims(this, axis);
  }

  /**
   * Axes of extent 1 taken away.
   *
   * @param axes the axes; none means all of extent 1
   * @return the tensor of lower rank
   * @throws TensorException if one of the axes has another extent
   */
  public Tensor squeeze(int... axes) {
    return Movement.squeeze(this, axes);
  }

  /**
   * Axes in another order.
   *
   * @param axes axis i of the result is axis axes[i] of this
   * @return the permuted tensor
   */
  public Tensor permute(int... axes) {
    List<Integer> order = Arrays.stream(axes).map(a -> shape.axis("permute", a)).boxed().toList();
    return order.equals(IntStream.range(0, shape.rank()).boxed().toList())
        ? this
        : apply(new Op.Permute(order), this);
  }

  /**
   * The last two axes exchanged.
   *
   * @return the transposed matrices
   */
  public Tensor transpose() {
    if (shape.rank() < 2) {
      throw new TensorException(
          "transpose: expected rank 2 or more, got %s; reshape it to a matrix".formatted(shape));
    }
    int[] order = IntStream.range(0, shape.rank()).toArray();
    order[order.length - 1] = order.length - 2;
    order[order.length - 2] = order.length - 1;
    return permute(order);
  }

  /**
   * Repeats axes of extent 1, and puts new axes in front, until the shape is the target.
   *
   * @param target the shape wanted
   * @return the broadcast tensor, this one if nothing changes
   */
  public Tensor broadcastTo(Shape target) {
    if (target.equals(shape)) {
      return this;
    }
    Tensor aligned = this;
    if (shape.rank() < target.rank()) {
      int[] extents = new int[target.rank()];
      Arrays.fill(extents, 1);
      System.arraycopy(shape.extents(), 0, extents, target.rank() - shape.rank(), shape.rank());
      aligned = reshape(Shape.of(extents));
    }
    return aligned.shape.equals(target) ? aligned : apply(new Op.Broadcast(target), aligned);
  }

  /**
   * The elements from start up to end along one axis. Indices below 0 count from the end.
   *
   * @param axis the axis
   * @param start the first index, from −n to n
   * @param end the index before which to stop, from start to n
   * @return the part
   * @throws TensorException if an index is outside
   */
  public Tensor slice(int axis, int start, int end) {
    return Movement.slice(this, axis, start, end);
  }

  /**
   * Every stride-th element from start towards end along one axis, as NumPy's {@code
   * x[start:end:stride]} but that indices outside are errors. Indices below 0 count from the end.
   *
   * @param axis the axis, of n elements
   * @param start the first index, from −n to n, below n if the stride is negative
   * @param end the index before which to stop; −n − 1 lets a negative stride reach the first
   *     element
   * @param stride the step, negative to go backwards
   * @return the part
   * @throws TensorException if an index is outside or the stride 0
   */
  public Tensor slice(int axis, int start, int end, int stride) {
    return Movement.slice(this, axis, start, end, stride);
  }

  /**
   * Zeros put before and after one axis.
   *
   * @param axis the axis
   * @param low zeros before
   * @param high zeros after
   * @return the padded tensor
   */
  public Tensor pad(int axis, int low, int high) {
    return Movement.pad(this, axis, low, high);
  }

  /**
   * Cuts an axis into equal parts.
   *
   * @param parts how many
   * @param axis the axis, whose extent the number of parts divides
   * @return the parts in order
   */
  public List<Tensor> split(int parts, int axis) {
    return Movement.split(this, parts, axis);
  }

  /**
   * Cuts an axis into parts of given sizes; {@link #concat(int, List)} joins them again.
   *
   * @param sizes the parts' extents, which add up to the axis'
   * @param axis the axis
   * @return the parts in order
   */
  public List<Tensor> split(int[] sizes, int axis) {
    return Movement.split(this, sizes, axis);
  }

  /**
   * Tensors one after another along an axis.
   *
   * @param axis the axis
   * @param tensors the parts, equal in all other extents
   * @return the joined tensor
   */
  public static Tensor concat(int axis, Tensor... tensors) {
    return Movement.concat(axis, List.of(tensors));
  }

  /**
   * Tensors one after another along an axis.
   *
   * @param axis the axis
   * @param tensors the parts, equal in all other extents
   * @return the joined tensor
   */
  public static Tensor concat(int axis, List<Tensor> tensors) {
    return Movement.concat(axis, tensors);
  }

  /**
   * Tensors of equal shape along a new axis in front.
   *
   * @param tensors the tensors
   * @return a tensor of one rank more
   */
  public static Tensor stack(Tensor... tensors) {
    return Movement.stack(0, List.of(tensors));
  }

  /**
   * Tensors of equal shape along a new axis in front.
   *
   * @param tensors the tensors
   * @return a tensor of one rank more
   */
  public static Tensor stack(List<Tensor> tensors) {
    return Movement.stack(0, tensors);
  }

  /**
   * Tensors of equal shape along a new axis.
   *
   * @param axis where the new axis is put, from 0 to the rank
   * @param tensors the tensors
   * @return a tensor of one rank more
   */
  public static Tensor stack(int axis, Tensor... tensors) {
    return Movement.stack(axis, List.of(tensors));
  }

  /**
   * Tensors of equal shape along a new axis.
   *
   * @param axis where the new axis is put, from 0 to the rank
   * @param tensors the tensors
   * @return a tensor of one rank more
   */
  public static Tensor stack(int axis, List<Tensor> tensors) {
    return Movement.stack(axis, tensors);
  }

  /**
   * Axes in reverse order.
   *
   * @param axes the axes
   * @return the flipped tensor
   */
  public Tensor flip(int... axes) {
    return apply(new Op.Flip(shape.axes("flip", axes)), this);
  }

  // ---- contraction and indexing ----

  /**
   * The matrix product [..., m, k] × [..., k, n]. A right operand of rank 2 serves every batch;
   * other batch axes broadcast.
   *
   * @param other the right operand, of equal dtype
   * @return [..., m, n]
   * @throws TensorException if the inner dimensions differ
   */
  public Tensor matmul(Tensor other) {
    return Products.matmul(this, other);
  }

  /**
   * Rows picked from the first axis, as an embedding table is read.
   *
   * @param indices integers of any shape, from 0 to n − 1. One outside that is known when the graph
   *     is built, a constant say, is an error; one that a program is given in a run reads zeros
   * @return of shape indices.shape + this.shape[1:]
   * @throws TensorException if the indices are no integers, or one is known to be outside
   */
  public Tensor take(Tensor indices) {
    return Movement.take(this, indices);
  }

  /**
   * Sums of products over labelled axes, in NumPy's notation: {@code einsum("bik,bkj->bij", a, b)}.
   * A label that the result lacks is summed over; one that repeats in an operand reads its
   * diagonal; {@code ...} stands for leading axes, which broadcast; without an arrow the result has
   * the labels that occur once, in alphabetic order.
   *
   * @param equation the operands' labels, and the result's
   * @param operands tensors of one numeric dtype
   * @return the sums
   * @throws TensorException if the equation does not fit the operands
   */
  public static Tensor einsum(String equation, Tensor... operands) {
    return Einsum.of(equation, operands);
  }

  /**
   * Elements picked along an axis, each row by indices of its own.
   *
   * @param indices integers, of this shape but for the axis, from 0 to its extent − 1. One outside
   *     that is known when the graph is built, a constant say, is an error; one that a program is
   *     given in a run reads 0
   * @param axis the axis
   * @return the elements, of the indices' shape
   * @throws TensorException if the shapes do not fit, or an index is known to be outside
   */
  public Tensor takeAlong(Tensor indices, int axis) {
    return Sorting.takeAlong(this, indices, axis);
  }

  /**
   * The elements in ascending order along an axis; NaN comes last.
   *
   * @param axis the axis
   * @return the sorted elements
   */
  public Tensor sort(int axis) {
    return takeAlong(argSort(axis), axis);
  }

  /**
   * The indices that sort along an axis, ascending and stable; NaN comes last.
   *
   * @param axis the axis
   * @return int32 indices for {@link #takeAlong}, of this shape
   */
  public Tensor argSort(int axis) {
    return Sorting.argSort(this, axis);
  }

  /**
   * The elements in descending order along an axis; NaN comes first.
   *
   * @param axis the axis
   * @return the sorted elements
   */
  public Tensor sortDescending(int axis) {
    return takeAlong(argSortDescending(axis), axis);
  }

  /**
   * The indices that sort along an axis, descending and stable; NaN comes first.
   *
   * @param axis the axis
   * @return int32 indices for {@link #takeAlong}, of this shape
   */
  public Tensor argSortDescending(int axis) {
    return Sorting.argSortDescending(this, axis);
  }

  /**
   * The k largest elements along an axis, largest first, ties in their order; NaN counts as
   * largest.
   *
   * @param k how many
   * @param axis the axis
   * @return the elements and where they were
   */
  public TopK topK(int k, int axis) {
    return Sorting.topK(this, k, axis);
  }

  /**
   * Sets each element to 0 with a probability, and scales the rest so that the mean stays.
   *
   * @param rate the probability, from 0 (included) to 1 (excluded)
   * @param key the key of the draw
   * @return the thinned tensor
   * @throws TensorException if the rate is outside
   */
  public Tensor dropout(double rate, RandomKey key) {
    if (!(rate >= 0 && rate < 1)) {
      throw new TensorException("dropout: expected a rate in [0, 1), got " + rate);
    }
    TypeRules.requireFloating("dropout", this);
    Tensor kept = key.uniform(shape, DType.FLOAT32).greaterEqual(rate);
    return where(kept, mul(1 / (1 - rate)), 0);
  }

  /**
   * One-hot rows. An element outside 0 to classes − 1 gives a row of zeros.
   *
   * @param classes the number of classes
   * @param target the dtype of the result
   * @return of shape this.shape + [classes]
   */
  public Tensor oneHot(int classes, DType target) {
    int[] extents = Arrays.copyOf(shape.extents(), shape.rank() + 1);
    extents[shape.rank()] = 1;
    return reshape(Shape.of(extents)).equal(arange(classes, dtype)).cast(target);
  }

  /**
   * One-hot rows of float32. An element outside 0 to classes − 1 gives a row of zeros.
   *
   * @param classes the number of classes
   * @return of shape this.shape + [classes]
   */
  public Tensor oneHot(int classes) {
    return oneHot(classes, DType.FLOAT32);
  }

  // ---- values ----

  /**
   * This value without its history: a leaf. Computes it now, as {@link #value} does; {@code
   * Autodiff.stopGradient} also cuts derivatives, and computes nothing.
   *
   * @return a tensor that no derivative flows through
   */
  public Tensor detach() {
    return of(value(), shape);
  }

  /**
   * The elements, computed on first demand and remembered. The operands stay, so that a derivative
   * still flows through this tensor; a loop that builds on large tensors round by round lets go of
   * them with {@link #detach}. What is built from the elements themselves is a constant to every
   * derivative.
   *
   * <p>A little work, up to 2²⁰ elements computed or folded and products summed, those of attention
   * and of custom functions included, is done by the reference interpreter at once, in double
   * precision and rounded at the end. More than that is compiled for {@link Device#cpu}, which
   * computes in the tensors' dtypes: the last digits of a value may differ between the two. A
   * computation that is repeated is better compiled once, as a {@link Program}.
   *
   * @return the data, not to be written
   * @throws TensorException if an input it depends on has no value
   */
  public HostData value() {
    HostData known = value;
    if (known == null) {
      evaluate(List.of(this));
      known = value;
    }
    return known;
  }

  /** The elements if they are known, otherwise null. */
  HostData known() {
    return value;
  }

  /**
   * Computes several tensors together, sharing what they have in common.
   *
   * @param tensors what to compute
   */
  public static void evaluate(List<Tensor> tensors) {
    List<HostData> values = OnDemand.values(tensors);
    for (int i = 0; i < tensors.size(); i++) {
      tensors.get(i).value = values.get(i);
    }
  }

  /**
   * The value of a tensor of one element.
   *
   * <p>Computed as {@link #value} says. The number is a constant to every derivative: inside a
   * differentiated function, stay with tensors.
   *
   * @return the value
   * @throws TensorException if there is not exactly one element
   */
  public double item() {
    if (shape.elements() != 1) {
      throw new TensorException(
          "item: expected one element, got shape %s; reduce it or use toDoubleArray()"
              .formatted(shape));
    }
    return value().getDouble(0);
  }

  /**
   * The elements in row-major order.
   *
   * <p>Computed as {@link #value} says. The array is a constant to every derivative: inside a
   * differentiated function, stay with tensors.
   *
   * @return a fresh array
   * @throws TensorException if there are more elements than an array holds
   */
  public float[] toFloatArray() {
    float[] result = new float[arrayLength("toFloatArray")];
    HostData data = value();
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) data.getDouble(i);
    }
    return result;
  }

  /**
   * The elements in row-major order.
   *
   * <p>Computed as {@link #value} says. The array is a constant to every derivative: inside a
   * differentiated function, stay with tensors.
   *
   * @return a fresh array
   * @throws TensorException if there are more elements than an array holds
   */
  public double[] toDoubleArray() {
    arrayLength("toDoubleArray");
    return value().toDoubles();
  }

  /**
   * The elements in row-major order; floating point truncates, a bool is 0 or 1.
   *
   * <p>Computed as {@link #value} says. The array is a constant to every derivative: inside a
   * differentiated function, stay with tensors.
   *
   * @return a fresh array
   * @throws TensorException if there are more elements than an array holds
   */
  public long[] toLongArray() {
    long[] result = new long[arrayLength("toLongArray")];
    HostData data = value();
    Arrays.setAll(result, data::getLong);
    return result;
  }

  private int arrayLength(String operation) {
    long elements = shape.elements();
    if (elements > Integer.MAX_VALUE - 8) {
      throw new TensorException(
          "%s: %s has %d elements, more than an array holds; read value() or slice it"
              .formatted(operation, shape, elements));
    }
    return (int) elements;
  }

  /**
   * The elements in row-major order; floating point truncates, a bool is 0 or 1.
   *
   * <p>Computed as {@link #value} says. The array is a constant to every derivative: inside a
   * differentiated function, stay with tensors.
   *
   * @return a fresh array
   * @throws TensorException if an element is too wide for an int
   */
  public int[] toIntArray() {
    return Numbers.toIntArray(toLongArray());
  }

  /**
   * Whether every element is close to the other's: |a − b| ≤ absolute + relative·|b|.
   *
   * @param other of equal shape
   * @param relative the relative tolerance
   * @param absolute the absolute tolerance
   * @return false where a shape differs or an element does; NaN is close to nothing
   */
  public boolean allClose(Tensor other, double relative, double absolute) {
    return Numbers.allClose(this, other, relative, absolute);
  }

  /**
   * Whether every element is close to the other's, by the tolerances of PyTorch's {@code
   * testing.assert_close}: relative and absolute 1e-7 for float64, 1.3e-6 and 1e-5 for float32,
   * 1e-3 and 1e-5 for float16, 1.6e-2 and 1e-5 for bfloat16; integers and bools are equal. Of two
   * dtypes the coarser counts.
   *
   * @param other of equal shape
   * @return false where a shape differs or an element does; NaN is close to nothing
   */
  public boolean allClose(Tensor other) {
    return Numbers.allClose(this, other);
  }

  /**
   * The value, dtype and shape of a small tensor (up to 64 elements), computed if need be; of a
   * larger one that is computed, its edges, range and mean. Of others what is known. Never throws.
   *
   * @return the text
   */
  @Override
  public String toString() {
    return Printing.text(this, value, this::value);
  }
}
