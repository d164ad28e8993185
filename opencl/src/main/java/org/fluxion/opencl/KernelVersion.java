package org.fluxion.opencl;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * Which generator of products this is: a hash of what it makes of some, so that nobody need
 * remember to count versions. What was measured of other kernels is worth nothing.
 */
final class KernelVersion {
  private static final int LETTERS = 16;

  /** This one. */
  static final String CURRENT = hash(examples());

  private KernelVersion() {}

  /** Launches of both families, of operands in every order. */
  private static List<Launch> examples() {
    List<Launch> launches = new ArrayList<>();
    for (boolean left : new boolean[] {false, true}) {
      for (boolean right : new boolean[] {false, true}) {
        Kernel.MatmulKernel product = product(left, right);
        launches.addAll(
            MatmulSource.of(
                product, new Family(1, 8, 64), new MatmulTile(6, 16, 8, 512, 1, 8, 1, 2)));
        for (int buffers = 1; buffers <= 2; buffers++) {
          launches.addAll(
              MatmulSource.of(
                  product, new Family(64, 1, 64), new MatmulTile(8, 8, 4, 8, 16, 16, buffers, 1)));
        }
      }
    }
    return launches;
  }

  private static Kernel.MatmulKernel product(boolean left, boolean right) {
    int m = 100;
    int n = 200;
    int k = 1000;
    return new Kernel.MatmulKernel(
        "example",
        List.of(),
        m,
        n,
        k,
        operand(0, m, k, left),
        operand(1, k, n, right),
        operand(2, m, n, false));
  }

  private static Access operand(int id, int rows, int columns, boolean transposed) {
    Buffer buffer =
        new Buffer(id, DType.FLOAT32, Shape.of(rows, columns), Buffer.Kind.INPUT, "x" + id);
    long[] strides = transposed ? new long[] {1, rows} : new long[] {columns, 1};
    return new Access(buffer, 0, strides, List.of());
  }

  private static String hash(List<Launch> launches) {
    MessageDigest digest = Sha256.digest();
    for (Launch launch : launches) {
      String all = launch.source() + launch.numbers() + launch.groups() + "," + launch.lanes();
      digest.update(all.getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(digest.digest()).substring(0, LETTERS);
  }
}
