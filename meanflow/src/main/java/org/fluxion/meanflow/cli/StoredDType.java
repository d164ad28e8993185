package org.fluxion.meanflow.cli;

import java.util.Locale;
import org.fluxion.tensor.DType;

/** The dtypes that weights are stored in. */
enum StoredDType {
  FLOAT32(DType.FLOAT32),
  FLOAT16(DType.FLOAT16);

  private final DType dtype;

  StoredDType(DType dtype) {
    this.dtype = dtype;
  }

  DType dtype() {
    return dtype;
  }

  /** As it is typed. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
