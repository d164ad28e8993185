package org.fluxion.nn.io;

import java.util.Map;
import java.util.Optional;
import org.fluxion.tensor.DType;

/** The format's names of element types. */
final class ElementTypes {
  private static final Map<String, DType> READABLE =
      Map.of(
          "F64", DType.FLOAT64,
          "F32", DType.FLOAT32,
          "F16", DType.FLOAT16,
          "BF16", DType.BFLOAT16,
          "I64", DType.INT64,
          "I32", DType.INT32,
          "BOOL", DType.BOOL);

  /** Bytes of the types that are listed but have no dtype here. */
  private static final Map<String, Integer> LISTED =
      Map.of(
          "U8", 1, "I8", 1, "F8_E4M3", 1, "F8_E5M2", 1, "F8_E8M0", 1, "U16", 2, "I16", 2, "U32", 4,
          "U64", 8, "C64", 8);

  private ElementTypes() {}

  static Optional<DType> dtype(String type) {
    return Optional.ofNullable(READABLE.get(type));
  }

  /** The bytes of one element, empty for a type nobody here knows. */
  static Optional<Integer> bytes(String type) {
    return dtype(type).map(DType::bytes).or(() -> Optional.ofNullable(LISTED.get(type)));
  }

  static String name(DType dtype) {
    return switch (dtype) {
      case FLOAT64 -> "F64";
      case FLOAT32 -> "F32";
      case FLOAT16 -> "F16";
      case BFLOAT16 -> "BF16";
      case INT64 -> "I64";
      case INT32 -> "I32";
      case BOOL -> "BOOL";
    };
  }
}
