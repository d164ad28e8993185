package org.fluxion.tensor.cpu;

import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Vector masks as bytes 0 and 1 in memory, by way of bits in a long: no wider store is needed. */
final class Masks {
  private static final long EACH_BYTE = 0x0101010101010101L;
  private static final long BIT_OF_BYTE = 0x8040201008040201L;
  private static final long CARRY = 0x7F7F7F7F7F7F7F7FL;
  private static final long GATHER = 0x0102040810204080L;

  private Masks() {}

  /** Stores a mask's lanes as bytes. */
  static void store(long out, VectorMask<?> mask) {
    long bits = mask.toLong();
    switch (mask.length()) {
      case 16 -> {
        Memory.putBytes(out, spread(bits & 0xFF));
        Memory.putBytes(out + 8, spread(bits >>> 8));
      }
      case 8 -> Memory.putBytes(out, spread(bits));
      default -> {
        for (int lane = 0; lane < mask.length(); lane++) {
          Memory.putByte(out + lane, (byte) (bits >>> lane & 1));
        }
      }
    }
  }

  /** A mask from bytes. */
  static <E> VectorMask<E> load(VectorSpecies<E> species, long address) {
    long bits =
        switch (species.length()) {
          case 16 -> gather(Memory.getBytes(address)) | gather(Memory.getBytes(address + 8)) << 8;
          case 8 -> gather(Memory.getBytes(address));
          default -> {
            long gathered = 0;
            for (int lane = 0; lane < species.length(); lane++) {
              gathered |= (long) Memory.getByte(address + lane) << lane;
            }
            yield gathered;
          }
        };
    return VectorMask.fromLong(species, bits);
  }

  /**
   * Bit i of eight becomes byte i: each byte keeps its own bit, and adding carries it to the top.
   */
  static long spread(long bits) {
    return (((bits * EACH_BYTE) & BIT_OF_BYTE) + CARRY) >>> 7 & EACH_BYTE;
  }

  /** Byte i of eight, 0 or 1, becomes bit i: the product brings each to its place in the top. */
  static long gather(long bytes) {
    return bytes * GATHER >>> 56;
  }
}
