package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Scaled dot-product attention (Vaswani et al., "Attention is all you need", 2017, equation 1):
 * softmax(scale · Q·Kᵀ)·V, with what is said of it one after another:
 *
 * <pre>{@code
 * Tensor output = Attention.over(queries, keys, values).causal().output();
 * }</pre>
 *
 * It is one operation, which jvp and vjp differentiate to others of its {@linkplain Op.Attention
 * family}. A backend with kernels for them computes output and tangent in one pass (online softmax:
 * Milakov and Gimelshein, 2018; Dao et al., "FlashAttention", 2022) and never stores a matrix of
 * queries by keys; elsewhere, and where a derivative goes beyond the family, the {@linkplain
 * #definition definition} in primitives is what runs.
 *
 * @param queries floats [..., queries, head size]
 * @param keys floats [..., keys, head size], the batch axes as the queries'
 * @param values floats [..., keys, value size]
 * @param mask which keys a query sees (bool), or what is added to the scores (floats), of a shape
 *     that broadcasts to [..., queries, keys]
 * @param scale what the products of queries and keys are multiplied by
 * @param isCausal whether query i sees keys 0 to i only
 */
public record Attention(
    Tensor queries,
    Tensor keys,
    Tensor values,
    Optional<Tensor> mask,
    double scale,
    boolean isCausal) {
  /**
   * Attention with a scale of 1/√(head size), in which every query sees every key.
   *
   * @param queries floats [..., queries, head size]
   * @param keys floats [..., keys, head size]
   * @param values floats [..., keys, value size]
   * @return the attention
   * @throws TensorException if the queries are no matrices
   */
  public static Attention over(Tensor queries, Tensor keys, Tensor values) {
    if (queries.shape().rank() < 2) {
      throw new TensorException(
          "attention: expected queries [..., count, size], got %s".formatted(queries.shape()));
    }
    double scale = 1 / Math.sqrt(Math.max(1, queries.shape().extent(-1)));
    return new Attention(queries, keys, values, Optional.empty(), scale, false);
  }

  /**
   * The same with another scale.
   *
   * @param factor what the products of queries and keys are multiplied by
   * @return the attention
   */
  public Attention scaled(double factor) {
    return new Attention(queries, keys, values, mask, factor, isCausal);
  }

  /**
   * The same, looking backwards only: query i sees keys 0 to i.
   *
   * @return the attention
   */
  public Attention causal() {
    return new Attention(queries, keys, values, mask, scale, true);
  }

  /**
   * The same with a mask. A query that sees no key gets zeros.
   *
   * @param visible a bool, true where a query sees a key, or floats that are added to the scores
   *     (−∞ hides a key); of a shape that broadcasts to [..., queries, keys]
   * @return the attention
   */
  public Attention masked(Tensor visible) {
    return new Attention(queries, keys, values, Optional.of(visible), scale, isCausal);
  }

  /**
   * The weighted means of the values.
   *
   * @return floats [..., queries, value size]
   * @throws TensorException if the shapes or dtypes do not fit
   */
  public Tensor output() {
    return Tensor.apply(new Op.AttentionOutput(scale, isCausal), operands(queries, keys, values));
  }

  /**
   * ln Σ exp of the scores over the keys.
   *
   * @return floats [..., queries, 1]; −∞ for a query that sees no key
   * @throws TensorException if the shapes or dtypes do not fit
   */
  public Tensor logSumExp() {
    return Tensor.apply(new Op.AttentionLogSumExp(scale, isCausal), operands(queries, keys));
  }

  private List<Tensor> operands(Tensor... plain) {
    List<Tensor> operands = new ArrayList<>(List.of(plain));
    if (mask.isPresent() && keys.shape().rank() == queries.shape().rank()) {
      Shape scores = queries.shape().with(-1, keys.shape().extent(-2));
      operands.add(mask.get().broadcastTo(scores));
    }
    return operands;
  }

  /**
   * What an operation of the family means, in primitives, with a matrix of queries by keys.
   *
   * @param op the operation
   * @param operands its operands
   * @return the result
   */
  public static Tensor definition(Op.Attention op, List<Tensor> operands) {
    Optional<Tensor> mask =
        operands.size() > op.operands() ? Optional.of(operands.getLast()) : Optional.empty();
    Tensor q = operands.get(0);
    Tensor k = operands.get(1);
    Tensor scores = scores(op, q, k, mask);
    return switch (op) {
      case Op.AttentionOutput o -> weights(scores, mask.isPresent()).matmul(operands.get(2));
      case Op.AttentionLogSumExp o -> {
        Tensor peak = peak(scores, mask.isPresent());
        Tensor total = scores.sub(peak).exp().sumKeep(-1);
        Tensor none = total.equal(Tensor.scalar(0, q.dtype()));
        Tensor hidden = Tensor.scalar(Double.NEGATIVE_INFINITY, q.dtype());
        // The logarithm of 0 would be right, and its derivative NaN.
        yield mask.isPresent()
            ? Tensor.where(none, hidden, oneIfZero(total).log().add(peak))
            : total.log().add(peak);
      }
      case Op.AttentionTangent o -> {
        Tensor p = weights(scores, mask.isPresent());
        // ds = scale·(dQ·Kᵀ + Q·dKᵀ), dP = P∘(ds − Σ P∘ds), dO = dP·V + P·dV
        Tensor ds =
            operands
                .get(3)
                .matmul(k.transpose())
                .add(q.matmul(operands.get(4).transpose()))
                .mul(op.scale());
        Tensor dp = p.mul(ds.sub(p.mul(ds).sumKeep(-1)));
        yield dp.matmul(operands.get(2)).add(p.matmul(operands.get(5)));
      }
      case Op.AttentionQueryCotangent o ->
          scoresCotangent(op, scores, operands, mask.isPresent()).matmul(k);
      case Op.AttentionKeyCotangent o ->
          scoresCotangent(op, scores, operands, mask.isPresent()).transpose().matmul(q);
      case Op.AttentionValueCotangent o ->
          again(scores, operands.get(4), mask.isPresent()).transpose().matmul(operands.get(5));
    };
  }

  private static Tensor scores(Op.Attention op, Tensor q, Tensor k, Optional<Tensor> mask) {
    // The scores are scaled, not the queries, since that is done while the softmax is computed.
    Tensor scores = q.matmul(k.transpose()).mul(op.scale());
    Tensor hidden = Tensor.scalar(Double.NEGATIVE_INFINITY, q.dtype());
    if (op.causal()) {
      Tensor key = Tensor.arange(scores.shape().extent(-1), DType.INT32);
      Tensor query = Tensor.arange(scores.shape().extent(-2), DType.INT32).reshape(-1, 1);
      scores = Tensor.where(key.lessEqual(query), scores, hidden);
    }
    if (mask.isEmpty()) {
      return scores;
    }
    return mask.get().dtype() == DType.BOOL
        ? Tensor.where(mask.get(), scores, hidden)
        : scores.add(mask.get());
  }

  /** The largest score of each query, as a constant; 0 where it sees no key. */
  private static Tensor peak(Tensor scores, boolean masked) {
    Tensor peak = Tensor.apply(new Op.StopGradient(), List.of(scores.maxKeep(-1)));
    return masked ? zeroIfNone(peak) : peak;
  }

  private static Tensor zeroIfNone(Tensor x) {
    Tensor none = x.equal(Tensor.scalar(Double.NEGATIVE_INFINITY, x.dtype()));
    return Tensor.where(none, Tensor.scalar(0, x.dtype()), x);
  }

  private static Tensor weights(Tensor scores, boolean masked) {
    Tensor e = scores.sub(peak(scores, masked)).exp();
    Tensor total = e.sumKeep(-1);
    // One division a row rather than one an element.
    return e.mul((masked ? oneIfZero(total) : total).reciprocal());
  }

  private static Tensor oneIfZero(Tensor x) {
    Tensor none = x.equal(Tensor.scalar(0, x.dtype()));
    return Tensor.where(none, Tensor.scalar(1, x.dtype()), x);
  }

  /** The weights, from the scores and their log-sum-exp. */
  private static Tensor again(Tensor scores, Tensor logSumExp, boolean masked) {
    return scores.sub(masked ? zeroIfNone(logSumExp) : logSumExp).exp();
  }

  /** The cotangent of Q·Kᵀ: scale · P∘(Ō·Vᵀ − Σ Ō∘O). */
  private static Tensor scoresCotangent(
      Op.Attention op, Tensor scores, List<Tensor> operands, boolean masked) {
    Tensor cotangent = operands.get(5);
    Tensor p = again(scores, operands.get(4), masked);
    Tensor dp = cotangent.matmul(operands.get(2).transpose());
    Tensor delta = cotangent.mul(operands.get(3)).sumKeep(-1);
    return p.mul(dp.sub(delta)).mul(op.scale());
  }
}
