package org.fluxion.tensor.conformance;

import java.util.List;
import java.util.Random;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;

/** The functions of one real number that the table of operations has, whichever they are. */
public final class ElementaryFunctions {
  private ElementaryFunctions() {}

  /** Those that processors have no instruction for: all that round but the square root. */
  public static List<Op> transcendentals() {
    return OpTable.rows().stream()
        .filter(row -> Op.Unary.class.isAssignableFrom(row.op()) && row.op() != Op.Sqrt.class)
        .filter(row -> row.traits().rounding() == OpTraits.Rounding.ONCE)
        .map(row -> row.draw(DType.FLOAT32, new Draw(new Random(1), Draw.Kind.MODERATE)).op())
        .toList();
  }
}
