package org.fluxion.meanflow.device;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;

/**
 * A device as small cards are: it has no float64, and memory of its own. What it can do, the
 * processor does for it.
 *
 * @param bytes its memory
 */
public record SmallCard(long bytes) implements Device {
  private static final Device PROCESSOR = Device.cpu(1);

  /** With more memory than any test takes. */
  public SmallCard() {
    this(1L << 40);
  }

  @Override
  public String name() {
    return "small";
  }

  @Override
  public OptionalLong memoryBytes() {
    return OptionalLong.of(bytes);
  }

  @Override
  public Executable prepare(Plan plan) {
    List<DType> dtypes = new ArrayList<>();
    plan.graph().inputs().forEach(node -> dtypes.add(node.dtype()));
    plan.graph().nodes().forEach(node -> dtypes.add(node.dtype()));
    for (Kernel kernel : plan.kernels()) {
      kernel.reads().stream().map(Buffer::dtype).forEach(dtypes::add);
      kernel.writes().stream().map(Buffer::dtype).forEach(dtypes::add);
      if (kernel instanceof Kernel.LoopKernel loops) {
        loops.body().forEach(instruction -> dtypes.add(instruction.dtype()));
      }
    }
    if (dtypes.contains(DType.FLOAT64)) {
      throw new TensorException("small: the program has a float64 node");
    }
    return PROCESSOR.prepare(plan);
  }
}
