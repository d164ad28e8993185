package org.fluxion.tensor.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;

/** Native memory for tests: values in and out by way of host data. */
final class Blocks {
  private static final double[] SPECIALS = {
    0.0,
    -0.0,
    1,
    -1,
    0.5,
    -0.5,
    1.5,
    -2.5,
    2,
    3,
    7,
    -7,
    100,
    -100,
    1e-3,
    -1e-3,
    1e-8,
    -1e-8,
    1e-20,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    1e10,
    -1e10,
    0x1p23 + 1,
    -0x1p22 - 0.5,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN
  };

  private Blocks() {}

  /** Copies data to native memory. */
  static long put(Arena arena, HostData data) {
    MemorySegment block = arena.allocate(Math.max(1, data.segment().byteSize()), 64);
    block.copyFrom(data.segment());
    return block.address();
  }

  /** Room for elements, with bytes around it that {@link #get} finds unchanged. */
  static long allocate(Arena arena, DType dtype, int n) {
    long bytes = (long) dtype.bytes() * n;
    MemorySegment block = arena.allocate(bytes + 128, 64);
    block.fill((byte) 0x5A);
    return block.address() + 64;
  }

  /** Reads elements back, and checks that nothing was written around them. */
  static HostData get(long address, DType dtype, int n) {
    long bytes = (long) dtype.bytes() * n;
    for (int i = 0; i < 64; i++) {
      if (Memory.getByte(address - 1 - i) != 0x5A || Memory.getByte(address + bytes + i) != 0x5A) {
        throw new AssertionError("written outside a block of %d %s".formatted(n, dtype));
      }
    }
    HostData data = HostData.allocate(dtype, n);
    MemorySegment.copy(Memory.ALL, address, data.segment(), 0, bytes);
    return data;
  }

  /** Values of many magnitudes, special ones among them, rounded to the dtype. */
  static HostData values(DType dtype, int n, long seed) {
    Random random = new Random(seed);
    HostData data = HostData.allocate(dtype, n);
    for (int i = 0; i < n; i++) {
      if (dtype == DType.BOOL) {
        data.setLong(i, random.nextInt(2));
      } else if (dtype.isInteger()) {
        // Small ones often, so that equal pairs and zeros occur; others of every width, since
        // doubles and floats hold only the narrower ones.
        long value =
            random.nextInt(3) == 0
                ? random.nextInt(7) - 3
                : random.nextLong() >> random.nextInt(Long.SIZE);
        data.setLong(i, value);
      } else {
        double value =
            switch (random.nextInt(3)) {
              case 0 -> SPECIALS[random.nextInt(SPECIALS.length)];
              case 1 -> random.nextGaussian() * 3;
              default -> random.nextGaussian() * Math.exp(random.nextGaussian() * 20);
            };
        data.setDouble(i, value);
      }
    }
    return data;
  }
}
