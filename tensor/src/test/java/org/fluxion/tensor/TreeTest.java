package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The names of leaves, and where they are told. */
class TreeTest {
  /** A state with names, one of its components a tree itself. */
  private record State(Tensor weight, TopK best, List<String> own) implements Tree<State> {
    @Override
    public List<Tensor> leaves() {
      return List.of(weight, best.values(), best.indices());
    }

    @Override
    public State withLeaves(List<Tensor> leaves) {
      return new State(leaves.get(0), new TopK(leaves.get(1), leaves.get(2)), own);
    }

    @Override
    public List<String> leafNames() {
      List<String> names = new ArrayList<>(own);
      names.addAll(Tree.namesUnder("best", best));
      return names;
    }
  }

  /** Names nothing. */
  private record Pair(Tensor a, Tensor b) implements Tree<Pair> {
    @Override
    public List<Tensor> leaves() {
      return List.of(a, b);
    }

    @Override
    public Pair withLeaves(List<Tensor> leaves) {
      return new Pair(leaves.get(0), leaves.get(1));
    }
  }

  private static final State STATE =
      new State(
          Tensor.tensor(1f, 2f), new TopK(Tensor.tensor(3f), Tensor.tensor(0)), List.of("weight"));

  private static Program<State, Pair, Tensor> compile(Tensor weight) {
    return Program.compile(
        (State s, Pair b) ->
            new Step<>(
                new State(weight == null ? s.weight().add(b.a()) : weight, s.best(), s.own()),
                s.weight().sum()),
        STATE,
        new Pair(Tensor.tensor(1f), Tensor.tensor(2f)),
        Device.cpu());
  }

  @Test
  void namesAreDottedPathsOfComponentsAndPositionsWhereThereAreNone() {
    assertEquals(List.of("weight", "best.values", "best.indices"), STATE.leafNames());
    assertEquals(List.of("key"), Tree.namesUnder("key", RandomKey.of(1)));
    Pair pair = new Pair(STATE.weight(), STATE.weight());
    assertEquals(List.of("pair.0", "pair.1"), Tree.namesUnder("pair", pair));
    String message =
        assertThrows(
                TensorException.class,
                () -> Tree.namesUnder("s", new State(STATE.weight(), STATE.best(), List.of())))
            .getMessage();
    assertEquals(
        "tree: State has 3 leaves and names 2; leafNames() must give one name for each", message);
  }

  @Test
  void aProgramsErrorsAndListingsNameTheLeaf() {
    assertEquals(
        "program: the new state.weight: expected float32 [2], as the old, got float32 [1]; cast or"
            + " reshape it",
        assertThrows(TensorException.class, () -> compile(Tensor.tensor(1f))).getMessage());
    try (var program = compile(null)) {
      assertTrue(program.explain().contains("state.weight float32 [2]"), program.explain());
      State bent =
          new State(STATE.weight(), new TopK(Tensor.tensor(3f), Tensor.tensor(0f)), STATE.own());
      assertEquals(
          "start: the state: the program was compiled for state.best.indices as int32 [1], got"
              + " float32 [1]; compile another for this shape",
          assertThrows(TensorException.class, () -> program.start(bent)).getMessage());
      try (var run = program.start(STATE)) {
        Pair wide = new Pair(Tensor.tensor(1f), Tensor.tensor(1f, 2f));
        assertEquals(
            "step: the batch: the program was compiled for batch.1 as float32 [1], got float32 [2];"
                + " compile another for this shape",
            assertThrows(TensorException.class, () -> run.step(wide)).getMessage());
        assertEquals(3, run.step(new Pair(Tensor.tensor(1f), Tensor.tensor(2f))).item());
      }
    }
  }
}
