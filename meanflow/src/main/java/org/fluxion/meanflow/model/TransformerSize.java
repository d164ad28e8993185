package org.fluxion.meanflow.model;

/**
 * The published sizes of the diffusion transformer (Peebles and Xie, 2023), with as many blocks
 * that see r as Decoupled MeanFlow gives them: eight of the 28 of the largest, and a third of the
 * others.
 */
public enum TransformerSize {
  /** S. */
  SMALL(384, 12, 6, 4),
  /** B. */
  BASE(768, 12, 12, 4),
  /** L. */
  LARGE(1024, 24, 16, 8),
  /** XL. */
  EXTRA_LARGE(1152, 28, 16, 8);

  private final int width;
  private final int depth;
  private final int heads;
  private final int decoderDepth;

  TransformerSize(int width, int depth, int heads, int decoderDepth) {
    this.width = width;
    this.depth = depth;
    this.heads = heads;
    this.decoderDepth = decoderDepth;
  }

  /**
   * The width of a token.
   *
   * @return features
   */
  public int width() {
    return width;
  }

  /**
   * The number of blocks.
   *
   * @return blocks
   */
  public int depth() {
    return depth;
  }

  /**
   * Attention heads.
   *
   * @return heads, which divide the width
   */
  public int heads() {
    return heads;
  }

  /**
   * How many of the last blocks see r.
   *
   * @return blocks
   */
  public int decoderDepth() {
    return decoderDepth;
  }
}
