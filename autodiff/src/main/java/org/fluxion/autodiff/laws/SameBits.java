package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Tensors;

/**
 * The same inputs give the same bits: again; after a run whose inputs were no numbers, of which
 * nothing may be left in the memory that runs share; and for every number of threads. It needs no
 * reference, and so no tolerance. Programs have to be large to be shared between threads at all.
 *
 * @param devices the devices that are to agree, such as one with several numbers of threads
 */
public record SameBits(List<Device> devices) {
  /** Threads that write into one place meet by chance, so it takes several. */
  private static final int RUNS = 12;

  /** Copies the list. */
  public SameBits {
    devices = List.copyOf(devices);
  }

  /**
   * The law of some devices.
   *
   * @param names what {@link Device#of} takes
   * @return the law
   */
  public static SameBits on(String... names) {
    return new SameBits(Arrays.stream(names).map(Device::of).toList());
  }

  /**
   * Holds an example's value and gradient to it.
   *
   * @param example the example
   * @param seed which cotangents
   * @throws LawBroken if two runs differ, or throw; with the smallest example found for which they
   *     do
   */
  public void check(Example example, long seed) {
    Broken.check(
        "SAME BITS", "the same inputs give other bits", example, seed, e -> found(e, seed));
  }

  private Optional<Broken.Finding> found(Example example, long seed) {
    Subject subject = Subject.of(example, seed);
    List<String> names = new ArrayList<>();
    List<Tensor> outputs = new ArrayList<>();
    for (Tensor y : subject.f().apply(subject.x()).leaves()) {
      names.add("the value");
      outputs.add(y);
    }
    if (subject.isDifferentiable()) {
      Tensors gradient = Autodiff.vjp(subject.f(), subject.x()).pullback().apply(subject.c());
      for (Tensor g : gradient.leaves()) {
        names.add("the gradient");
        outputs.add(g);
      }
    }
    Graph graph = new Graph(subject.inputs(), outputs);
    Tensors none = new Tensors(List.of());
    Tensors values = new Tensors(subject.values());
    Tensors noNumbers = new Tensors(values.leaves().stream().map(SameBits::noNumbers).toList());
    List<HostData> first = null;
    for (Device device : devices) {
      try (Program<Tensors, Tensors, Tensors> program =
              Program.compile(
                  (state, given) -> new Step<>(state, new Tensors(graph.apply(given.leaves()))),
                  none,
                  values,
                  device);
          Run<Tensors, Tensors, Tensors> run = program.start(none)) {
        for (int i = 0; i < RUNS; i++) {
          List<HostData> results = values(run.step(values));
          if (first == null) {
            first = results;
          }
          Optional<Difference> difference = difference(first, results);
          if (difference.isPresent()) {
            int output = difference.get().output();
            return Optional.of(
                new Broken.Finding(
                    Text.of(
                        "run %d on %s: %s: %s",
                        i + 1, device.name(), names.get(output), difference.get()),
                    subject.along(List.of(outputs.get(output)))));
          }
          if (i == 0) {
            values(run.step(noNumbers));
          }
        }
      }
    }
    return Optional.empty();
  }

  private static List<HostData> values(Tensors tensors) {
    return tensors.leaves().stream().map(Tensor::value).toList();
  }

  private static Tensor noNumbers(Tensor value) {
    return value.dtype().isFloating()
        ? Tensor.full(Double.NaN, value.shape(), value.dtype()).detach()
        : value;
  }

  /** An element that has other bits than it had. */
  private record Difference(int output, long element, double is, double was) {
    @Override
    public String toString() {
      return Text.of("element %d is %s, and was %s", element, is, was);
    }
  }

  private static Optional<Difference> difference(List<HostData> expected, List<HostData> actual) {
    for (int i = 0; i < expected.size(); i++) {
      HostData a = expected.get(i);
      HostData b = actual.get(i);
      // Elements are looked at only where bytes differ: if both are NaN they may, since which of
      // the many NaN an operation gives is not promised.
      if (a.segment().mismatch(b.segment()) < 0) {
        continue;
      }
      for (long j = 0; j < a.elements(); j++) {
        boolean same =
            a.dtype().isFloating()
                ? Double.compare(a.getDouble(j), b.getDouble(j)) == 0
                : a.getLong(j) == b.getLong(j);
        if (!same) {
          return Optional.of(new Difference(i, j, b.getDouble(j), a.getDouble(j)));
        }
      }
    }
    return Optional.empty();
  }
}
