package org.fluxion.autodiff.conformance;

import static org.fluxion.autodiff.Autodiff.jvp;
import static org.fluxion.autodiff.Autodiff.vjp;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.Tensors;
import org.fluxion.tensor.conformance.Trial;

/** An operation's result with its derivatives, as one graph to be tried on a device. */
public final class Derivatives {
  /** What an output of the graph is. */
  public enum Part {
    /** The result itself. */
    FORWARD,
    /** Its tangent, along a direction in every operand at once. */
    TANGENT,
    /** The cotangent of an operand. */
    GRADIENT,
    /** The cotangent of an operand for a cotangent of the tangent: reverse over forward mode. */
    GRADIENT_OF_TANGENT;

    @Override
    public String toString() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
    }
  }

  private final Trial trial;
  private final List<Part> parts;

  private Derivatives(Trial trial, List<Part> parts) {
    this.trial = trial;
    this.parts = List.copyOf(parts);
  }

  /**
   * The graph with values of its inputs: operands, directions and a cotangent.
   *
   * @return the trial
   */
  public Trial trial() {
    return trial;
  }

  /**
   * What the graph's outputs are.
   *
   * @return a part for each
   */
  public List<Part> parts() {
    return parts;
  }

  /**
   * The derivatives of a case.
   *
   * @param c the case, which the type rules allow
   * @param random where directions and cotangents come from
   * @return the result alone if it, or every operand, is not floating point
   */
  public static Derivatives of(OpCase c, Random random) {
    Draw draw = new Draw(random, Draw.Kind.MODERATE);
    List<Tensor> inputs = new ArrayList<>();
    List<Tensor> values = new ArrayList<>();
    Function<Tensor, Tensor> input =
        value -> {
          Tensor made = Tensor.input("x" + inputs.size(), value.shape(), value.dtype());
          inputs.add(made);
          values.add(value);
          return made;
        };
    Tensors at = new Tensors(c.operands().stream().map(input).toList());
    Function<Tensors, Tensor> f = x -> Tensor.apply(c.op(), x.leaves());
    Tensor result = f.apply(at);
    if (c.op() instanceof Op.Input) {
      inputs.add(result);
      values.add(draw.any(result.dtype(), result.shape()));
    }
    List<Tensor> outputs = new ArrayList<>(List.of(result));
    List<Part> parts = new ArrayList<>(List.of(Part.FORWARD));
    if (result.dtype().isFloating() && at.leaves().stream().anyMatch(Derivatives::isReal)) {
      Tensors directions =
          new Tensors(
              at.leaves().stream()
                  .map(t -> isReal(t) ? input.apply(draw.any(t.dtype(), t.shape())) : t.zerosLike())
                  .toList());
      Tensor cotangent = input.apply(draw.any(result.dtype(), result.shape()));
      Function<Tensors, Tensor> tangent = x -> jvp(f, x, directions).tangent();
      Map<Part, List<Tensor>> derived = new EnumMap<>(Part.class);
      derived.put(Part.TANGENT, List.of(tangent.apply(at)));
      derived.put(Part.GRADIENT, vjp(f, at).pullback().apply(cotangent).leaves());
      derived.put(Part.GRADIENT_OF_TANGENT, vjp(tangent, at).pullback().apply(cotangent).leaves());
      derived.forEach(
          (part, tensors) ->
              tensors.stream()
                  // What depends on nothing is zero by the rules, whatever the device.
                  .filter(t -> isReal(t) && dependsOn(inputs, t))
                  .forEach(
                      t -> {
                        outputs.add(t);
                        parts.add(part);
                      }));
    }
    return new Derivatives(new Trial(c.toString(), new Graph(inputs, outputs), values), parts);
  }

  private static boolean isReal(Tensor t) {
    return t.dtype().isFloating();
  }

  private static boolean dependsOn(List<Tensor> inputs, Tensor t) {
    return new Graph(inputs, List.of(t)).nodes().stream().anyMatch(inputs::contains);
  }
}
