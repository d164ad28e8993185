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

/** The network as compiled programs, one for each batch size that was asked for. */
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

  private final Sampler sampler;
  private final boolean guided;
  private final Map<Integer, Run<Parameters, Query, Tensor>> runs = new HashMap<>();

  VelocityField(Sampler sampler, boolean guided) {
    this.sampler = sampler;
    this.guided = guided;
  }

  double[] at(double[] x, double t, double r, long[] labels) {
    int batch = labels.length;
    Query query =
        new Query(
            Tensor.of(x, sampler.transformer().images(batch).extents()),
            Tensor.scalar(t, DType.FLOAT64),
            Tensor.scalar(r, DType.FLOAT64),
            Tensor.of(labels, batch));
    return runs.computeIfAbsent(batch, b -> compile(query)).step(query).toDoubleArray();
  }

  private Run<Parameters, Query, Tensor> compile(Query example) {
    Program<Parameters, Query, Tensor> program =
        Program.compile(
            (parameters, query) -> new Step<>(parameters, velocity(parameters, query)),
            sampler.parameters(),
            example,
            sampler.device());
    return program.start(sampler.parameters());
  }

  private Tensor velocity(Parameters parameters, Query query) {
    DiffusionTransformer transformer = sampler.transformer();
    DType dtype = parameters.get("x_embedder.proj.weight").dtype();
    Shape batch = query.labels().shape();
    Tensor x = query.x().cast(dtype);
    Tensor t = query.t().cast(dtype).broadcastTo(batch);
    Tensor r = query.r().cast(dtype).broadcastTo(batch);
    Tensor with = transformer.apply(parameters, x, t, r, query.labels());
    if (!guided) {
      return with.cast(DType.FLOAT64);
    }
    Tensor noClass =
        Tensor.scalar(transformer.classes(), query.labels().dtype()).broadcastTo(batch);
    Tensor without = transformer.apply(parameters, x, t, r, noClass);
    // In float64, so that strong guidance does not amplify the rounding of a sum.
    Tensor base = without.cast(DType.FLOAT64);
    return base.add(with.cast(DType.FLOAT64).sub(base).mul(sampler.guidance()));
  }

  @Override
  public void close() {
    runs.values().forEach(Run::close);
    runs.clear();
  }
}
