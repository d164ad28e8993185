package org.fluxion.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Elements of one dtype in the host's memory, row-major and contiguous. Written once by whoever
 * makes it, then only read. Small ones live on the Java heap, large ones outside it.
 */
public final class HostData {
  private static final long OFF_HEAP_BYTES = 1 << 16;
  private static final long SHOWN = 8;
  private static final Cleaner CLEANER = Cleaner.create();

  private final DType dtype;
  private final long elements;
  private final MemorySegment segment;

  /** Brings the elements that a device still computes; null once they are here. */
  private volatile Consumer<MemorySegment> arriving;

  private HostData(DType dtype, long elements, MemorySegment segment) {
    this.dtype = dtype;
    this.elements = elements;
    this.segment = segment;
  }

  /**
   * Zeroed storage.
   *
   * @param dtype the element type
   * @param elements how many
   * @return the storage
   * @throws TensorException if the count is negative, or no memory can be that large
   */
  public static HostData allocate(DType dtype, long elements) {
    if (elements < 0) {
      throw new TensorException("tensor: %d elements; give 0 or more".formatted(elements));
    }
    if (elements > Long.MAX_VALUE / dtype.bytes()) {
      throw new TensorException(
          "tensor: %d elements of %s are more bytes than can be counted; give a smaller shape"
              .formatted(elements, dtype));
    }
    long bytes = elements * dtype.bytes();
    return new HostData(
        dtype, elements, bytes >= OFF_HEAP_BYTES ? offHeap(bytes) : onHeap((int) bytes));
  }

  /**
   * Float64 elements.
   *
   * @param numbers the elements, copied
   * @return their storage
   */
  public static HostData of(double... numbers) {
    HostData data = allocate(DType.FLOAT64, numbers.length);
    MemorySegment.copy(numbers, 0, data.segment, ValueLayout.JAVA_DOUBLE, 0, numbers.length);
    return data;
  }

  /**
   * Storage of which the elements are brought when they are first asked for, so that whoever passes
   * it on does not wait for the device that computes them.
   *
   * @param dtype the element type
   * @param elements how many
   * @param arriving waits for the elements and writes them to the memory that it is given; called
   *     once, by whichever thread asks first, or again if it throws
   * @return the storage
   */
  public static HostData arriving(DType dtype, long elements, Consumer<MemorySegment> arriving) {
    HostData data = allocate(dtype, elements);
    data.arriving = arriving;
    return data;
  }

  private static MemorySegment onHeap(int bytes) {
    // A long array keeps every element type aligned.
    MemorySegment longs = MemorySegment.ofArray(new long[(bytes + 7) / 8]);
    return bytes % 8 == 0 ? longs : longs.asSlice(0, bytes);
  }

  private static MemorySegment offHeap(long bytes) {
    MemorySegment segment = Arena.ofAuto().allocate(bytes, 64);
    HostMemory.valueAllocated(bytes);
    // Every slice refers to the scope, so it goes when the memory does.
    CLEANER.register(segment.scope(), () -> HostMemory.valueFreed(bytes));
    return segment;
  }

  /**
   * The element type.
   *
   * @return the dtype
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * The number of elements.
   *
   * @return the count
   */
  public long elements() {
    return elements;
  }

  /**
   * The bytes, in the machine's order.
   *
   * @return the memory, of elements × bytes per element
   * @throws TensorException if they were yet to come from a device, and it failed
   */
  public MemorySegment segment() {
    if (arriving != null) {
      arrive();
    }
    return segment;
  }

  /** Waits for the elements; if that fails, so does everyone who wants them. */
  private synchronized void arrive() {
    Consumer<MemorySegment> source = arriving;
    if (source != null) {
      source.accept(segment);
      arriving = null;
    }
  }

  /**
   * One element as a double.
   *
   * @param index from 0
   * @return its value; a bool is 0 or 1
   */
  public double getDouble(long index) {
    return switch (dtype) {
      case FLOAT32 -> segment().getAtIndex(ValueLayout.JAVA_FLOAT, index);
      case FLOAT64 -> segment().getAtIndex(ValueLayout.JAVA_DOUBLE, index);
      case FLOAT16 -> Float.float16ToFloat(segment().getAtIndex(ValueLayout.JAVA_SHORT, index));
      case BFLOAT16 ->
          Float.intBitsToFloat(segment().getAtIndex(ValueLayout.JAVA_SHORT, index) << 16);
      case INT32, INT64, BOOL -> getLong(index);
    };
  }

  /**
   * All elements as doubles.
   *
   * @return their values, in a new array
   * @throws ArithmeticException if there are more than an array holds
   */
  public double[] toDoubles() {
    double[] numbers = new double[Math.toIntExact(elements)];
    if (dtype == DType.FLOAT64) {
      MemorySegment.copy(segment(), ValueLayout.JAVA_DOUBLE, 0, numbers, 0, numbers.length);
    } else {
      Arrays.setAll(numbers, this::getDouble);
    }
    return numbers;
  }

  /**
   * One element as a long.
   *
   * @param index from 0
   * @return its value; floating point truncates, a bool is 0 or 1
   */
  public long getLong(long index) {
    return switch (dtype) {
      case INT32 -> segment().getAtIndex(ValueLayout.JAVA_INT, index);
      case INT64 -> segment().getAtIndex(ValueLayout.JAVA_LONG, index);
      case BOOL -> segment().get(ValueLayout.JAVA_BYTE, index);
      case FLOAT32, FLOAT64, FLOAT16, BFLOAT16 -> (long) getDouble(index);
    };
  }

  /**
   * Sets one element, rounding to the dtype.
   *
   * @param index from 0
   * @param value its new value
   */
  public void setDouble(long index, double value) {
    switch (dtype) {
      case FLOAT32 -> segment().setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) value);
      case FLOAT64 -> segment().setAtIndex(ValueLayout.JAVA_DOUBLE, index, value);
      case FLOAT16 ->
          segment().setAtIndex(ValueLayout.JAVA_SHORT, index, Float.floatToFloat16((float) value));
      case BFLOAT16 ->
          segment().setAtIndex(ValueLayout.JAVA_SHORT, index, roundToBfloat16((float) value));
      case INT32, INT64, BOOL -> setLong(index, (long) value);
    }
  }

  /**
   * Sets one element.
   *
   * @param index from 0
   * @param value its new value; for bool anything but 0 is true
   */
  public void setLong(long index, long value) {
    switch (dtype) {
      case INT32 -> segment().setAtIndex(ValueLayout.JAVA_INT, index, (int) value);
      case INT64 -> segment().setAtIndex(ValueLayout.JAVA_LONG, index, value);
      case BOOL -> segment().set(ValueLayout.JAVA_BYTE, index, (byte) (value != 0 ? 1 : 0));
      // By way of a double it would be rounded twice.
      case FLOAT32 -> segment().setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) value);
      case FLOAT64, FLOAT16, BFLOAT16 -> setDouble(index, value);
    }
  }

  /**
   * The count, the dtype and the first few elements.
   *
   * @return the text
   */
  @Override
  public String toString() {
    String shown =
        LongStream.range(0, Math.min(elements, SHOWN))
            .mapToObj(i -> GraphListing.element(this, i))
            .collect(Collectors.joining(", "));
    return "%d × %s [%s%s]".formatted(elements, dtype, shown, elements > SHOWN ? ", …" : "");
  }

  /** Round to nearest, ties to even; NaN stays NaN. */
  private static short roundToBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }
}
