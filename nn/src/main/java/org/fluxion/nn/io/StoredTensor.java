package org.fluxion.nn.io;

import java.util.Optional;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Shape;

/**
 * What a safetensors file says of one tensor.
 *
 * @param type the element type as the file names it, such as {@code BF16}
 * @param dtype the same as a dtype; empty if there is none, and then the tensor cannot be read
 * @param shape its shape
 * @param offset its first byte, from the file's start
 * @param bytes its size
 */
public record StoredTensor(
    String type, Optional<DType> dtype, Shape shape, long offset, long bytes) {}
