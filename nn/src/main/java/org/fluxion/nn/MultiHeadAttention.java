package org.fluxion.nn;

import java.util.List;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * Self-attention (Vaswani et al., 2017) of tokens [batch, tokens, width], under timm's names:
 * {@code qkv} makes queries, keys and values in one linear layer, {@code proj} joins the heads,
 * and, if wanted, {@code q_norm} and {@code k_norm} are RMS norms over each head of queries and
 * keys.
 *
 * @param width the width of a token
 * @param heads how many attentions side by side
 * @param headSize the width of each
 * @param bias whether {@code qkv} has a bias ({@code proj} always has one)
 * @param normalise whether queries and keys are normalised
 * @param causal whether a token sees only itself and those before it
 */
public record MultiHeadAttention(
    int width, int heads, int headSize, boolean bias, boolean normalise, boolean causal)
    implements Layer {
  /** Checks the configuration. */
  public MultiHeadAttention {
    Configuration.requirePositive("attention", "width", width);
    Configuration.requirePositive("attention", "heads", heads);
    Configuration.requirePositive("attention", "headSize", headSize);
  }

  /**
   * Attention whose heads share the width, with a bias, neither normalised nor causal.
   *
   * @param width the width of a token
   * @param heads how many attentions, which divide the width
   * @throws IllegalArgumentException if they do not
   */
  public MultiHeadAttention(int width, int heads) {
    this(width, heads, share(width, heads), true, false, false);
  }

  private static int share(int width, int heads) {
    Configuration.requirePositive("attention", "heads", heads);
    if (width % heads != 0) {
      throw new IllegalArgumentException(
          "attention: %d heads do not divide a width of %d; give the head size as well"
              .formatted(heads, width));
    }
    return width / heads;
  }

  /**
   * The same attention with normalised queries and keys.
   *
   * @return the layer
   */
  public MultiHeadAttention normalised() {
    return new MultiHeadAttention(width, heads, headSize, bias, true, causal);
  }

  /**
   * The same attention looking backwards only.
   *
   * @return the layer
   */
  public MultiHeadAttention masked() {
    return new MultiHeadAttention(width, heads, headSize, bias, normalise, true);
  }

  private Linear qkv() {
    return new Linear(width, 3 * heads * headSize, bias);
  }

  private Linear proj() {
    return new Linear(heads * headSize, width);
  }

  private RmsNorm norm() {
    return new RmsNorm(headSize);
  }

  @Override
  public Parameters initialise(RandomKey key) {
    Parameters.Builder builder = Parameters.builder().add("qkv", qkv().initialise(key.fold(0)));
    if (normalise) {
      builder.add("q_norm", norm().initialise(key)).add("k_norm", norm().initialise(key));
    }
    return builder.add("proj", proj().initialise(key.fold(1))).build();
  }

  /**
   * Applies the layer.
   *
   * @param parameters {@code qkv}, {@code proj}, and {@code q_norm} and {@code k_norm} if
   *     normalised
   * @param x floats [batch, tokens, width]
   * @return floats of the same shape
   * @throws TensorException if the input's shape does not fit
   */
  @Override
  public Tensor apply(Parameters parameters, Tensor x) {
    if (x.shape().rank() != 3) {
      throw new TensorException(
          "attention: expected [batch, tokens, %d], got %s".formatted(width, x.shape()));
    }
    int batch = x.shape().extent(0);
    int tokens = x.shape().extent(1);
    List<Tensor> parts =
        qkv()
            .apply(parameters.scope("qkv"), x)
            .reshape(batch, tokens, 3, heads, headSize)
            .permute(2, 0, 3, 1, 4)
            .split(3, 0);
    Shape perHead = Shape.of(batch, heads, tokens, headSize);
    Tensor queries = parts.get(0).reshape(perHead);
    Tensor keys = parts.get(1).reshape(perHead);
    Tensor values = parts.get(2).reshape(perHead);
    if (normalise) {
      queries = norm().apply(parameters.scope("q_norm"), queries);
      keys = norm().apply(parameters.scope("k_norm"), keys);
    }
    Tensor joined =
        attend(queries, keys, values).permute(0, 2, 1, 3).reshape(batch, tokens, heads * headSize);
    return proj().apply(parameters.scope("proj"), joined);
  }

  private Tensor attend(Tensor queries, Tensor keys, Tensor values) {
    Attention attention = Attention.over(queries, keys, values);
    return (causal ? attention.causal() : attention).output();
  }
}
