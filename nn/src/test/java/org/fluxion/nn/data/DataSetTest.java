package org.fluxion.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Batches as functions of seed and step, and MNIST. */
class DataSetTest {
  @TempDir Path folder;

  private static DataSet numbers(int count) {
    Tensor labels = Tensor.arange(count, DType.INT32);
    Tensor tens = labels.cast(DType.FLOAT32).mul(10).reshape(count, 1);
    return new DataSet(Tensor.concat(1, tens, tens.add(1)), labels);
  }

  @Property(tries = 200, seed = "1152")
  void anEpochShowsEveryExampleAtMostOnceAndAllThatFit(
      @ForAll @IntRange(min = 1, max = 40) int count,
      @ForAll @IntRange(min = 1, max = 40) int size,
      @ForAll @IntRange(min = 0, max = 5) int epoch,
      @ForAll long seed) {
    int fitting = Math.min(size, count);
    Batches batches = numbers(count).batches(fitting, seed);
    BitSet seen = new BitSet();
    for (int i = 0; i < batches.perEpoch(); i++) {
      for (int index : batches.indices((long) epoch * batches.perEpoch() + i)) {
        assertFalse(seen.get(index));
        seen.set(index);
      }
    }
    assertEquals(count / fitting * fitting, seen.cardinality());
    assertTrue(seen.length() <= count);
  }

