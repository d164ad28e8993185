package org.fluxion.tensor;

/** The losses that people expect without asking, each a scalar. Meant for static import. */
public final class Losses {
  private Losses() {}

  /**
   * The mean negative log-likelihood of labels under softmax(logits), computed from the logits so
   * that nothing overflows.
   *
   * @param logits float32 or float64 [..., classes]
   * @param labels integers [...], each from 0 to classes − 1, or probabilities of the logits' shape
   *     and dtype. A label outside that is known when the graph is built, a constant say, is an
   *     error; one that a program is given in a run makes the loss NaN, rather than pass unnoticed,
   *     while its row adds nothing to the derivative, rather than spoil the weights
   * @return a scalar of the logits' dtype
   * @throws TensorException if the shapes do not fit, or a label is known to be outside
   */
  public static Tensor crossEntropy(Tensor logits, Tensor labels) {
    Shape shape = logits.shape();
    if (shape.rank() == 0) {
      throw new TensorException("crossEntropy: expected logits [..., classes], got a scalar");
    }
    Tensor logarithms = logits.logSoftmax(-1);
    if (labels.dtype().isFloating() && labels.shape().equals(shape)) {
      return labels.mul(logarithms).sum(-1).mean().neg();
    }
    int[] rows = java.util.Arrays.copyOf(shape.extents(), shape.rank() - 1);
    if (!labels.dtype().isInteger() || !labels.shape().equals(Shape.of(rows))) {
      throw new TensorException(
          "crossEntropy: logits %s need integer labels %s or probabilities %s, got %s %s"
              .formatted(shape, Shape.of(rows), shape, labels.dtype(), labels.shape()));
    }
    int classes = shape.extent(-1);
    KnownIndices.requireInside(
        "crossEntropy", "label", labels, classes, "the %d classes of %s".formatted(classes, shape));
    Tensor column = labels.reshape(shape.with(-1, 1));
    Tensor picked = logarithms.takeAlong(column, -1);
    Tensor valid = column.greaterEqual(0).and(column.less(classes));
    return Tensor.where(valid, picked, Double.NaN).mean().neg();
  }

  /**
   * The mean of (prediction − target)² over all elements.
   *
   * @param prediction floats
   * @param target floats of the same shape and dtype
   * @return a scalar
   * @throws TensorException if the shapes differ: [n] and [n, 1] would silently make [n, n]
   */
  public static Tensor meanSquaredError(Tensor prediction, Tensor target) {
    if (!prediction.shape().equals(target.shape())) {
      throw new TensorException(
          "meanSquaredError: shapes differ: prediction %s, target %s; reshape one of them"
              .formatted(prediction.shape(), target.shape()));
    }
    return prediction.sub(target).square().mean();
  }
}
