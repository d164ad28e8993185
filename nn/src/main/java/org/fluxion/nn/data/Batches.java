package org.fluxion.nn.data;

import java.util.Arrays;
import java.util.Iterator;
import java.util.stream.LongStream;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.TensorException;

/**
 * An endless sequence of shuffled batches. Every epoch goes through the data in an order of its
 * own; what does not fill a batch at its end is left out, so that all batches have one shape. Batch
 * i is a pure function of data, size, seed and i: a training run resumes from its step number
 * alone. Thread-safe.
 */
public final class Batches implements Iterable<Batch> {
  private static final long UNSIGNED = 0xFFFFFFFFL;

  private record Epoch(long number, int[] order) {}

  private final DataSet data;
  private final int size;
  private final RandomKey key;

  /** The order used last; only saves time. */
  private volatile Epoch last = new Epoch(-1, new int[0]);

  Batches(DataSet data, int size, long seed) {
    if (size < 1 || size > data.size()) {
      throw new IllegalArgumentException(
          "batches: expected a size from 1 to the data's %d, got %d".formatted(data.size(), size));
    }
    this.data = data;
    this.size = size;
    this.key = RandomKey.of(seed);
  }

  /**
   * The number of batches in which every example occurs at most once.
   *
   * @return the examples divided by the batch size, rounded down
   */
  public int perEpoch() {
    return data.size() / size;
  }

  /**
   * The batch of a step.
   *
   * @param step from 0
   * @return the same examples whenever it is asked for
   */
  public Batch at(long step) {
    return data.batch(indices(step));
  }

  /**
   * Overwrites a batch with that of another step, so that a loop that is done with a batch when it
   * asks for the next one allocates no memory for it. <b>This is the one method that changes a
   * tensor.</b> Nothing else may see the target while it does, and nothing may depend on its old
   * elements: no other thread, no graph that was built on its tensors and is not computed yet, no
   * data set made of them. {@link Run#step} has copied what it was given when it returns, so that
   *
   * <pre>{@code
   * Batch batch = batches.at(0);
   * for (long i = 0; i < steps; i++) {
   *   batches.fill(i, batch);
   *   run.step(batch);
   * }
   * }</pre>
   *
   * is safe. Where any of this is in doubt, {@link #at} gives a batch of its own.
   *
   * @param step from 0
   * @param target what {@link #at} gave for another step; it then holds this step's examples
   * @throws TensorException if it is not of these batches' shapes and dtypes, is computed from
   *     others, or is the data themselves
   */
  public void fill(long step, Batch target) {
    data.fill(target, indices(step));
  }

  /**
   * Which examples the batch of a step has.
   *
   * @param step from 0
   * @return their indices, in order
   */
  public int[] indices(long step) {
    if (step < 0) {
      throw new IllegalArgumentException("batches: expected a step of at least 0, got " + step);
    }
    int from = (int) (step % perEpoch()) * size;
    return Arrays.copyOfRange(order(step / perEpoch()), from, from + size);
  }

  private int[] order(long number) {
    Epoch epoch = last;
    if (epoch.number() != number) {
      epoch = new Epoch(number, permutation(key.fold(number), data.size()));
      last = epoch;
    }
    return epoch.order();
  }

  /** Fisher and Yates' shuffle, on Philox bits. */
  private static int[] permutation(RandomKey key, int count) {
    long[] bits = key.bits(Shape.of(count)).toLongArray();
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      // A uniform number from 0 to i: biased by i/2³² at most.
      int j = (int) (((bits[i] & UNSIGNED) * (i + 1)) >>> 32);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /**
   * What they are, in a line.
   *
   * @return the batch size and how many fill an epoch
   */
  @Override
  public String toString() {
    return "Batches(%d examples each, %d an epoch)".formatted(size, perEpoch());
  }

  /**
   * All batches from step 0; never ends.
   *
   * @return the iterator
   */
  @Override
  public Iterator<Batch> iterator() {
    return from(0).iterator();
  }

  /**
   * All batches from a step; never ends.
   *
   * @param step the first step
   * @return the batches, copied as they are asked for
   */
  public Iterable<Batch> from(long step) {
    return () -> LongStream.iterate(step, s -> s + 1).mapToObj(this::at).iterator();
  }
}
