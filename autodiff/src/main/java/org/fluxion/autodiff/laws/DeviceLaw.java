package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.Tensors;
import org.fluxion.tensor.conformance.Trial;

/**
 * On a device a function and its derivatives are what the reference says, as nearly as the device's
 * arithmetic allows: the value, the tangent, the gradient, and the gradient of the tangent.
 *
 * @param device the device
 * @param arithmetic how exactly it is to compute
 */
public record DeviceLaw(Device device, Arithmetic arithmetic) {
  /**
   * The law of a device.
   *
   * @param device the device
   * @return the law
   */
  public static DeviceLaw of(Device device) {
    return new DeviceLaw(device, Arithmetic.of(device));
  }

  /**
   * Holds an example to it, unless its arguments or results have a dtype that the device has not.
   *
   * @param example the example
   * @param seed which directions and cotangents
   * @return how much was compared
   * @throws LawBroken if the device computes something else, or throws; with the smallest example
   *     found for which it does
   */
  public LawReport.OnDevice check(Example example, long seed) {
    List<LawReport.OnDevice> seen = new ArrayList<>();
    Broken.check(
        "AGREEMENT",
        Text.of("on %s a program is not what the reference says", device.name()),
        example,
        seed,
        e -> found(e, seed, seen));
    // Had it been wrong, others would have been tried.
    return seen.getFirst();
  }

  private Optional<Broken.Finding> found(
      Example example, long seed, List<LawReport.OnDevice> seen) {
    Subject subject = Subject.of(example, seed);
    List<String> names = new ArrayList<>();
    List<Tensor> outputs = new ArrayList<>();
    add("the value", subject.f().apply(subject.x()), names, outputs);
    if (subject.isDifferentiable()) {
      Function<Tensors, Tensors> tangent =
          x -> Autodiff.jvp(subject.f(), x, subject.v(0)).tangent();
      add("the tangent", tangent.apply(subject.x()), names, outputs);
      add(
          "the gradient",
          Autodiff.vjp(subject.f(), subject.x()).pullback().apply(subject.c()),
          names,
          outputs);
      add(
          "the gradient of the tangent",
          Autodiff.vjp(tangent, subject.x()).pullback().apply(subject.c()),
          names,
          outputs);
    }
    if (!Stream.concat(subject.inputs().stream(), outputs.stream())
        .allMatch(t -> arithmetic.has(t.dtype()))) {
      seen.add(LawReport.OnDevice.NOTHING);
      return Optional.empty();
    }
    Trial trial = new Trial("a law", new Graph(subject.inputs(), outputs), subject.values());
    List<Bounded> bounds = ErrorBound.of(trial, arithmetic);
    List<HostData> results = trial.run(device);
    for (int i = 0; i < outputs.size(); i++) {
      Optional<Bounded.Deviation> worst = bounds.get(i).worst(results.get(i));
      if (worst.isPresent() && worst.get().severity() > 1) {
        return Optional.of(
            new Broken.Finding(
                names.get(i) + ": " + worst.get(), subject.along(List.of(outputs.get(i)))));
      }
    }
    seen.add(seen(bounds, results));
    return Optional.empty();
  }

  private static LawReport.OnDevice seen(List<Bounded> bounds, List<HostData> results) {
    long all = 0;
    long certified = 0;
    for (int i = 0; i < bounds.size(); i++) {
      all += results.get(i).elements();
      certified += bounds.get(i).certified(results.get(i));
    }
    return new LawReport.OnDevice(1, certified, all - certified);
  }

  private static void add(String name, Tensors tensors, List<String> names, List<Tensor> outputs) {
    for (Tensor tensor : tensors.leaves()) {
      names.add(name);
      outputs.add(tensor);
    }
  }
}
