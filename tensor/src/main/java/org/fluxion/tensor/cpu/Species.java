package org.fluxion.tensor.cpu;

import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The vector shapes of {@link Width}; static and final, since the JIT needs constants. */
final class Species {
  private static final VectorShape SHAPE =
      Width.BITS == 0 ? VectorShape.preferredShape() : VectorShape.forBitSize(Width.BITS);

  static final VectorSpecies<Float> FLOAT = SHAPE.withLanes(float.class);
  static final VectorSpecies<Integer> INT = SHAPE.withLanes(int.class);
  static final VectorSpecies<Double> DOUBLE = SHAPE.withLanes(double.class);
  static final VectorSpecies<Long> LONG = SHAPE.withLanes(long.class);

  private Species() {}
}
