package org.fluxion.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.autodiff.DerivativeChecker;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Layers against their definitions in plain loops, their laws, and their derivatives. */
class LayersTest {
  private static Tensor random(long seed, int... extents) {
    Random random = new Random(seed);
    return Tensor.of(random.doubles(Shape.of(extents).elements(), -2, 2).toArray(), extents);
  }

  /** Parameters of the layer's names and shapes, none of them zero or one. */
  private static Parameters scrambled(Layer layer) {
    Parameters fresh = layer.initialise(RandomKey.of(1));
    return fresh.map(t -> random(t.shape().hashCode(), t.shape().extents()).mul(0.5));
  }

  record Call(Parameters parameters, Tensor x) implements Tree<Call> {
    @Override
    public List<Tensor> leaves() {
      return Stream.concat(parameters.leaves().stream(), Stream.of(x)).toList();
    }

    @Override
    public Call withLeaves(List<Tensor> leaves) {
      int last = leaves.size() - 1;
      return new Call(parameters.withLeaves(leaves.subList(0, last)), leaves.get(last));
    }
  }

  static Stream<Arguments> layers() {
    return Stream.of(
        Arguments.of(new Linear(3, 2), new int[] {4, 3}),
        Arguments.of(new Linear(3, 2).withoutBias(), new int[] {2, 2, 3}),
        Arguments.of(new Linear(3, 2), new int[] {3}),
        Arguments.of(new Conv2d(2, 3, 2).withStride(2).withPadding(1), new int[] {2, 2, 3, 5}),
        Arguments.of(new Conv2d(1, 2, 3).withoutBias(), new int[] {1, 1, 4, 3}),
        Arguments.of(new LayerNorm(5), new int[] {2, 3, 5}),
        Arguments.of(new LayerNorm(4, false, 1e-6), new int[] {3, 4}),
        Arguments.of(new RmsNorm(4), new int[] {3, 4}),
        Arguments.of(new Mlp(3, 5), new int[] {2, 2, 3}),
        Arguments.of(new Mlp(3, 4, 2, Activation.SILU), new int[] {2, 3}),
        Arguments.of(new MultiHeadAttention(4, 2), new int[] {2, 3, 4}),
        Arguments.of(new MultiHeadAttention(4, 2).normalised().masked(), new int[] {1, 3, 4}),
        Arguments.of(new MultiHeadAttention(3, 2, 5, false, false, false), new int[] {1, 2, 3}));
  }

  @ParameterizedTest
  @MethodSource("layers")
  void derivativesAgreeWithDifferences(Layer layer, int[] extents) {
    Call at = new Call(scrambled(layer), random(5, extents));
    DerivativeChecker.check((Call c) -> layer.apply(c.parameters(), c.x()), at).orThrow();
  }

  @ParameterizedTest
  @MethodSource("layers")
  void layersStartInFloat32AndKeepTheirDtype(Layer layer, int[] extents) {
    Parameters fresh = layer.initialise(RandomKey.of(2));
    fresh.leaves().forEach(leaf -> assertEquals(DType.FLOAT32, leaf.dtype()));
    Tensor x = random(3, extents);
    Tensor wide = layer.apply(fresh.cast(DType.FLOAT64), x);
    Tensor narrow = layer.apply(fresh, x.cast(DType.FLOAT32));
    assertEquals(DType.FLOAT64, wide.dtype());
    assertEquals(DType.FLOAT32, narrow.dtype());
    assertTrue(narrow.cast(DType.FLOAT64).allClose(wide, 1e-4, 1e-4));
    assertEquals(fresh.asMap().toString(), layer.initialise(RandomKey.of(2)).asMap().toString());
  }

