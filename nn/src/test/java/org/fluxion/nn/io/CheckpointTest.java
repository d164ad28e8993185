package org.fluxion.nn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.nn.AdamState;
import org.fluxion.nn.AdamW;
import org.fluxion.nn.Optimizer;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.junit.jupiter.api.Test;

/** A state is what was written of it. */
class CheckpointTest {
  /** A user's own state; with or without names of its own. */
  private record Own(Tensor count, Optimizer.Update<AdamState> model, RandomKey key, boolean named)
      implements Tree<Own> {
    @Override
    public List<Tensor> leaves() {
      List<Tensor> leaves = new ArrayList<>(List.of(count));
      leaves.addAll(model.leaves());
      leaves.add(key.words());
      return leaves;
    }

    @Override
    public Own withLeaves(List<Tensor> leaves) {
      int last = leaves.size() - 1;
      return new Own(
          leaves.get(0),
          model.withLeaves(leaves.subList(1, last)),
          new RandomKey(leaves.get(last)),
          named);
    }

    @Override
    public List<String> leafNames() {
      if (!named) {
        return Tree.super.leafNames();
      }
      List<String> names = new ArrayList<>(List.of("count"));
      names.addAll(Tree.namesUnder("model", model));
      names.add("key");
      return names;
    }
  }

  /** Leaves that are all called the same. */
  private record Twins(Tensor a, Tensor b) implements Tree<Twins> {
    @Override
    public List<Tensor> leaves() {
      return List.of(a, b);
    }

    @Override
    public Twins withLeaves(List<Tensor> leaves) {
      return new Twins(leaves.get(0), leaves.get(1));
    }

    @Override
    public List<String> leafNames() {
      return List.of("twin", "twin");
    }
  }

  private static Own state(long seed, int rows, DType dtype, boolean named) {
    RandomKey key = RandomKey.of(seed);
    Parameters parameters =
        Parameters.of(
            "fc.weight", key.normal(Shape.of(rows, 3), dtype),
            "fc.bias", key.fold(1).normal(Shape.of(3), dtype));
    AdamW adamw = new AdamW();
    Optimizer.Update<AdamState> model =
        adamw.update(
            parameters.map(p -> p.mul(2)),
            adamw.initialise(parameters),
            parameters,
            Tensor.scalar(0.1, dtype));
    return new Own(Tensor.tensor(seed, 1L), model, key, named);
  }

  private static Path temporary() throws IOException {
    Path folder = Files.createTempDirectory("checkpoint");
    folder.toFile().deleteOnExit();
    Path file = folder.resolve("state.safetensors");
    file.toFile().deleteOnExit();
    return file;
  }

  @Property(tries = 20, seed = "7408")
  void whatIsReadIsWhatWasWritten(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 4) int rows, @ForAll boolean named)
      throws IOException {
    Own written = state(seed, rows, DType.FLOAT32, named);
    Path file = temporary();
    Checkpoint.write(file, written);
    Own read = Checkpoint.read(file, state(seed + 1, rows, DType.FLOAT32, named));
    assertEquals(written.leafNames(), read.leafNames());
    for (int i = 0; i < written.leaves().size(); i++) {
      Tensor expected = written.leaves().get(i);
      Tensor got = read.leaves().get(i);
      assertEquals(expected.shape(), got.shape());
      assertEquals(expected.dtype(), got.dtype());
      if (expected.dtype().isFloating()) {
        assertArrayEquals(expected.toDoubleArray(), got.toDoubleArray());
      } else {
        assertArrayEquals(expected.toLongArray(), got.toLongArray());
      }
    }
  }

  @Test
  void namesAndTextAreInTheFile() throws IOException {
    Path file = temporary();
    Checkpoint.write(file, state(3, 2, DType.FLOAT32, true), Map.of("step", "12"));
    try (Safetensors stored = Safetensors.open(file)) {
      assertEquals("12", stored.metadata().get("step"));
      assertEquals(
          List.of(
              "count",
              "model.parameters.fc.weight",
              "model.parameters.fc.bias",
              "model.state.step",
              "model.state.first.fc.weight",
              "model.state.first.fc.bias",
              "model.state.second.fc.weight",
              "model.state.second.fc.bias",
              "key"),
          stored.names());
    }
    Checkpoint.write(file, Tensor.tensor(1f, 2f));
    assertArrayEquals(new float[] {1, 2}, Checkpoint.read(file, Tensor.zeros(2)).toFloatArray());
  }

  @Test
  void whatDoesNotFitIsListed() throws IOException {
    Path file = temporary();
    Checkpoint.write(file, state(3, 2, DType.FLOAT32, true));
    String message = refused(file, state(3, 4, DType.FLOAT32, true));
    assertTrue(message.contains(file + " does not fit the example; give one of the structure"));
    assertTrue(
        message.contains(
            "mis-shaped (3): model.parameters.fc.weight (expected [4, 3], stored [2, 3])"),
        message);
    message = refused(file, state(3, 2, DType.FLOAT64, true));
    assertTrue(
        message.contains("of another dtype (6): model.parameters.fc.weight (expected"), message);
    message = refused(file, state(3, 2, DType.FLOAT32, false));
    assertTrue(message.contains("missing in the file (9): 0, 1, 2"), message);
    assertTrue(message.contains("unexpected in the file (9): count, model"), message);
  }

  private static String refused(Path file, Own example) {
    return assertThrows(IOException.class, () -> Checkpoint.read(file, example)).getMessage();
  }

  @Test
  void leavesOfOneNameAreRefusedAndTheOldFileStays() throws IOException {
    Path file = temporary();
    Checkpoint.write(file, Tensor.tensor(1f));
    Twins twins = new Twins(Tensor.tensor(1f), Tensor.tensor(2f));
    assertEquals(
        "checkpoint: two leaves of Twins are named \"twin\"; leafNames() must tell them apart",
        assertThrows(IllegalArgumentException.class, () -> Checkpoint.write(file, twins))
            .getMessage());
    assertEquals(1, Checkpoint.read(file, Tensor.zeros(1)).item());
  }
}