  @Property(tries = 50, seed = "1250")
  void aBatchIsAFunctionOfSeedAndStep(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 1000) int step) {
    DataSet data = numbers(50);
    Batches one = data.batches(7, seed);
    Batches other = data.batches(7, seed);
    one.indices(step + 100);
    assertArrayEquals(other.indices(step), one.indices(step));
    Batch batch = one.from(step).iterator().next();
    assertArrayEquals(
        Arrays.stream(other.indices(step)).asLongStream().toArray(), batch.labels().toLongArray());
    for (int i = 0; i < 7; i++) {
      assertEquals(10f * other.indices(step)[i] + 1, batch.inputs().toFloatArray()[2 * i + 1]);
    }
  }

  @Property(tries = 50, seed = "7656")
  void aFilledBatchIsThatOfTheStep(
      @ForAll long seed,
      @ForAll @IntRange(min = 0, max = 1000) int first,
      @ForAll @IntRange(min = 0, max = 1000) int second) {
    Batches batches = numbers(50).batches(7, seed);
    Batch filled = batches.at(first);
    batches.fill(second, filled);
    Batch expected = batches.at(second);
    assertArrayEquals(expected.inputs().toFloatArray(), filled.inputs().toFloatArray());
    assertArrayEquals(expected.labels().toLongArray(), filled.labels().toLongArray());
  }

  @Test
  void fillingABatchAllocatesNothing() {
    DataSet data = new DataSet(Tensor.zeros(100, 1 << 10).detach(), Tensor.zeros(100).detach());
    Batches batches = data.batches(32, 1);
    long before = HostMemory.total();
    Batch batch = batches.at(0);
    assertEquals(before + (32 << 12), HostMemory.total());
    batches.fill(1, batch);
    assertEquals(before + (32 << 12), HostMemory.total());
  }

  @Test
  void epochsAndSeedsDiffer() {
    DataSet data = numbers(100);
    assertArrayEquals(data.batches(7, 0).indices(3), data.batches(7).indices(3));
    Batches batches = data.batches(100, 1);
    assertFalse(Arrays.equals(batches.indices(0), batches.indices(1)));
    assertFalse(Arrays.equals(batches.indices(0), data.batches(100, 2).indices(0)));
  }

  @Test
  void everyExampleIsEquallyLikelyToBeFirst() {
    Batches batches = numbers(5).batches(5, 3);
    int[] firsts = new int[5];
    for (int epoch = 0; epoch < 2000; epoch++) {
      firsts[batches.indices(epoch)[0]]++;
    }
    // 400 expected, of deviation 18: five of them.
    for (int count : firsts) {
      assertEquals(400, count, 90);
    }
  }

  @Test
  void inOrderGivesEverythingOnce() {
    List<Long> labels = new ArrayList<>();
    List<Integer> sizes = new ArrayList<>();
    for (Batch batch : numbers(10).inOrder(4)) {
      sizes.add(batch.size());
      Arrays.stream(batch.labels().toLongArray()).forEach(labels::add);
    }
    assertEquals(List.of(4, 4, 2), sizes);
    assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L), labels);
    assertEquals(3, numbers(10).first(3).size());
  }

  @Test
  void whatDoesNotFitIsNamed() {
    assertThrows(IllegalArgumentException.class, () -> numbers(3).batches(4, 0));
    assertThrows(IllegalArgumentException.class, () -> numbers(3).batches(1, 0).at(-1));
    assertThrows(IndexOutOfBoundsException.class, () -> numbers(3).batch(3));
    Batches batches = numbers(3).batches(2, 0);
    for (Batch other :
        List.of(
            numbers(3).batch(0),
            new DataSet(numbers(3).labels(), numbers(3).labels()).batch(0, 1))) {
      String message =
          assertThrows(TensorException.class, () -> batches.fill(0, other)).getMessage();
      assertTrue(message.contains("whose inputs are float32 [2, 2], got"), message);
    }
    DataSet data = numbers(5).first(3);
    Batch whole = new Batch(data.inputs(), data.labels());
    TensorException own = assertThrows(TensorException.class, () -> data.batches(3).fill(0, whole));
    assertTrue(own.getMessage().contains("are the data themselves; give"), own.getMessage());
    Batch computed = new Batch(data.inputs().neg(), data.labels());
    TensorException node =
        assertThrows(TensorException.class, () -> data.batches(3).fill(0, computed));
    assertTrue(node.getMessage().contains("are computed, by neg; give"), node.getMessage());
    assertThrows(TensorException.class, () -> new DataSet(Tensor.zeros(3, 2), Tensor.zeros(2)));
  }

  @Test
  void theEmbeddedTestDigitsAreMnist() throws IOException {
    DataSet test = Mnist.read(Mnist.Part.TEST, Mnist.Size.FULL);
    assertEquals(Shape.of(10_000, 1, 28, 28), test.inputs().shape());
    assertEquals(DType.FLOAT32, test.inputs().dtype());
    assertEquals(DType.INT32, test.labels().dtype());
    Batch first = test.batch(0, 1, 2, 3, 4, 9_999);
    assertArrayEquals(new long[] {7, 2, 1, 0, 4, 6}, first.labels().toLongArray());
    int[] counts = new int[10];
    Arrays.stream(test.labels().toLongArray()).forEach(label -> counts[(int) label]++);
    assertArrayEquals(new int[] {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, counts);
    float[] pixels = first.inputs().toFloatArray();
    float low = 1;
    float high = -1;
    for (float pixel : pixels) {
      low = Math.min(low, pixel);
      high = Math.max(high, pixel);
    }
    assertEquals(-1, low);
    assertEquals(1, high);
  }

  @Test
  void theEmbeddedTrainingDigitsAreMnist() throws IOException {
    DataSet train = Mnist.read(Mnist.Part.TRAIN, Mnist.Size.HALF);
    assertEquals(Shape.of(60_000, 1, 16, 16), train.inputs().shape());
    assertArrayEquals(
        new long[] {5, 0, 4, 1, 9}, train.batch(0, 1, 2, 3, 4).labels().toLongArray());
  }

  @Test
  void theSmallImagesAreMeansOfFour() throws IOException {
    Tensor full = Mnist.read(Mnist.Part.TEST, Mnist.Size.FULL).first(20).inputs();
    Tensor small = Mnist.read(Mnist.Part.TEST, Mnist.Size.HALF).first(20).inputs();
    // Background is −1, so one is added before padding with zeros, and taken off after.
    Tensor padded = full.add(1).pad(2, 2, 2).pad(3, 2, 2);
    Tensor means = padded.reshape(20, 1, 16, 2, 16, 2).mean(3, 5).sub(1);
    assertTrue(small.allClose(means, 0, 1e-6));
  }

  @Test
  void aFolderIsReadAndItsFaultsAreNamed() throws IOException {
    assertThrows(
        NoSuchFileException.class, () -> Mnist.read(Mnist.Part.TEST, Mnist.Size.FULL, folder));
    Random random = new Random(1);
    byte[] pixels = new byte[2 * 28 * 28];
    random.nextBytes(pixels);
    write(
        "t10k-images-idx3-ubyte",
        new byte[] {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28},
        pixels);
    write("t10k-labels-idx1-ubyte", new byte[] {0, 0, 8, 1, 0, 0, 0, 2}, new byte[] {3, 9});
    DataSet data = Mnist.read(Mnist.Part.TEST, Mnist.Size.FULL, folder);
    assertArrayEquals(new long[] {3, 9}, data.labels().toLongArray());
    assertEquals((pixels[783] & 0xFF) / 127.5 - 1, data.inputs().toFloatArray()[783], 1e-6);
    write("t10k-labels-idx1-ubyte", new byte[] {0, 0, 8, 1, 0, 0, 0, 2}, new byte[] {3, 10});
    assertFault("label 1 is 10");
    write("t10k-labels-idx1-ubyte", new byte[] {0, 0, 8, 1, 0, 0, 0, 1}, new byte[] {3});
    assertFault("expected labels [2]");
    write("t10k-images-idx3-ubyte", new byte[] {0, 0, 8, 1, 0, 0, 0, 1}, new byte[1]);
    assertFault("expected images [n, 28, 28]");
  }

  private void assertFault(String expected) {
    var error =
        assertThrows(IOException.class, () -> Mnist.read(Mnist.Part.TEST, Mnist.Size.FULL, folder));
    assertTrue(error.getMessage().contains(expected), error.getMessage());
  }

  private void write(String name, byte[] header, byte[] data) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(header);
    bytes.writeBytes(data);
    Files.write(folder.resolve(name), bytes.toByteArray());
  }
}
