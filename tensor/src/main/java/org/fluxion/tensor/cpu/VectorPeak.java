package org.fluxion.tensor.cpu;

import jdk.incubator.vector.FloatVector;

/** Multiply-adds in vector registers; loaded only where the Vector API is there. */
final class VectorPeak {
  private static final int CHAINS = 10;

  /** Operations of each step. */
  static final double FLOPS = 2.0 * CHAINS * Species.FLOAT.length();

  private VectorPeak() {}

  /**
   * Ten independent chains hide the latency of the instruction; with two constants they fit in 16
   * registers.
   */
  static float chains(int steps, float factor) {
    FloatVector f = FloatVector.broadcast(Species.FLOAT, factor);
    FloatVector g = FloatVector.broadcast(Species.FLOAT, 1 - factor);
    FloatVector a = f;
    FloatVector b = f;
    FloatVector c = f;
    FloatVector d = f;
    FloatVector e = f;
    FloatVector h = f;
    FloatVector i = f;
    FloatVector j = f;
    FloatVector k = f;
    FloatVector l = f;
    for (int step = 0; step < steps; step++) {
      a = a.fma(f, g);
      b = b.fma(f, g);
      c = c.fma(f, g);
      d = d.fma(f, g);
      e = e.fma(f, g);
      h = h.fma(f, g);
      i = i.fma(f, g);
      j = j.fma(f, g);
      k = k.fma(f, g);
      l = l.fma(f, g);
    }
    return a.add(b).add(c).add(d).add(e).add(h).add(i).add(j).add(k).add(l).lane(0);
  }
}
