package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;

/**
 * Derivatives of functions of tensors, forward and backward. Forward mode is the primary
 * derivative; reverse mode is forward mode, transposed. Every result is an ordinary tensor, so that
 * transforms nest to any order. Meant for static import.
 *
 * <p>What a function captures from outside is a constant to it, even if it is the very tensor at
 * which the derivative is taken; and so is a number that it reads from a tensor, by {@code item()}
 * or {@code toFloatArray()}.
 */
public final class Autodiff {
  private Autodiff() {}

  /**
   * The value and the derivative along a direction, in one pass (Jacobian-vector product).
   *
   * @param f the function
   * @param x where
   * @param v the direction, of x's structure, shapes and dtypes
   * @param <A> what f takes
   * @param <B> what f returns
   * @return f(x) and its tangent
   * @throws TensorException if v does not fit x, or x holds no floating point tensor
   */
  public static <A extends Tree<A>, B extends Tree<B>> Jvp<B> jvp(Function<A, B> f, A x, A v) {
    fits("jvp", "point", x, "direction", v);
    List<Tensor> marks = mark(x);
    B value = f.apply(x.withLeaves(marks));
    List<Tensor> directions = new ArrayList<>();
    for (int i = 0; i < marks.size(); i++) {
      directions.add(marks.get(i).dtype().isFloating() ? v.leaves().get(i) : null);
    }
    List<Tensor> tangents = Transforms.jvp(new Graph(marks, value.leaves()), directions);
    return new Jvp<>(value, value.withLeaves(JvpRules.zerosForNull(value.leaves(), tangents)));
  }

  /**
   * The value and the linear map of directions to tangents at a point.
   *
   * @param f the function
   * @param x where
   * @param <A> what f takes
   * @param <B> what f returns
   * @return f(x) and its pushforward, which can be applied to many directions
   */
  public static <A extends Tree<A>, B extends Tree<B>> Linearized<A, B> linearize(
      Function<A, B> f, A x) {
    List<Tensor> marks = mark(x);
    B value = f.apply(x.withLeaves(marks));
    List<Tensor> variables = new ArrayList<>();
    List<Tensor> directions = new ArrayList<>();
    for (Tensor m : marks) {
      Tensor variable = Tensor.input("tangent", m.shape(), m.dtype());
      variables.add(variable);
      directions.add(m.dtype().isFloating() ? variable : null);
    }
    List<Tensor> tangents = Transforms.jvp(new Graph(marks, value.leaves()), directions);
    return new Linearized<>(x, value, variables, tangents);
  }

  /**
   * The value and the map that pulls cotangents back (vector-Jacobian product): the transpose of
   * {@link #linearize}.
   *
   * @param f the function
   * @param x where
   * @param <A> what f takes
   * @param <B> what f returns
   * @return f(x) and its pullback
   */
  public static <A extends Tree<A>, B extends Tree<B>> Vjp<A, B> vjp(Function<A, B> f, A x) {
    Linearized<A, B> linear = linearize(f, x);
    return new Vjp<>(linear.value(), linear::transpose);
  }

  /**
   * The transpose of a linear function: the map of cotangents of its result to cotangents of its
   * argument, ⟨f(x), c⟩ = ⟨x, fᵀ(c)⟩. Linear again, so that it can be transposed back.
   *
   * @param f the function, linear by its operations; what it captures is constant to it
   * @param example an example of its argument: structure, shapes and dtypes count, values do not
   * @param <A> what f takes, floating point tensors alone
   * @param <B> what f returns
   * @return the transpose
   * @throws TensorException if f is not linear, naming the operation; transpose its derivative
   *     then, by {@link #linearize} or {@link #vjp}
   */
  public static <A extends Tree<A>, B extends Tree<B>> Function<B, A> transpose(
      Function<A, B> f, A example) {
    List<Tensor> variables = new ArrayList<>();
    for (Tensor leaf : example.leaves()) {
      if (!leaf.dtype().isFloating()) {
        throw new TensorException(
            "transpose: the argument holds %s %s; a linear function is of floating point tensors: capture the others"
                .formatted(leaf.dtype(), leaf.shape()));
      }
      variables.add(Tensor.input("x", leaf.shape(), leaf.dtype()));
    }
    B value = f.apply(example.withLeaves(variables));
    Graph graph = new Graph(variables, value.leaves());
    Linearity.require("transpose: the function", "its argument", graph);
    return cotangent -> {
      fits("transpose", "result", value, "cotangent", cotangent);
      List<Tensor> pulled = Transforms.transpose(graph, cotangent.leaves());
      return example.withLeaves(JvpRules.zerosForNull(example.leaves(), pulled));
    };
  }

  /**
   * The gradient function of a scalar function of one tensor.
   *
   * @param f the function, whose result has one element
   * @return the function that maps x to the gradient of f at x
   */
  // Not ambiguous: where both overloads apply, a UnaryOperator is the more specific type.
  @SuppressWarnings("overloads")
  public static UnaryOperator<Tensor> grad(UnaryOperator<Tensor> f) {
    return x -> valueAndGrad(f, x).gradient();
  }

  /**
   * The gradient function of a scalar function of a tree, to be given to another transform: {@code
   * jvp(grad(f), x, v)}.
   *
   * @param f the function, whose result has one element
   * @param <A> what f takes
   * @return the function that maps x to the gradient of f at x, of x's structure
   */
  public static <A extends Tree<A>> Function<A, A> grad(Function<A, Tensor> f) {
    return x -> valueAndGrad(f, x).gradient();
  }

