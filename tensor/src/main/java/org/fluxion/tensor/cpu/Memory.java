package org.fluxion.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Native memory by raw address: one segment that covers everything is a constant to the JIT, and
 * that is faster than segments as arguments. Nothing is checked; whoever computes an address
 * answers for it.
 */
final class Memory {
  /** All of memory. */
  static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /** The order of the bytes in every element. */
  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final ValueLayout.OfLong LITTLE_ENDIAN_LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Memory() {}

  static float getFloat(long address) {
    return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
  }

  static void putFloat(long address, float value) {
    ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
  }

  static double getDouble(long address) {
    return ALL.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, address);
  }

  static void putDouble(long address, double value) {
    ALL.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, address, value);
  }

  static int getInt(long address) {
    return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
  }

  static void putInt(long address, int value) {
    ALL.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
  }

  static long getLong(long address) {
    return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
  }

  static void putLong(long address, long value) {
    ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value);
  }

  static short getShort(long address) {
    return ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, address);
  }

  static void putShort(long address, short value) {
    ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, address, value);
  }

  static byte getByte(long address) {
    return ALL.get(ValueLayout.JAVA_BYTE, address);
  }

  static void putByte(long address, byte value) {
    ALL.set(ValueLayout.JAVA_BYTE, address, value);
  }

  static boolean getBoolean(long address) {
    return getByte(address) != 0;
  }

  static void putBoolean(long address, boolean value) {
    putByte(address, (byte) (value ? 1 : 0));
  }

  /** Eight bytes, the first of them lowest. */
  static long getBytes(long address) {
    return ALL.get(LITTLE_ENDIAN_LONG, address);
  }

  /** Eight bytes, the lowest of them first. */
  static void putBytes(long address, long value) {
    ALL.set(LITTLE_ENDIAN_LONG, address, value);
  }

  /** Copies bytes between ranges that may overlap. */
  static void copy(long out, long in, long bytes) {
    MemorySegment.copy(ALL, in, ALL, out, bytes);
  }
}
