package org.fluxion.meanflow.sample;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * The network as compiled programs, one for each batch size that was asked for. They compute in the
 * network's dtype alone, and float64 is the host's: a device need not have it.
 */
final class VelocityField implements AutoCloseable {
  /** Where, and between which times, the velocity is asked for. */
  private record Query(Tensor x, Tensor t, Tensor r, Tensor labels) implements Tree<Query> {
    @Override
    public List<Tensor> leaves() {
      return List.of(x, t, r, labels);
    }

    @Override
    public Query withLeaves(List<Tensor> leaves) {
      return new Query(leaves.get(0), leaves.get(1), leaves.get(2), leaves.get(3));
    }
  }

  /** The velocity, and where it is guided, that of no class. */
  private record Velocities(List<Tensor> leaves) implements Tree<Velocities> {
    @Override
    public Velocities withLeaves(List<Tensor> others) {
      return new Velocities(others);
    }
  }

  private final Sampler sampler;
  private final boolean guided;
  private final DType dtype;
  private final Map<Integer, Run<Parameters, Query, Velocities>> runs = new HashMap<>();

  VelocityField(Sampler sampler, boolean guided) {
    this.sampler = sampler;
    this.guided = guided;
    this.dtype = sampler.parameters().get("x_embedder.proj.weight").dtype();
  }

  double[] at(double[] x, double t, double r, long[] labels) {
    int batch = labels.length;
    Query query =
        new Query(
            narrowed(x, sampler.transformer().images(batch)),
            Tensor.scalar(t, dtype),
            Tensor.scalar(r, dtype),
            Tensor.of(labels, batch));
    Velocities found = runs.computeIfAbsent(batch, b -> compile(query)).step(query);
    double[] velocity = found.leaves().getFirst().toDoubleArray();
    if (guided) {
      // In float64, so that strong guidance does not amplify the rounding of a sum.
      double[] base = found.leaves().getLast().toDoubleArray();
      for (int i = 0; i < velocity.length; i++) {
        velocity[i] = base[i] + (velocity[i] - base[i]) * sampler.guidance();
      }
    }
    return velocity;
  }

  /** Rounded to what the network computes in. */
  private Tensor narrowed(double[] x, Shape shape) {
    if (dtype == DType.FLOAT64) {
      return Tensor.of(x, shape.extents());
    }
    float[] rounded = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      rounded[i] = (float) x[i];
    }
    return Tensor.of(rounded, shape.extents());
  }

  private Run<Parameters, Query, Velocities> compile(Query example) {
    Program<Parameters, Query, Velocities> program =
        Program.compile(
            (parameters, query) -> new Step<>(parameters, velocities(parameters, query)),
            sampler.parameters(),
            example,
            sampler.device());
    return program.start(sampler.parameters());
  }

  private Velocities velocities(Parameters parameters, Query query) {
    DiffusionTransformer transformer = sampler.transformer();
    Shape batch = query.labels().shape();
    Tensor t = query.t().broadcastTo(batch);
    Tensor r = query.r().broadcastTo(batch);
    Tensor with = transformer.apply(parameters, query.x(), t, r, query.labels());
    if (!guided) {
      return new Velocities(List.of(with));
    }
    Tensor noClass =
        Tensor.scalar(transformer.classes(), query.labels().dtype()).broadcastTo(batch);
    Tensor without = transformer.apply(parameters, query.x(), t, r, noClass);
    return new Velocities(List.of(with, without));
  }

  @Override
  public void close() {
    runs.values().forEach(Run::close);
    runs.clear();
  }
}
