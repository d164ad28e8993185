package org.fluxion.opencl;

import org.fluxion.tensor.DType;

/**
 * Dtypes in OpenCL C: how they lie in memory, and what kernels compute with. A bool is a byte of 0
 * or 1; float16 and bfloat16 only store values, which kernels hold as floats.
 */
final class Types {
  /** What every program begins with: reading and writing of 16-bit floats, and rounding to them. */
  static final String PRELUDE =
      """
      inline float half_load(const global ushort *p, long i) {
        return vload_half(i, (const global half *) p);
      }
      inline void half_store(global ushort *p, long i, float x) {
        vstore_half_rte(x, i, (global half *) p);
      }
      inline float bfloat_load(const global ushort *p, long i) {
        return as_float((uint) p[i] << 16);
      }
      inline uint bfloat_bits(float x) {
        const uint u = as_uint(x);
        return isnan(x) ? (u >> 16) | 64u : (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
      }
      inline void bfloat_store(global ushort *p, long i, float x) {
        p[i] = (ushort) bfloat_bits(x);
      }
      inline float bfloat_round(float x) {
        return as_float(bfloat_bits(x) << 16);
      }
      inline float half_round(float x) {
        const float a = fabs(x);
        // Units of 2^-24 below the smallest normal half, 11 bits above it.
        const float unit = a < 0x1p-14f ? 0x1p-24f : as_float((as_uint(a) & 0x7f800000u) - (10u << 23));
        const float r = rint(a / unit) * unit;
        return isnan(x) ? x : copysign(r >= 65520.0f ? INFINITY : r, x);
      }
      """;

  /** The same with doubles, which a device may lack. */
  static final String DOUBLES = "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n";

  private Types() {}

  /** The type of an element in memory. */
  static String stored(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> "float";
      case FLOAT64 -> "double";
      case INT32 -> "int";
      case INT64 -> "long";
      case BOOL -> "uchar";
      case FLOAT16, BFLOAT16 -> "ushort";
    };
  }

  /** The type of a value in a kernel. */
  static String value(DType dtype) {
    return dtype.isStorageOnly() ? "float" : stored(dtype);
  }

  /**
   * The type of several values.
   *
   * @param dtype their dtype
   * @param width how many; 1 for a scalar
   */
  static String value(DType dtype, int width) {
    return value(dtype) + (width == 1 ? "" : width);
  }

  /**
   * Declares the type of memory that holds a vector wherever it lies, for {@link #storeAnywhere}.
   *
   * @param vector the vector's type
   */
  static String anywhere(String vector) {
    return Text.of("typedef struct __attribute__((packed)) { %s of; } anywhere;\n", vector);
  }

  /**
   * The statement that stores a vector in one piece. Of one that is aligned as its elements are,
   * PoCL's vstore makes four stores, of which what is read next has to wait for all.
   *
   * @param space the pointer's address space
   * @param pointer where to
   * @param vector what is stored, of the declared type
   */
  static String storeAnywhere(String space, String pointer, String vector) {
    return Text.of("((%s anywhere *) (%s))->of = %s;", space, pointer, vector);
  }

  /** The signed integer of a value's size, which vector comparisons and selections speak. */
  static String mask(DType dtype, int width) {
    String scalar =
        switch (dtype) {
          case FLOAT32, INT32, FLOAT16, BFLOAT16 -> "int";
          case FLOAT64, INT64 -> "long";
          case BOOL -> "char";
        };
    return scalar + (width == 1 ? "" : width);
  }

  /** One element of memory as a value. */
  static String load(DType dtype, String pointer, String index) {
    return switch (dtype) {
      case FLOAT16 -> Text.of("half_load(%s, %s)", pointer, index);
      case BFLOAT16 -> Text.of("bfloat_load(%s, %s)", pointer, index);
      default -> Text.of("%s[%s]", pointer, index);
    };
  }

  /** The statement that writes a value to one element of memory. */
  static String store(DType dtype, String pointer, String index, String value) {
    return switch (dtype) {
      case FLOAT16 -> Text.of("half_store(%s, %s, %s);", pointer, index, value);
      case BFLOAT16 -> Text.of("bfloat_store(%s, %s, %s);", pointer, index, value);
      default -> Text.of("%s[%s] = %s;", pointer, index, value);
    };
  }

  /**
   * Neighbouring elements of memory as a vector.
   *
   * @param width how many, from 2 to 16
   */
  static String load(DType dtype, int width, String pointer) {
    return switch (dtype) {
      case FLOAT16 -> Text.of("vload_half%d(0, (const global half *) (%s))", width, pointer);
      case BFLOAT16 ->
          Text.of("as_float%1$d(convert_uint%1$d(vload%1$d(0, %2$s)) << 16)", width, pointer);
      default -> Text.of("vload%d(0, %s)", width, pointer);
    };
  }

  /** The statement that writes a vector to neighbouring elements of memory. */
  static String store(DType dtype, int width, String pointer, String value) {
    return switch (dtype) {
      case FLOAT16 ->
          Text.of("vstore_half%d_rte(%s, 0, (global half *) (%s));", width, value, pointer);
      // What is held of this dtype is rounded to it already.
      case BFLOAT16 ->
          Text.of(
              "vstore%1$d(convert_ushort%1$d(as_uint%1$d(%2$s) >> 16), 0, %3$s);",
              width, value, pointer);
      default -> Text.of("vstore%d(%s, 0, %s);", width, value, pointer);
    };
  }
}