  @Test
  void embeddingsHaveDerivativesToo() {
    Embedding table = new Embedding(4, 3);
    Tensor indices = Tensor.tensor(2, 0, 2, 3);
    DerivativeChecker.check((Parameters p) -> table.apply(p, indices), scrambled(table)).orThrow();
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void activationsHaveDerivativesToo(Activation activation) {
    DerivativeChecker.check(activation::apply, random(7, 9)).orThrow();
  }

  @Test
  void activationsHaveTheBooksValues() {
    Tensor x = Tensor.tensor(-3.0, 0.0, 1.0);
    assertArrayEquals(new double[] {0, 0, 1}, Functions.relu(x).toDoubleArray());
    assertArrayEquals(
        new double[] {-0.14227761953270035, 0, 0.7310585786300049},
        Functions.silu(x).toDoubleArray(),
        1e-15);
    assertArrayEquals(
        new double[] {-0.00404969409489031, 0, 0.8413447460685429},
        Functions.gelu(x).toDoubleArray(),
        1e-12);
    assertArrayEquals(
        new double[] {-0.0036373920817729943, 0, 0.8411919906082768},
        Functions.geluTanh(x).toDoubleArray(),
        1e-15);
  }

  @Property(tries = 50, seed = "2208")
  void aConvolutionIsItsDefinition(
      @ForAll @IntRange(min = 1, max = 3) int in,
      @ForAll @IntRange(min = 1, max = 3) int out,
      @ForAll @IntRange(min = 1, max = 3) int kernel,
      @ForAll @IntRange(min = 1, max = 3) int stride,
      @ForAll @IntRange(min = 0, max = 2) int padding,
      @ForAll @IntRange(min = 3, max = 6) int height,
      @ForAll @IntRange(min = 3, max = 6) int width) {
    Conv2d layer = new Conv2d(in, out, kernel, stride, padding, true);
    Parameters parameters = scrambled(layer);
    Tensor x = random(height * 10 + width, 2, in, height, width);
    Tensor y = layer.apply(parameters, x);
    double[] image = x.toDoubleArray();
    double[] weight = parameters.get("weight").toDoubleArray();
    double[] bias = parameters.get("bias").toDoubleArray();
    int rows = (height + 2 * padding - kernel) / stride + 1;
    int columns = (width + 2 * padding - kernel) / stride + 1;
    assertEquals(Shape.of(2, out, rows, columns), y.shape());
    double[] expected = new double[2 * out * rows * columns];
    int at = 0;
    for (int n = 0; n < 2; n++) {
      for (int o = 0; o < out; o++) {
        for (int r = 0; r < rows; r++) {
          for (int c = 0; c < columns; c++) {
            double sum = bias[o];
            for (int i = 0; i < in; i++) {
              for (int u = 0; u < kernel; u++) {
                for (int v = 0; v < kernel; v++) {
                  int h = r * stride + u - padding;
                  int w = c * stride + v - padding;
                  if (h >= 0 && h < height && w >= 0 && w < width) {
                    sum +=
                        image[((n * in + i) * height + h) * width + w]
                            * weight[((o * in + i) * kernel + u) * kernel + v];
                  }
                }
              }
            }
            expected[at++] = sum;
          }
        }
      }
    }
    assertArrayEquals(expected, y.toDoubleArray(), 1e-12);
  }

  @Property(tries = 50, seed = "5981")
  void aLinearLayerActsOnTheLastAxisAlone(
      @ForAll @IntRange(min = 1, max = 4) int in,
      @ForAll @IntRange(min = 1, max = 4) int out,
      @ForAll @IntRange(min = 1, max = 3) int rows) {
    Linear layer = new Linear(in, out);
    Parameters parameters = scrambled(layer);
    double[] weight = parameters.get("weight").toDoubleArray();
    double[] bias = parameters.get("bias").toDoubleArray();
    Tensor x = random(in * 7 + out, rows, 2, in);
    double[] values = x.toDoubleArray();
    double[] expected = new double[rows * 2 * out];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = bias[i % out];
      for (int j = 0; j < in; j++) {
        expected[i] += weight[i % out * in + j] * values[i / out * in + j];
      }
    }
    Tensor y = layer.apply(parameters, x);
    assertEquals(Shape.of(rows, 2, out), y.shape());
    assertArrayEquals(expected, y.toDoubleArray(), 1e-12);
    Tensor one = layer.apply(parameters, x.slice(0, 0, 1).slice(1, 0, 1).reshape(in));
    assertTrue(one.allClose(y.slice(0, 0, 1).slice(1, 0, 1).reshape(out), 1e-12, 0));
  }

