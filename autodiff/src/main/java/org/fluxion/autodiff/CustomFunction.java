package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * A user's function with its own derivative rule: the tangent of the result, linear in the
 * operands' tangents. Reverse mode transposes the rule, so the modes cannot disagree; higher
 * derivatives differentiate it. That the rule is the function's derivative is for {@link
 * DerivativeChecker} to check; that it is linear, and fits the result, is checked when the first
 * node over operands of these shapes and dtypes is built.
 *
 * <pre>{@code
 * static final CustomFunction SOFTPLUS = CustomFunction.of("softplus",
 *     x -> x.exp().log1p(), (x, y, dx) -> dx.mul(x.sigmoid()));
 * }</pre>
 *
 * <p>What the function captures from outside is a constant to it, of which the rule has no tangent.
 * A transform that differentiates in something captured is an error that names the function: make
 * it an operand, by {@link #ofMany}, or say with {@link Autodiff#stopGradient} that it is meant as
 * a constant. What the rule captures is for the rule to answer for.
 *
 * <p>A {@linkplain #linear linear function} is its own derivative, and may bring its transpose
 * where a better one is known than that of its operations.
 */
public final class CustomFunction implements UnaryOperator<Tensor> {
  /** The derivative rule of a function of one operand. */
  @FunctionalInterface
  public interface Rule {
    /**
     * The tangent of the result.
     *
     * @param x the operand
     * @param y the result
     * @param dx the operand's tangent
     * @return the result's tangent, linear in dx
     */
    Tensor tangent(Tensor x, Tensor y, Tensor dx);
  }

  /** The derivative rule of a function of several operands. */
  @FunctionalInterface
  public interface ManyRule {
    /**
     * The tangent of the result.
     *
     * @param x the operands
     * @param y the result
     * @param dx a tangent per operand, zeros where there is none
     * @return the result's tangent, linear in dx
     */
    Tensor tangent(List<Tensor> x, Tensor y, List<Tensor> dx);
  }

  /** The transpose of a linear function of one operand. */
  @FunctionalInterface
  public interface TransposeRule {
    /**
     * The cotangent of the operand.
     *
     * @param x the operand's shape
     * @param c the result's cotangent
     * @return the operand's cotangent, linear in c
     */
    Tensor cotangent(Shape x, Tensor c);
  }

  private record Definition(String name, Function<List<Tensor>, Tensor> function, ManyRule rule)
      implements CustomOp {
    @Override
    public Tensor expand(List<Tensor> inputs) {
      return function.apply(inputs);
    }

    @Override
    public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
      try {
        return Objects.requireNonNull(rule.tangent(inputs, output, tangents), "it gave no tangent");
      } catch (RuntimeException | AssertionError e) {
        throw RuleException.of(name, "the rule", e);
      }
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private record LinearDefinition(
      String name, UnaryOperator<Tensor> function, TransposeRule transpose) implements CustomOp {
    @Override
    public Tensor expand(List<Tensor> inputs) {
      return function.apply(inputs.get(0));
    }

    @Override
    public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
      return Tensor.apply(new Op.Custom(this), tangents);
    }

    @Override
    public Optional<Tensor> transpose(Shape operand, Tensor cotangent) {
      try {
        return Optional.of(
            Objects.requireNonNull(
                transpose.cotangent(operand, cotangent), "it gave no cotangent"));
      } catch (RuntimeException | AssertionError e) {
        throw RuleException.of(name, "the transpose", e);
      }
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private final CustomOp definition;

  /**
   * The operands' types whose rule is checked, or is being checked: a rule may use its function.
   */
  private final Set<List<String>> checked = ConcurrentHashMap.newKeySet();

  private CustomFunction(CustomOp definition) {
    this.definition = definition;
  }

  /**
   * A function of one operand.
   *
   * @param name what graphs and errors call it
   * @param function the function in primitives, which is what runs
   * @param rule its derivative
   * @return the function
   */
  public static CustomFunction of(String name, UnaryOperator<Tensor> function, Rule rule) {
    return new CustomFunction(
        new Definition(
            name,
            x -> function.apply(x.get(0)),
            (x, y, dx) -> rule.tangent(x.get(0), y, dx.get(0))));
  }

  /**
   * A function of several operands.
   *
   * @param name what graphs and errors call it
   * @param function the function in primitives, which is what runs
   * @param rule its derivative
   * @return the function
   */
  public static CustomFunction ofMany(
      String name, Function<List<Tensor>, Tensor> function, ManyRule rule) {
    return new CustomFunction(new Definition(name, function, rule));
  }

  /**
   * A linear function of one operand with its transpose. When the first node over an operand of a
   * shape and dtype is built, both are checked to be linear by their operations, and, unless they
   * capture what has no value yet, each to be the other's transpose: ⟨f(x), c⟩ = ⟨x, fᵀ(c)⟩ for a
   * random x and c.
   *
   * <pre>{@code
   * static final CustomFunction FIRST = CustomFunction.linear("first",
   *     x -> x.slice(0, 0, 1), (x, c) -> c.pad(0, 0, x.extent(0) - 1));
   * }</pre>
   *
   * @param name what graphs and errors call it
   * @param function the function in primitives, which is what runs
   * @param transpose its transpose
   * @return the function
   */
  public static CustomFunction linear(
      String name, UnaryOperator<Tensor> function, TransposeRule transpose) {
    return new CustomFunction(new LinearDefinition(name, function, transpose));
  }

  /**
   * Applies the function to its one operand.
   *
   * @param x the operand
   * @return the result
   * @throws RuleException if the rule throws, is not linear in dx, or does not fit the result, or a
   *     linear function's transpose is none
   */
  @Override
  public Tensor apply(Tensor x) {
    return applyAll(x);
  }

  /**
   * Applies the function to its operands.
   *
   * @param operands the operands
   * @return the result
   * @throws RuleException if the rule throws, is not linear in the tangents, or does not fit the
   *     result, or a linear function's transpose is none
   */
  public Tensor applyAll(Tensor... operands) {
    List<Tensor> inputs = List.of(operands);
    Tensor result = Tensor.apply(new Op.Custom(definition), inputs);
    List<String> types = inputs.stream().map(x -> x.dtype() + x.shape().toString()).toList();
    boolean linear = definition instanceof LinearDefinition;
    if ((linear || result.dtype().isFloating()) && checked.add(types)) {
      try {
        if (linear) {
          LinearFunctionCheck.require(definition, inputs, result);
        } else {
          check(inputs, result);
        }
      } catch (RuntimeException e) {
        checked.remove(types);
        throw e instanceof TensorException && !(e instanceof RuleException)
            ? new RuleException(definition.name(), e.getMessage(), e)
            : e;
      }
    }
    return result;
  }

  private void check(List<Tensor> inputs, Tensor result) {
    List<Tensor> variables = new ArrayList<>();
    List<Tensor> tangents = new ArrayList<>();
    for (Tensor x : inputs) {
      Tensor tangent =
          x.dtype().isFloating() ? Tensor.input("tangent", x.shape(), x.dtype()) : x.zerosLike();
      tangents.add(tangent);
      if (x.dtype().isFloating()) {
        variables.add(tangent);
      }
    }
    Tensor tangent = definition.jvp(inputs, result, tangents);
    if (!tangent.shape().equals(result.shape()) || tangent.dtype() != result.dtype()) {
      throw new TensorException(
          "custom function '%s': the result is %s %s, the rule's tangent %s %s; they must be alike"
              .formatted(
                  definition.name(),
                  result.dtype(),
                  result.shape(),
                  tangent.dtype(),
                  tangent.shape()));
    }
    Linearity.require(
        "custom function '%s': the rule".formatted(definition.name()),
        "the tangents",
        new Graph(variables, List.of(tangent)));
  }

  @Override
  public String toString() {
    return "CustomFunction(" + definition.name() + ")";
  }
}
