package org.fluxion.meanflow.model;

import java.io.IOException;
import org.fluxion.nn.Activation;
import org.fluxion.nn.Embedding;
import org.fluxion.nn.Initialisers;
import org.fluxion.nn.Linear;
import org.fluxion.nn.Mlp;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.Parametric;
import org.fluxion.nn.io.Load;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * A diffusion transformer (Peebles and Xie, 2023; SiT, Ma et al., 2024) whose blocks know one of
 * two times: the first ones, the encoder, see where the image is, t; the last ones, the decoder,
 * and the final layer see where it is going, r (Decoupled MeanFlow). With r = t it is a flow model,
 * weight for weight. Parameters bear the names of the authors' checkpoints.
 *
 * @param inputSize rows and columns of the images
 * @param patchSize rows and columns of a patch, which divide the images
 * @param channels channels of the images
 * @param width the width of a token, divisible by the heads and by 4
 * @param depth the number of blocks
 * @param heads attention heads
 * @param classes the number of classes; the label {@code classes} itself means "no class"
 * @param decoderDepth how many of the last blocks see r, from 0 (only the final layer does) to
 *     depth
 * @param queryKeyNorm whether each head's queries and keys are normalised
 * @param mlpRatio the hidden width of each block's MLP over the width
 */
public record DiffusionTransformer(
    int inputSize,
    int patchSize,
    int channels,
    int width,
    int depth,
    int heads,
    int classes,
    int decoderDepth,
    boolean queryKeyNorm,
    int mlpRatio)
    implements Parametric, FlowNetwork {
  private static final double SMALL = 0.02;

  /** Positions that a checkpoint brings along. */
  private static final String POSITIONS = "pos_embed";

  /** Checks the configuration. */
  public DiffusionTransformer {
    requirePositive("inputSize", inputSize);
    requirePositive("patchSize", patchSize);
    requirePositive("channels", channels);
    requirePositive("width", width);
    requirePositive("depth", depth);
    requirePositive("heads", heads);
    requirePositive("classes", classes);
    requirePositive("mlpRatio", mlpRatio);
    if (inputSize % patchSize != 0) {
      throw new IllegalArgumentException(
          "diffusion transformer: patches of %d do not divide images of %d; choose a divisor"
              .formatted(patchSize, inputSize));
    }
    if (width % 4 != 0 || width % heads != 0) {
      throw new IllegalArgumentException(
          "diffusion transformer: expected a width divisible by 4 and by %d heads, got %d"
              .formatted(heads, width));
    }
    if (decoderDepth < 0 || decoderDepth > depth) {
      throw new IllegalArgumentException(
          "diffusion transformer: expected a decoderDepth from 0 to the depth of %d, got %d"
              .formatted(depth, decoderDepth));
    }
  }

  /**
   * A transformer whose MLPs are four times as wide as its tokens.
   *
   * @param inputSize rows and columns of the images
   * @param patchSize rows and columns of a patch
   * @param channels channels of the images
   * @param width the width of a token
   * @param depth the number of blocks
   * @param heads attention heads
   * @param classes the number of classes
   * @param decoderDepth how many of the last blocks see r
   * @param queryKeyNorm whether each head's queries and keys are normalised
   */
  public DiffusionTransformer(
      int inputSize,
      int patchSize,
      int channels,
      int width,
      int depth,
      int heads,
      int classes,
      int decoderDepth,
      boolean queryKeyNorm) {
    this(
        inputSize,
        patchSize,
        channels,
        width,
        depth,
        heads,
        classes,
        decoderDepth,
        queryKeyNorm,
        4);
  }

  /**
   * A transformer of a published size, without normalisation of queries and keys.
   *
   * @param size width, depth, heads, and how many blocks see r
   * @param inputSize rows and columns of the images
   * @param patchSize rows and columns of a patch, the number after the stroke in names such as B/4
   * @param channels channels of the images
   * @param classes the number of classes
   * @return the transformer
   */
  public static DiffusionTransformer of(
      TransformerSize size, int inputSize, int patchSize, int channels, int classes) {
    return new DiffusionTransformer(
        inputSize,
        patchSize,
        channels,
        size.width(),
        size.depth(),
        size.heads(),
        classes,
        size.decoderDepth(),
        false);
  }

  private static void requirePositive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "diffusion transformer: expected %s of at least 1, got %d".formatted(what, value));
    }
  }

  /**
   * The same transformer with another number of blocks that see r; its parameters are the same.
   *
   * @param blocks how many of the last blocks see r
   * @return the transformer
   */
  public DiffusionTransformer withDecoderDepth(int blocks) {
    return new DiffusionTransformer(
        inputSize,
        patchSize,
        channels,
        width,
        depth,
        heads,
        classes,
        blocks,
        queryKeyNorm,
        mlpRatio);
  }

  /**
   * The number of tokens of an image.
   *
   * @return (inputSize / patchSize)²
   */
  public int tokens() {
    return side() * side();
  }

  /**
   * The shape of a batch of images.
   *
   * @param batch how many
   * @return [batch, channels, inputSize, inputSize]
   */
  public Shape images(int batch) {
    return Shape.of(batch, channels, inputSize, inputSize);
  }

  private int side() {
    return inputSize / patchSize;
  }

  private int patchElements() {
    return channels * patchSize * patchSize;
  }

  private Embedding labelEmbedding() {
    return new Embedding(classes + 1, width);
  }

  private Mlp timeMlp() {
    return new Mlp(TimeFeatures.WIDTH, width, width, Activation.SILU);
  }

  private TransformerBlock block() {
    return new TransformerBlock(width, heads, queryKeyNorm, mlpRatio);
  }

  private FinalLayer finalLayer() {
    return new FinalLayer(width, patchElements());
  }

  private Linear logVarianceLinear() {
    return new Linear(TimeFeatures.WIDTH, 1);
  }

  /**
   * Fresh parameters, as DiT draws them: adaLN and the final layer start at zero, so that every
   * block starts as the identity and the output at zero.
   *
   * @param key the key of the draw
   * @return float32 parameters under the authors' names
   */
  @Override
  public Parameters initialise(RandomKey key) {
    Parameters.Builder builder =
        Parameters.builder()
            .add(
                "x_embedder.proj.weight",
                Initialisers.xavierUniform(key.fold(0), width, patchElements())
                    .reshape(width, channels, patchSize, patchSize))
            .add("x_embedder.proj.bias", Initialisers.zeros(width))
            .add(
                "t_embedder.mlp.0.weight",
                Initialisers.normal(key.fold(1), SMALL, width, TimeFeatures.WIDTH))
            .add("t_embedder.mlp.0.bias", Initialisers.zeros(width))
            .add("t_embedder.mlp.2.weight", Initialisers.normal(key.fold(2), SMALL, width, width))
            .add("t_embedder.mlp.2.bias", Initialisers.zeros(width))
            .add(
                "y_embedder.embedding_table.weight",
                Initialisers.normal(key.fold(3), SMALL, classes + 1, width));
    for (int i = 0; i < depth; i++) {
      builder.add("blocks." + i, block().initialise(key.fold(16 + i)));
    }
    return builder
        .add("final_layer", finalLayer().initialise(key.fold(4)))
        .add("logvar_linear.weight", Initialisers.zeros(1, TimeFeatures.WIDTH))
        .add("logvar_linear.bias", Initialisers.zeros(1))
        .build();
  }

  /**
   * Parameters from a checkpoint. The authors' checkpoints hold the fixed positions too, as {@code
   * pos_embed} [1, tokens, width]: where they are there, they are read, and used in place of
   * computed ones. They are fixed, so that a model that has them is sampled from but not trained:
   * take them out with {@link Parameters#without} if they are the sin-cos positions that this model
   * computes.
   *
   * @param file the checkpoint
   * @param load how names and dtypes may differ
   * @return the stored tensors under this model's names, in its order, stored positions last
   * @throws IOException if the file does not fit; missing, unexpected and mis-shaped tensors are
   *     listed by name
   */
  @Override
  public Parameters load(Safetensors file, Load load) throws IOException {
    return load.read(file, expected(file, load));
  }

  /**
   * What a checkpoint's tensors are compared with.
   *
   * @param file the checkpoint
   * @param load how names and dtypes may differ
   * @return fresh parameters, with {@code pos_embed} if the checkpoint has it
   */
  public Parameters expected(Safetensors file, Load load) {
    Parameters fresh = initialise(RandomKey.of(0));
    Parameters positions =
        Parameters.of(
            POSITIONS, Positions.grid(side(), width).reshape(Shape.of(1, tokens(), width)));
    return load.compare(file, positions).missing().isEmpty()
        ? fresh.with(POSITIONS, positions.get(POSITIONS))
        : fresh;
  }

  /**
   * The average velocity from t to r; with r = t the velocity at t.
   *
   * @param parameters under the authors' names; {@code pos_embed} [1, tokens, width] may be among
   *     them and is then used in place of computed positions
   * @param x images [batch, channels, inputSize, inputSize], floats of the parameters' dtype
   * @param t where the images are, [batch]
   * @param r where they are going, [batch]
   * @param labels integers [batch] from 0 to {@code classes}. One outside that is known when the
   *     graph is built, a constant say, is an error; one that a program is given in a run counts as
   *     a label whose embedding is zero
   * @return floats of the images' shape
   * @throws TensorException if a shape does not fit, or a label is known to be outside
   */
  @Override
  public Tensor apply(Parameters parameters, Tensor x, Tensor t, Tensor r, Tensor labels) {
    int batch = check(x, t, r, labels);
    Tensor label = labelEmbedding().apply(parameters.scope("y_embedder.embedding_table"), labels);
    // Every block's modulation begins with this SiLU: taken once, it has one derivative.
    Tensor atT = Activation.SILU.apply(embedTime(parameters, t).add(label));
    Tensor atR = Activation.SILU.apply(embedTime(parameters, r).add(label));
    Tensor tokens = embedPatches(parameters, x, batch).add(positions(parameters, x.dtype()));
    for (int i = 0; i < depth; i++) {
      Tensor condition = i < depth - decoderDepth ? atT : atR;
      tokens = block().apply(parameters.scope("blocks." + i), tokens, condition);
    }
    return unpatchify(finalLayer().apply(parameters.scope("final_layer"), tokens, atR), batch);
  }

  private int check(Tensor x, Tensor t, Tensor r, Tensor labels) {
    int batch = x.shape().rank() == 0 ? 0 : x.shape().extent(0);
    if (!x.shape().equals(images(batch))) {
      throw new TensorException(
          "diffusion transformer: expected images [batch, %d, %d, %d], got %s"
              .formatted(channels, inputSize, inputSize, x.shape()));
    }
    requireBatch("t", t, batch);
    requireBatch("r", r, batch);
    requireBatch("labels", labels, batch);
    return batch;
  }

  private static void requireBatch(String what, Tensor tensor, int batch) {
    if (!tensor.shape().equals(Shape.of(batch))) {
      throw new TensorException(
          "diffusion transformer: expected %s [%d], one for each image, got %s"
              .formatted(what, batch, tensor.shape()));
    }
  }

  private Tensor embedTime(Parameters parameters, Tensor time) {
    Parameters mlp = parameters.scope("t_embedder.mlp");
    Mlp layers = timeMlp();
    Tensor hidden = layers.fc1().apply(mlp.scope("0"), TimeFeatures.of(time, TimeFeatures.WIDTH));
    return layers.fc2().apply(mlp.scope("2"), Activation.SILU.apply(hidden));
  }

  private Tensor positions(Parameters parameters, DType dtype) {
    if (parameters.contains(POSITIONS)) {
      return parameters.get(POSITIONS).reshape(tokens(), width);
    }
    return Positions.grid(side(), width).cast(dtype);
  }

  /** A convolution whose windows do not overlap is a product with the patches as rows. */
  private Tensor embedPatches(Parameters parameters, Tensor x, int batch) {
    Tensor patches =
        x.reshape(batch, channels, side(), patchSize, side(), patchSize)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(batch, tokens(), patchElements());
    Tensor weight = parameters.get("x_embedder.proj.weight").reshape(width, patchElements());
    return patches.matmul(weight.transpose()).add(parameters.get("x_embedder.proj.bias"));
  }

  private Tensor unpatchify(Tensor tokens, int batch) {
    return tokens
        .reshape(batch, side(), side(), patchSize, patchSize, channels)
        .permute(0, 5, 1, 3, 2, 4)
        .reshape(images(batch));
  }

  /**
   * The logarithm of the variance that the loss expects at a pair of times; only the loss asks.
   *
   * @param parameters under the authors' names
   * @param t where the images are, [batch]
   * @param r where they are going, [batch]
   * @return floats [batch]
   */
  @Override
  public Tensor logVariance(Parameters parameters, Tensor t, Tensor r) {
    Tensor features =
        Tensor.concat(
            1,
            TimeFeatures.of(t, TimeFeatures.WIDTH / 2),
            TimeFeatures.of(r, TimeFeatures.WIDTH / 2));
    return logVarianceLinear()
        .apply(parameters.scope("logvar_linear"), features)
        .reshape(t.shape());
  }
}