  @Test
  void anEmbeddingPicksRows() {
    Embedding table = new Embedding(3, 2);
    Parameters p = Parameters.of("weight", Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
    Tensor outside = Tensor.of(new int[] {2, 0, 3, -1}, 2, 2);
    TensorException known = assertThrows(TensorException.class, () -> table.apply(p, outside));
    assertTrue(known.getMessage().contains("index 3 at [1, 0] "), known.getMessage());
    // A sum that nobody asked for is not known when the graph is built.
    Tensor rows = table.apply(p, outside.add(0));
    assertEquals(Shape.of(2, 2, 2), rows.shape());
    assertArrayEquals(new float[] {5, 6, 1, 2, 0, 0, 0, 0}, rows.toFloatArray());
    assertThrows(TensorException.class, () -> table.apply(p, Tensor.tensor(1f)));
  }

  @Property(tries = 50, seed = "7306")
  void normsForgetScaleAndLayerNormForgetsShift(@ForAll long seed) {
    Tensor x = random(seed, 3, 6);
    LayerNorm layer = new LayerNorm(6, false, 0);
    Tensor y = layer.apply(Parameters.empty(), x);
    assertTrue(y.mean(-1).allClose(Tensor.of(new double[3], 3), 0, 1e-12));
    assertTrue(y.variance(-1).allClose(Tensor.tensor(1.0, 1, 1), 1e-12, 0));
    assertTrue(layer.apply(Parameters.empty(), x.mul(3).add(5)).allClose(y, 1e-9, 1e-9));
    RmsNorm rms = new RmsNorm(6, 0);
    Parameters ones = rms.initialise(RandomKey.of(0)).cast(DType.FLOAT64);
    Tensor z = rms.apply(ones, x);
    assertTrue(z.square().mean(-1).allClose(Tensor.tensor(1.0, 1, 1), 1e-12, 0));
    assertTrue(rms.apply(ones, x.mul(3)).allClose(z, 1e-12, 1e-12));
  }

  @Test
  void normsAddEpsilonInsideTheRootAndThenScale() {
    Tensor x = Tensor.of(new double[] {1, 3}, 1, 2);
    Parameters affine =
        Parameters.of("weight", Tensor.tensor(2.0, 10), "bias", Tensor.tensor(1.0, 7));
    double root = Math.sqrt(1 + 0.5);
    assertArrayEquals(
        new double[] {1 - 2 / root, 7 + 10 / root},
        new LayerNorm(2, true, 0.5).apply(affine, x).toDoubleArray(),
        1e-15);
    double mean = Math.sqrt(5 + 0.5);
    assertArrayEquals(
        new double[] {2 / mean, 30 / mean},
        new RmsNorm(2, 0.5).apply(affine, x).toDoubleArray(),
        1e-14);
  }

  @Test
  void attentionIsItsDefinition() {
    int tokens = 3;
    int heads = 2;
    int size = 3;
    MultiHeadAttention layer = new MultiHeadAttention(4, heads, size, true, true, false);
    Parameters p = scrambled(layer);
    Tensor x = random(11, 1, tokens, 4);
    double[][] qkv = rows(new Linear(4, 18).apply(p.scope("qkv"), x), tokens, 18);
    double[] joined = new double[tokens * heads * size];
    for (int h = 0; h < heads; h++) {
      double[][] q = head(qkv, h * size, size, p.get("q_norm.weight").toDoubleArray());
      double[][] k = head(qkv, (heads + h) * size, size, p.get("k_norm.weight").toDoubleArray());
      for (int i = 0; i < tokens; i++) {
        double[] weights = new double[tokens];
        double total = 0;
        for (int j = 0; j < tokens; j++) {
          double score = 0;
          for (int d = 0; d < size; d++) {
            score += q[i][d] * k[j][d];
          }
          weights[j] = Math.exp(score / Math.sqrt(size));
          total += weights[j];
        }
        for (int j = 0; j < tokens; j++) {
          for (int d = 0; d < size; d++) {
            joined[(i * heads + h) * size + d] +=
                weights[j] / total * qkv[j][(2 * heads + h) * size + d];
          }
        }
      }
    }
    Tensor expected =
        new Linear(heads * size, 4).apply(p.scope("proj"), Tensor.of(joined, 1, tokens, 6));
    assertTrue(layer.apply(p, x).allClose(expected, 1e-10, 1e-12));
  }

  private static double[][] rows(Tensor x, int rows, int width) {
    double[] values = x.toDoubleArray();
    double[][] result = new double[rows][];
    for (int i = 0; i < rows; i++) {
      result[i] = java.util.Arrays.copyOfRange(values, i * width, (i + 1) * width);
    }
    return result;
  }

  private static double[][] head(double[][] qkv, int from, int size, double[] weight) {
    double[][] result = new double[qkv.length][size];
    for (int i = 0; i < qkv.length; i++) {
      double squares = 0;
      for (int d = 0; d < size; d++) {
        squares += qkv[i][from + d] * qkv[i][from + d];
      }
      for (int d = 0; d < size; d++) {
        result[i][d] = qkv[i][from + d] / Math.sqrt(squares / size + 1e-6) * weight[d];
      }
    }
    return result;
  }

  @Property(tries = 30, seed = "9235")
  void attentionFollowsThePermutationOfItsTokens(@ForAll long seed) {
    MultiHeadAttention layer = new MultiHeadAttention(4, 2).normalised();
    Parameters p = scrambled(layer);
    Tensor x = random(seed, 2, 5, 4);
    Tensor y = layer.apply(p, x);
    assertTrue(layer.apply(p, x.flip(1)).allClose(y.flip(1), 1e-9, 1e-11));
  }

  @Property(tries = 30, seed = "1326")
  void maskedAttentionCannotSeeAhead(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int n) {
    MultiHeadAttention layer = new MultiHeadAttention(4, 2).masked();
    Parameters p = scrambled(layer);
    Tensor x = random(seed, 1, 5, 4);
    Tensor whole = layer.apply(p, x).slice(1, 0, n);
    assertTrue(layer.apply(p, x.slice(1, 0, n)).allClose(whole, 1e-10, 1e-12));
  }

  @Test
  void namesAndShapesArePyTorchs() {
    assertEquals(
        List.of(
            "qkv.weight", "qkv.bias", "q_norm.weight", "k_norm.weight", "proj.weight", "proj.bias"),
        new MultiHeadAttention(4, 2).normalised().initialise(RandomKey.of(0)).names());
    Parameters mlp = new Mlp(2, 6).initialise(RandomKey.of(0));
    assertEquals(List.of("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"), mlp.names());
    assertEquals(Shape.of(6, 2), mlp.get("fc1.weight").shape());
    assertEquals(
        Shape.of(8, 3, 2, 2),
        new Conv2d(3, 8, 2).initialise(RandomKey.of(0)).get("weight").shape());
  }

  @Test
  void wrongInputsAreNamed() {
    var linear =
        assertThrows(
            TensorException.class,
            () -> new Linear(3, 2).apply(Parameters.empty(), Tensor.zeros(4, 5)));
    assertTrue(linear.getMessage().startsWith("linear: expected input [..., 3], got [4, 5]"));
    assertThrows(
        TensorException.class,
        () -> new Conv2d(1, 1, 5).apply(Parameters.empty(), Tensor.zeros(1, 1, 4, 4)));
    assertThrows(
        TensorException.class,
        () -> new MultiHeadAttention(4, 2).apply(Parameters.empty(), Tensor.zeros(3, 4)));
    assertThrows(IllegalArgumentException.class, () -> new MultiHeadAttention(5, 2));
    assertThrows(IllegalArgumentException.class, () -> new Linear(0, 1));
    assertThrows(IllegalArgumentException.class, () -> new LayerNorm(3, true, Double.NaN));
  }
}
