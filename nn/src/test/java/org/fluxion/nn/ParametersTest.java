package org.fluxion.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;

/** Laws of the named tree. */
class ParametersTest {
  @Provide
  Arbitrary<Set<String>> names() {
    return Arbitraries.of("a", "b", "blocks")
        .list()
        .ofMinSize(1)
        .ofMaxSize(3)
        .map(parts -> String.join(".", parts))
        .set()
        .ofMaxSize(12);
  }

  private static Parameters numbered(Iterable<String> names) {
    Parameters.Builder builder = Parameters.builder();
    int i = 0;
    for (String name : names) {
      builder.add(name, Tensor.tensor((float) i++));
    }
    return builder.build();
  }

  @Property(seed = "7364")
  void leavesComeInTheOrderOfNamesAndGoBack(@ForAll("names") Set<String> names) {
    Parameters tree = numbered(names);
    assertEquals(List.copyOf(names), tree.names());
    Parameters again = tree.withLeaves(tree.leaves());
    tree.names().forEach(name -> assertSame(tree.get(name), again.get(name)));
    List<Tensor> doubled = tree.leaves().stream().map(t -> t.mul(2)).toList();
    assertEquals(doubled, tree.withLeaves(doubled).leaves());
  }

  @Property(seed = "6379")
  void aScopeIsTheInverseOfAPrefix(
      @ForAll("names") Set<String> names, @ForAll("names") Set<String> others) {
    Parameters tree = numbered(names);
    assertEquals(tree.asMap(), tree.prefixed("x.y").scope("x").scope("y").asMap());
    Parameters both = tree.prefixed("left").merge(numbered(others).prefixed("right"));
    assertEquals(tree.asMap(), both.scope("left").asMap());
    assertEquals(names.size() + others.size(), both.size());
  }

  @Property(seed = "2039")
  void zipPairsByName(@ForAll("names") Set<String> names) {
    Parameters tree = numbered(names);
    List<String> reversed = new ArrayList<>(names);
    Collections.reverse(reversed);
    Parameters.Builder shuffled = Parameters.builder();
    reversed.forEach(name -> shuffled.add(name, tree.get(name).mul(10)));
    Parameters sums = tree.zip(shuffled.build(), Tensor::add);
    assertEquals(tree.names(), sums.names());
    for (String name : names) {
      assertEquals(11 * tree.get(name).item(), sums.get(name).item());
    }
  }

  @Test
  void aScopeTakesWholeSegmentsOnly() {
    Parameters tree = numbered(List.of("blocks.1.w", "blocks.10.w", "blocks.1"));
    assertEquals(List.of("w"), tree.scope("blocks.1").names());
    assertEquals(0, tree.scope("block").size());
  }

  @Test
  void aMissingNameIsAnsweredWithItsNeighbours() {
    Parameters tree = numbered(List.of("blocks.0.fc1.weight", "blocks.0.fc1.bias", "head.weight"));
    var error =
        assertThrows(
            IllegalArgumentException.class,
            () -> tree.scope("blocks.0").scope("fc1").get("wieght"));
    assertEquals(
        "no parameter \"blocks.0.fc1.wieght\"; did you mean blocks.0.fc1.weight?",
        error.getMessage());
    var far = assertThrows(IllegalArgumentException.class, () -> tree.get("something.else"));
    assertTrue(far.getMessage().endsWith("there are 3: " + String.join(", ", tree.names())));
    var none = assertThrows(IllegalArgumentException.class, () -> Parameters.empty().get("x"));
    assertTrue(none.getMessage().contains("no parameters at all"));
  }

  @Test
  void withReplacesInPlaceOrAppends() {
    Parameters tree = numbered(List.of("a", "b"));
    Tensor seven = Tensor.tensor(7f);
    assertEquals(List.of("a", "b"), tree.with("a", seven).names());
    assertSame(seven, tree.with("a", seven).get("a"));
    assertEquals(List.of("a", "b", "c"), tree.with("c", seven).names());
    assertFalse(tree.contains("c"));
  }

  @Test
  void withoutUndoesWith() {
    Parameters tree = numbered(List.of("a", "b"));
    assertEquals(List.of("a", "b"), tree.with("c", Tensor.tensor(7f)).without("c").names());
    assertEquals(List.of("b"), tree.without("a").names());
    assertSame(tree.get("b"), tree.without("a").get("b"));
    var absent = assertThrows(IllegalArgumentException.class, () -> tree.without("c"));
    assertTrue(absent.getMessage().startsWith("no parameter \"c\""), absent.getMessage());
  }

  @Test
  void clashesAndMismatchesAreErrors() {
    Parameters tree = numbered(List.of("a", "b"));
    assertThrows(IllegalArgumentException.class, () -> tree.merge(numbered(List.of("b"))));
    assertThrows(IllegalArgumentException.class, () -> Parameters.of("", Tensor.tensor(1f)));
    assertThrows(TensorException.class, () -> tree.withLeaves(List.of()));
    var error =
        assertThrows(
            IllegalArgumentException.class,
            () -> tree.zip(numbered(List.of("b", "c")), Tensor::add));
    assertTrue(error.getMessage().contains("missing in the other [a], unexpected there [c]"));
  }

  @Test
  void castChangesFloatsOnlyAndCountCountsScalars() {
    Parameters tree =
        Parameters.of("w", Tensor.ones(2, 3), "n", Tensor.tensor(1, 2), "s", Tensor.tensor(1.5));
    Parameters cast = tree.cast(DType.FLOAT64);
    assertEquals(
        List.of(DType.FLOAT64, DType.INT32, DType.FLOAT64),
        cast.leaves().stream().map(Tensor::dtype).toList());
    assertEquals(9, tree.count());
    assertEquals(
        List.of(
            "w  [2, 3]  float32   6",
            "n  [2]     int32     2",
            "s  [1]     float64   1",
            "3 tensors, 9 scalars"),
        tree.toString().lines().toList());
  }

  @Test
  void detachKeepsValuesAndDropsHistory() {
    Parameters tree = Parameters.of("a", Tensor.ones(3).mul(2), "b", Tensor.ones(1).sin());
    Parameters leaves = tree.detach();
    assertArrayEquals(new float[] {2, 2, 2}, leaves.get("a").toFloatArray());
    leaves.leaves().forEach(leaf -> assertTrue(leaf.inputs().isEmpty()));
    assertEquals(Shape.of(1), leaves.get("b").shape());
  }

  @Test
  void pairsAreAddedInOrder() {
    String[] names = {"f", "b", "d", "a", "e", "c"};
    Parameters all = numbered(List.of(names));
    Tensor[] t = all.leaves().toArray(Tensor[]::new);
    List<Parameters> pairs =
        List.of(
            Parameters.of("f", t[0]),
            Parameters.of("f", t[0], "b", t[1]),
            Parameters.of("f", t[0], "b", t[1], "d", t[2]),
            Parameters.of("f", t[0], "b", t[1], "d", t[2], "a", t[3]),
            Parameters.of("f", t[0], "b", t[1], "d", t[2], "a", t[3], "e", t[4]),
            Parameters.of("f", t[0], "b", t[1], "d", t[2], "a", t[3], "e", t[4], "c", t[5]));
    for (int i = 0; i < 6; i++) {
      assertEquals(List.of(names).subList(0, i + 1), pairs.get(i).names());
      assertEquals(all.leaves().subList(0, i + 1), pairs.get(i).leaves());
    }
  }
}
