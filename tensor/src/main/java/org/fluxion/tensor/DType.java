package org.fluxion.tensor;

/**
 * The type of a tensor's elements. There is no implicit promotion: operands of an operation have
 * the same type, and {@link Tensor#cast} is how it changes.
 */
public enum DType {
  /** IEEE 754 binary32, the type that models are trained in. */
  FLOAT32(4, Kind.FLOATING),
  /** IEEE 754 binary64, the type that derivatives are checked in. */
  FLOAT64(8, Kind.FLOATING),
  /** 32-bit two's complement integers: indices, labels and random bits. */
  INT32(4, Kind.INTEGER),
  /** 64-bit two's complement integers. */
  INT64(8, Kind.INTEGER),
  /** Truth values, one byte each, 0 or 1. */
  BOOL(1, Kind.BOOLEAN),
  /** IEEE 754 binary16: storage only, legal in casts and movement. */
  FLOAT16(2, Kind.FLOATING),
  /** The upper half of a binary32: storage only, legal in casts and movement. */
  BFLOAT16(2, Kind.FLOATING);

  private enum Kind {
    FLOATING,
    INTEGER,
    BOOLEAN
  }

  private final int bytes;
  private final Kind kind;

  DType(int bytes, Kind kind) {
    this.bytes = bytes;
    this.kind = kind;
  }

  /**
   * The size of one element.
   *
   * @return bytes per element
   */
  public int bytes() {
    return bytes;
  }

  /**
   * Whether values of this type have derivatives.
   *
   * @return true for the four floating point types
   */
  public boolean isFloating() {
    return kind == Kind.FLOATING;
  }

  /**
   * Whether this is an integer type.
   *
   * @return true for {@link #INT32} and {@link #INT64}
   */
  public boolean isInteger() {
    return kind == Kind.INTEGER;
  }

  /**
   * Whether the type only stores values: arithmetic needs a cast to {@link #FLOAT32} first.
   *
   * @return true for {@link #FLOAT16} and {@link #BFLOAT16}
   */
  public boolean isStorageOnly() {
    return this == FLOAT16 || this == BFLOAT16;
  }

  /**
   * The type's name as it is printed.
   *
   * @return the name in lower case, such as {@code float32}
   */
  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
