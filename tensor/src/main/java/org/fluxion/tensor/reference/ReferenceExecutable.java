package org.fluxion.tensor.reference;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;

/**
 * A plan's graph, interpreted at each run. Within a run floating point is computed in doubles;
 * inputs and outputs have their own dtypes, as on every backend.
 */
final class ReferenceExecutable implements Executable {
  private final Plan plan;
  private final List<HostData> inputs;
  private List<HostData> outputs;
  private long runs;
  private boolean closed;

  ReferenceExecutable(Plan plan) {
    this.plan = plan;
    this.inputs = new ArrayList<>(zeros(plan.graph().inputs()));
    this.outputs = zeros(plan.graph().outputs());
  }

  private static List<HostData> zeros(List<Tensor> like) {
    return like.stream().map(t -> HostData.allocate(t.dtype(), t.shape().elements())).toList();
  }

  private static void copy(HostData from, HostData to) {
    MemorySegment.copy(from.segment(), 0, to.segment(), 0, to.segment().byteSize());
  }

  @Override
  public Plan plan() {
    return plan;
  }

  @Override
  public long bytes() {
    long bytes = 0;
    for (HostData data : inputs) {
      bytes += data.segment().byteSize();
    }
    for (HostData data : outputs) {
      bytes += data.segment().byteSize();
    }
    return bytes;
  }

  @Override
  public void write(int input, HostData data) {
    check();
    HostData copy = HostData.allocate(data.dtype(), data.elements());
    copy(data, copy);
    inputs.set(input, copy);
  }

  @Override
  public void run() {
    check();
    Map<Tensor, HostData> bindings = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      bindings.put(plan.graph().inputs().get(i), inputs.get(i));
    }
    outputs = ReferenceInterpreter.evaluate(plan.graph().outputs(), bindings);
    runs++;
  }

  @Override
  public void read(int output, HostData data) {
    check();
    copy(outputs.get(output), data);
  }

  @Override
  public void readInput(int input, HostData data) {
    check();
    copy(inputs.get(input), data);
  }

  @Override
  public void carry() {
    check();
    // Outputs are never written again, so that an input may just be one of them.
    for (int output = 0; output < outputs.size(); output++) {
      int input = plan.carries().get(output);
      if (input >= 0) {
        inputs.set(input, outputs.get(output));
      }
    }
  }

  /** Not measured: the interpreter knows operations, not the plan's kernels. */
  @Override
  public Optional<long[]> nanos() {
    return Optional.empty();
  }

  @Override
  public long runs() {
    return runs;
  }

  private void check() {
    if (closed) {
      throw new IllegalStateException("the run is closed; start another from its program");
    }
  }

  @Override
  public void close() {
    closed = true;
    inputs.clear();
    outputs = List.of();
  }
}