  /**
   * The gradient of a scalar function at a point.
   *
   * @param f the function, whose result has one element
   * @param x where
   * @param <A> what f takes
   * @return the gradient, of x's structure
   */
  public static <A extends Tree<A>> A grad(Function<A, Tensor> f, A x) {
    return valueAndGrad(f, x).gradient();
  }

  /**
   * The value and the gradient of a scalar function at a point.
   *
   * @param f the function, whose result has one element
   * @param x where
   * @param <A> what f takes
   * @return both; an unused argument has a gradient of zeros
   * @throws TensorException if the result is no scalar, or x holds no floating point tensor
   */
  public static <A extends Tree<A>> ValueAndGrad<A> valueAndGrad(Function<A, Tensor> f, A x) {
    Vjp<A, Tensor> vjp = vjp(f, x);
    Tensor value = vjp.value();
    if (value.shape().elements() != 1 || !value.dtype().isFloating()) {
      throw new TensorException(
          "grad: the function must return one floating point number, got %s %s; sum or mean it"
              .formatted(value.dtype(), value.shape()));
    }
    return new ValueAndGrad<>(value, vjp.pullback().apply(value.onesLike()));
  }

  /**
   * The Hessian-vector product, forward over reverse: the derivative of the gradient along v.
   *
   * @param f the function, whose result has one element
   * @param x where
   * @param v the direction
   * @param <A> what f takes
   * @return H·v, of x's structure
   */
  public static <A extends Tree<A>> A hvp(Function<A, Tensor> f, A x, A v) {
    return jvp(grad(f), x, v).tangent();
  }

  /**
   * The Jacobian, a column per element of x, by forward mode: best where x is small.
   *
   * @param f the function
   * @param x where
   * @return of shape f(x).shape + x.shape
   */
  public static Tensor jacobianForward(UnaryOperator<Tensor> f, Tensor x) {
    Linearized<Tensor, Tensor> linear = linearize(f, x);
    return rows(
        x,
        linear::apply,
        (columns, n) -> {
          int rank = columns.shape().rank();
          int[] order = new int[rank];
          for (int i = 0; i < rank; i++) {
            order[i] = (i + 1) % rank;
          }
          return columns.permute(order);
        },
        linear.value().shape(),
        x.shape());
  }

  /**
   * The Jacobian, a row per element of f(x), by reverse mode: best where f(x) is small.
   *
   * @param f the function
   * @param x where
   * @return of shape f(x).shape + x.shape
   */
  public static Tensor jacobianReverse(UnaryOperator<Tensor> f, Tensor x) {
    Vjp<Tensor, Tensor> vjp = vjp(f, x);
    return rows(vjp.value(), vjp.pullback(), (rows, n) -> rows, vjp.value().shape(), x.shape());
  }

  /** Applies a linear map to every unit vector and puts the results together. */
  private static Tensor rows(
      Tensor like,
      Function<Tensor, Tensor> map,
      BiFunction<Tensor, Integer, Tensor> arrange,
      Shape outer,
      Shape inner) {
    int n = Math.toIntExact(like.shape().elements());
    int[] extents = new int[outer.rank() + inner.rank()];
    System.arraycopy(outer.extents(), 0, extents, 0, outer.rank());
    System.arraycopy(inner.extents(), 0, extents, outer.rank(), inner.rank());
    if (n == 0) {
      return Tensor.full(0, Shape.of(extents), like.dtype());
    }
    Tensor index = Tensor.arange(n, org.fluxion.tensor.DType.INT32);
    Tensor[] results = new Tensor[n];
    for (int i = 0; i < n; i++) {
      Tensor unit = index.equal(Tensor.scalar(i, index.dtype())).cast(like.dtype());
      results[i] = map.apply(unit.reshape(like.shape()));
    }
    return arrange.apply(Tensor.stack(results), n).reshape(Shape.of(extents));
  }

  /**
   * The value with a derivative of zero in both modes.
   *
   * @param x the value
   * @return x, as a constant to every transform
   */
  public static Tensor stopGradient(Tensor x) {
    return Tensor.apply(new Op.StopGradient(), List.of(x));
  }

  /** Fresh variables over a tree's leaves, which nothing captured can be confused with. */
  private static <A extends Tree<A>> List<Tensor> mark(A x) {
    List<Tensor> leaves = x.leaves();
    if (leaves.stream().noneMatch(leaf -> leaf.dtype().isFloating())) {
      throw new TensorException(
          "derivative: the argument holds no floating point tensor, only %s; cast it, or capture it"
              .formatted(leaves.stream().map(Tensor::dtype).distinct().toList()));
    }
    return leaves.stream().map(leaf -> Tensor.apply(new Op.Mark(), List.of(leaf))).toList();
  }

  /** Demands that two trees are alike; {@code first} and {@code second} say what they are. */
  static <A extends Tree<A>> void fits(String operation, String first, A x, String second, A v) {
    List<Tensor> a = x.leaves();
    List<Tensor> b = v.leaves();
    if (a.size() != b.size()) {
      throw new TensorException(
          "%s: the %s has %d tensors, the %s %d"
              .formatted(operation, first, a.size(), second, b.size()));
    }
    List<String> firsts = Tree.namesUnder(first, x);
    List<String> seconds = Tree.namesUnder(second, x);
    for (int i = 0; i < a.size(); i++) {
      if (!a.get(i).shape().equals(b.get(i).shape()) || a.get(i).dtype() != b.get(i).dtype()) {
        throw new TensorException(
            "%s: %s is %s %s, %s is %s %s; they must be alike"
                .formatted(
                    operation,
                    firsts.get(i),
                    a.get(i).dtype(),
                    a.get(i).shape(),
                    seconds.get(i),
                    b.get(i).dtype(),
                    b.get(i).shape()));
      }
    }
  }
}
