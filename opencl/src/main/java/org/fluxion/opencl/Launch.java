package org.fluxion.opencl;

import java.util.List;
import org.fluxion.tensor.plan.Buffer;

/**
 * A kernel to enqueue: its program's text, the memory that it works on, and the numbers that the
 * text leaves open. Its arguments are the buffers, then scratch memory if it needs any, then {@link
 * #NUMBERS}: as {@code s} where each buffer begins, in elements, and the numbers; and the number of
 * the first work-group, since a launch may be cut into pieces.
 *
 * @param name the kernel's name in its source
 * @param source the program's text
 * @param buffers the buffers that are its first arguments
 * @param scratchBytes the scratch memory that it needs; 0 for no such argument
 * @param numbers what follows the buffers' beginnings
 * @param groups how many work-groups
 * @param lanes the work-items of each
 */
record Launch(
    String name,
    String source,
    List<Buffer> buffers,
    long scratchBytes,
    List<Long> numbers,
    long groups,
    int lanes) {
  /** The last arguments of every kernel. */
  static final String NUMBERS = "constant long *s, const long first_group";

  /** The number of a work-group, in a kernel's text. */
  static final String GROUP = "first_group + get_group_id(0)";

  Launch {
    buffers = List.copyOf(buffers);
    numbers = List.copyOf(numbers);
  }
}
