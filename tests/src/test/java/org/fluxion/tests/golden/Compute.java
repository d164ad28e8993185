package org.fluxion.tests.golden;

import java.util.List;
import java.util.function.UnaryOperator;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/** Runs a function of tensors as a program on a device. */
record Compute(Device device) {
  /** Any number of tensors. */
  private record Tensors(List<Tensor> leaves) implements Tree<Tensors> {
    @Override
    public Tensors withLeaves(List<Tensor> other) {
      return new Tensors(List.copyOf(other));
    }
  }

  List<Tensor> run(UnaryOperator<List<Tensor>> function, List<Tensor> inputs) {
    Tensors none = new Tensors(List.of());
    Tensors given = new Tensors(inputs);
    try (Run<Tensors, Tensors, Tensors> run =
        Program.compile(
                (Tensors state, Tensors batch) ->
                    new Step<>(state, new Tensors(function.apply(batch.leaves()))),
                none,
                given,
                device)
            .start(none)) {
      return run.step(given).leaves();
    }
  }
}
