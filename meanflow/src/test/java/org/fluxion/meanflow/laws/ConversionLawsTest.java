package org.fluxion.meanflow.laws;

import static org.fluxion.autodiff.Autodiff.jvp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.fluxion.meanflow.model.FlowMap;
import org.fluxion.meanflow.model.FlowModel;
import org.fluxion.meanflow.model.FlowPoint;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Tensor;

/**
 * A flow model converts to a flow map that is the flow model where r = t. Both then do the same
 * operations on the same numbers, so that nothing may differ, not even by rounding.
 */
class ConversionLawsTest {
  private static final String SEED = "2510244743";
  private static final Tensor LABELS = Tensor.tensor(1, RandomTransformer.CLASSES);

  private static double[] values(Tensor tensor) {
    return ReferenceInterpreter.evaluate(List.of(tensor), Map.of()).getFirst().toDoubles();
  }

  /** Conversion changes no output at r = t, to the last bit, and no weight. */
  @Property(tries = 8, seed = SEED)
  void conversionChangesNoOutputOnTheDiagonal(
      @ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @IntRange(min = 0, max = RandomTransformer.DEPTH) int before,
      @ForAll @IntRange(min = 0, max = RandomTransformer.DEPTH) int after,
      @ForAll boolean queryKeyNorm) {
    RandomTransformer random = RandomTransformer.of(seed, before, queryKeyNorm);
    FlowModel flow = new FlowModel(random.transformer(), random.parameters());
    FlowMap map = FlowMap.convert(flow, after);
    assertSame(flow.parameters(), map.parameters());
    // r is another tensor of the same numbers, so that it takes r's way through the network.
    assertArrayEquals(
        values(flow.velocity(random.noise(0), random.times(0), LABELS)),
        values(map.averageVelocity(random.noise(0), random.times(0), random.times(0), LABELS)));
  }

  /**
   * Nor does it change how the output varies along the diagonal: the map's derivative along (v, 1,
   * 1) is the flow's along (v, 1).
   */
  @Property(tries = 8, seed = SEED)
  void conversionChangesNoDerivativeAlongTheDiagonal(
      @ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @IntRange(min = 0, max = RandomTransformer.DEPTH) int depth,
      @ForAll boolean queryKeyNorm) {
    RandomTransformer random = RandomTransformer.of(seed, 0, queryKeyNorm);
    FlowModel flow = new FlowModel(random.transformer(), random.parameters());
    FlowMap map = FlowMap.convert(flow, depth);
    FlowPoint here = new FlowPoint(random.noise(0), random.times(0), random.times(0));
    FlowPoint along = new FlowPoint(random.noise(1), here.t().onesLike(), here.r().onesLike());
    assertArrayEquals(
        values(jvp((FlowPoint p) -> flow.velocity(p.x(), p.t(), LABELS), here, along).tangent()),
        values(
            jvp((FlowPoint p) -> map.averageVelocity(p.x(), p.t(), p.r(), LABELS), here, along)
                .tangent()));
  }

  /**
   * Off the diagonal the map hears r, and with every block in the encoder still by its last layer.
   */
  @Property(tries = 8, seed = SEED)
  void offTheDiagonalTheMapHearsWhereItGoes(
      @ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @IntRange(min = 0, max = RandomTransformer.DEPTH) int depth) {
    RandomTransformer random = RandomTransformer.of(seed, depth, false);
    FlowMap map = new FlowMap(random.transformer(), random.parameters());
    assertFalse(
        Arrays.equals(
            values(map.averageVelocity(random.noise(0), random.times(0), random.times(0), LABELS)),
            values(
                map.averageVelocity(random.noise(0), random.times(0), random.times(1), LABELS))));
  }
}
