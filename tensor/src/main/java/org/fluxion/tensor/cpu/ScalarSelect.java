package org.fluxion.tensor.cpu;

/** Select for elements of any size: the bits of one or the other operand. */
final class ScalarSelect {
  private ScalarSelect() {}

  static BlockFunction of(int bytes, int scalar) {
    long s = ScalarLoops.step(0, scalar);
    long t = (long) bytes * ScalarLoops.step(1, scalar);
    long u = (long) bytes * ScalarLoops.step(2, scalar);
    return switch (bytes) {
      case 1 ->
          (out, a, b, c, n) -> {
            for (int i = 0; i < n; i++) {
              Memory.putByte(
                  out + i, Memory.getByte(Memory.getBoolean(a + s * i) ? b + t * i : c + u * i));
            }
          };
      case 2 ->
          (out, a, b, c, n) -> {
            for (int i = 0; i < n; i++) {
              Memory.putShort(
                  out + 2L * i,
                  Memory.getShort(Memory.getBoolean(a + s * i) ? b + t * i : c + u * i));
            }
          };
      case 4 ->
          (out, a, b, c, n) -> {
            for (int i = 0; i < n; i++) {
              Memory.putInt(
                  out + 4L * i,
                  Memory.getInt(Memory.getBoolean(a + s * i) ? b + t * i : c + u * i));
            }
          };
      case 8 ->
          (out, a, b, c, n) -> {
            for (int i = 0; i < n; i++) {
              Memory.putLong(
                  out + 8L * i,
                  Memory.getLong(Memory.getBoolean(a + s * i) ? b + t * i : c + u * i));
            }
          };
      default ->
          throw new IllegalArgumentException(
              "select: expected elements of 1, 2, 4 or 8 bytes, got " + bytes);
    };
  }
}
