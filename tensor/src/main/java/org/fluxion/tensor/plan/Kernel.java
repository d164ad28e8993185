package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;

/** What a plan asks of a backend: a piece of work over buffers that runs as one launch. */
public sealed interface Kernel {
  /**
   * What the listing calls it.
   *
   * @return a short name made of the operations in it
   */
  String name();

  /**
   * The buffers it reads.
   *
   * @return each once
   */
  List<Buffer> reads();

  /**
   * The buffers it writes, in full or, if several kernels write parts of one, its own part.
   *
   * @return each once
   */
  List<Buffer> writes();

  /**
   * Its floating point operations, a transcendental counted as one.
   *
   * @return the count
   */
  long flops();

  /**
   * What makes two kernels the same code: everything but buffers and sizes.
   *
   * @return the structure, as text
   */
  String structure();

  /**
   * The bytes it moves when each element that it needs is read and written once.
   *
   * @return bytes
   */
  default long bytes() {
    long bytes = 0;
    for (Buffer buffer : reads()) {
      bytes += buffer.bytes();
    }
    for (Buffer buffer : writes()) {
      bytes += buffer.bytes();
    }
    return bytes;
  }

  private static long product(List<Long> extents) {
    return extents.stream().reduce(1L, (a, b) -> a * b);
  }

  /** The bytes of a buffer that reads at several places touch, none counted twice at one place. */
  private static long touched(Buffer buffer, List<Access> accesses, List<Long> loops) {
    long elements = 0;
    for (Access access : accesses) {
      long[] strides = access.strides();
      long each = 1;
      for (int loop = 0; loop < strides.length; loop++) {
        each *= strides[loop] == 0 ? 1 : loops.get(loop);
      }
      elements += each;
    }
    return Math.min(elements, buffer.elements()) * buffer.dtype().bytes();
  }

  /** One step of a loop body; its value's number is its place in the list. */
  sealed interface Instruction {
    /**
     * The value's dtype.
     *
     * @return the dtype
     */
    DType dtype();
  }

  /**
   * Reads a buffer.
   *
   * @param access where
   */
  record Load(Access access) implements Instruction {
    @Override
    public DType dtype() {
      return access.buffer().dtype();
    }
  }

  /**
   * A constant.
   *
   * @param value one element
   */
  record Literal(HostData value) implements Instruction {
    @Override
    public DType dtype() {
      return value.dtype();
    }
  }

  /**
   * A function of the loop indices: offset + Σ stride·index.
   *
   * @param dtype its dtype
   * @param offset the value at index zero
   * @param strides the value's step of each loop
   */
  record Index(DType dtype, long offset, List<Long> strides) implements Instruction {}

  /**
   * An elementwise operation.
   *
   * @param op the operation
   * @param operands numbers of values
   * @param dtype the result's dtype
   */
  record Compute(Op op, List<Integer> operands, DType dtype) implements Instruction {}

  /**
   * A sum or a maximum over the innermost loops, one value per row.
   *
   * @param maximum whether it is the maximum
   * @param operand a value's number
   * @param dtype its dtype
   */
  record RowReduce(boolean maximum, int operand, DType dtype) implements Instruction {}

  /**
   * A sum or a maximum over the middle loops, which is only stored.
   *
   * @param maximum whether it is the maximum
   * @param operand a value's number
   * @param dtype its dtype
   */
  record ColumnReduce(boolean maximum, int operand, DType dtype) implements Instruction {}

  /**
   * Writes a value to a buffer, in order.
   *
   * @param value the value's number
   * @param buffer where to
   * @param level how many elements it has
   */
  record Store(int value, Buffer buffer, Level level) {}

  /** How many elements a value has. */
  enum Level {
    /** One per element of the loops. */
    ELEMENT,
    /** One per row. */
    ROW,
    /** One per column and repetition. */
    COLUMN
  }

  /**
   * A body run over nested loops. The loops are three groups: outer, folded by column reductions,
   * and the row. Without column reductions the second group is empty, without any reduction the row
   * is empty too.
   *
   * @param name the listing's name
   * @param loops extents, outermost first
   * @param folded how many rows a column reduction folds; 1 if there is none
   * @param row elements in a row; 1 if there is no reduction
   * @param body the instructions, operands first
   * @param stores what is written
   */
  record LoopKernel(
      String name,
      List<Long> loops,
      long folded,
      long row,
      List<Instruction> body,
      List<Store> stores)
      implements Kernel {
    /** Copies the lists. */
    public LoopKernel {
      loops = List.copyOf(loops);
      body = List.copyOf(body);
      stores = List.copyOf(stores);
    }

    /**
     * The elements that the loops walk over.
     *
     * @return the product of the extents
     */
    public long elements() {
      return product(loops);
    }

    @Override
    public List<Buffer> reads() {
      return body.stream()
          .filter(Load.class::isInstance)
          .map(i -> ((Load) i).access().buffer())
          .distinct()
          .toList();
    }

    @Override
    public List<Buffer> writes() {
      return stores.stream().map(Store::buffer).distinct().toList();
    }

    @Override
    public long bytes() {
      long bytes = writes().stream().mapToLong(Buffer::bytes).sum();
      for (Buffer buffer : reads()) {
        List<Access> accesses =
            body.stream()
                .filter(i -> i instanceof Load load && load.access().buffer().equals(buffer))
                .map(i -> ((Load) i).access())
                .toList();
        bytes += touched(buffer, accesses, loops);
      }
      return bytes;
    }

    @Override
    public long flops() {
      long perElement =
          body.stream()
              .filter(i -> !(i instanceof Load || i instanceof Literal || i instanceof Index))
              .count();
      return perElement * elements();
    }

    @Override
    public String structure() {
      StringBuilder text = new StringBuilder();
      for (Instruction instruction : body) {
        text.append(
            switch (instruction) {
              case Load load -> "load " + load.dtype() + load.access().bounds().size();
              case Literal literal -> "literal " + literal.dtype();
              case Index index -> "index " + index.dtype();
              case Compute compute -> compute.op().label() + compute.operands() + compute.dtype();
              case RowReduce reduce -> "row " + reduce.maximum() + reduce.operand();
              case ColumnReduce reduce -> "column " + reduce.maximum() + reduce.operand();
            });
        text.append(';');
      }
      stores.forEach(store -> text.append("store ").append(store.value()).append(store.level()));
      return text.toString();
    }
  }

  /**
   * A batched matrix product: c[b, i, j] = Σ a[b, i, p] · b[b, p, j]. Its result may be a part of a
   * buffer, or lie in another order; columns are always side by side.
   *
   * @param name the listing's name
   * @param batch the extents of the batch loops
   * @param m rows
   * @param n columns
   * @param k elements of each sum
   * @param a the left operand: strides of the batch loops, then row, then column
   * @param b the right operand, likewise
   * @param c the result, likewise
   */
  record MatmulKernel(
      String name, List<Long> batch, int m, int n, int k, Access a, Access b, Access c)
      implements Kernel {
    @Override
    public List<Buffer> reads() {
      return a.buffer().equals(b.buffer()) ? List.of(a.buffer()) : List.of(a.buffer(), b.buffer());
    }

    @Override
    public List<Buffer> writes() {
      return List.of(c.buffer());
    }

    @Override
    public long bytes() {
      List<Long> rowsAndColumns = new ArrayList<>(batch);
      rowsAndColumns.addAll(List.of((long) m, (long) k));
      long bytes = touched(a.buffer(), List.of(a), rowsAndColumns);
      rowsAndColumns.set(batch.size(), (long) k);
      rowsAndColumns.set(batch.size() + 1, (long) n);
      bytes += touched(b.buffer(), List.of(b), rowsAndColumns);
      rowsAndColumns.set(batch.size(), (long) m);
      return bytes + touched(c.buffer(), List.of(c), rowsAndColumns);
    }

    @Override
    public long flops() {
      return 2L * m * n * k * matrices();
    }

    /**
     * The products of the batch.
     *
     * @return their number, 1 without batch loops
     */
    public long matrices() {
      return product(batch);
    }

    @Override
    public String structure() {
      long[] sa = a.strides();
      long[] sb = b.strides();
      return "matmul "
          + c.buffer().dtype()
          + (sa[sa.length - 1] == 1)
          + (sb[sb.length - 1] == 1)
          + batch.isEmpty();
    }
  }

  /** What an operand is to attention. */
  enum Role {
    /** [queries, head size]. */
    QUERIES,
    /** [keys, head size]. */
    KEYS,
    /** [keys, value size]. */
    VALUES,
    /** [queries, head size]. */
    QUERIES_TANGENT,
    /** [keys, head size]. */
    KEYS_TANGENT,
    /** [keys, value size]. */
    VALUES_TANGENT,
    /** [queries, value size]. */
    OUTPUT,
    /** [queries, 1]. */
    LOG_SUM_EXP,
    /** The output's cotangent, [queries, value size]. */
    COTANGENT,
    /** [queries, keys], of bool or floats. */
    MASK;

    /**
     * The roles of an operation's operands, the mask left out.
     *
     * @param op the operation
     * @return a role per operand
     */
    public static List<Role> of(Op.Attention op) {
      return switch (op) {
        case Op.AttentionOutput o -> List.of(QUERIES, KEYS, VALUES);
        case Op.AttentionLogSumExp o -> List.of(QUERIES, KEYS);
        case Op.AttentionTangent o ->
            List.of(QUERIES, KEYS, VALUES, QUERIES_TANGENT, KEYS_TANGENT, VALUES_TANGENT);
        case Op.AttentionQueryCotangent o -> COTANGENTS;
        case Op.AttentionKeyCotangent o -> COTANGENTS;
        case Op.AttentionValueCotangent o -> COTANGENTS;
      };
    }

    private static final List<Role> COTANGENTS =
        List.of(QUERIES, KEYS, VALUES, OUTPUT, LOG_SUM_EXP, COTANGENT);

    /**
     * The pass over queries and keys that computes an operation: forward, backward with a row for
     * each query, or backward with a row for each key.
     *
     * @param op the operation
     * @return 0, 1 or 2
     */
    static int pass(Op.Attention op) {
      return switch (op) {
        case Op.AttentionOutput o -> 0;
        case Op.AttentionLogSumExp o -> 0;
        case Op.AttentionTangent o -> 0;
        case Op.AttentionQueryCotangent o -> 1;
        case Op.AttentionKeyCotangent o -> 2;
        case Op.AttentionValueCotangent o -> 2;
      };
    }
  }

  /**
   * Operations of the attention family over the same queries and keys, computed in one pass over
   * them without a matrix of queries by keys. All have one scale and one causality, and each role's
   * operand is the same for all.
   *
   * @param ops what is computed, each once: of output, log-sum-exp and tangent some; or the
   *     queries' cotangent; or those of keys and values, or one of them
   * @param batch the extents of the batch loops
   * @param queries how many
   * @param keys how many
   * @param headSize elements of a query and of a key
   * @param valueSize elements of a value; 0 if there are none
   * @param operands the operands: strides of the batch loops, then row, then column
   * @param results a result for each operation, likewise
   */
  record AttentionKernel(
      List<Op.Attention> ops,
      List<Long> batch,
      int queries,
      int keys,
      int headSize,
      int valueSize,
      Map<Role, Access> operands,
      List<Access> results)
      implements Kernel {
    /** Copies the collections, the operands in the order of the roles. */
    public AttentionKernel {
      ops = List.copyOf(ops);
      batch = List.copyOf(batch);
      operands = Collections.unmodifiableMap(new EnumMap<>(operands));
      results = List.copyOf(results);
    }

    /**
     * Whether it computes an operation.
     *
     * @param op the operation's class
     * @return whether it does
     */
    public boolean computes(Class<? extends Op.Attention> op) {
      return ops.stream().anyMatch(op::isInstance);
    }

    @Override
    public String name() {
      return ops.stream()
          .map(Op::label)
          .collect(Collectors.joining("+"))
          .replace("+attention", "+");
    }

    @Override
    public List<Buffer> reads() {
      return operands.values().stream().map(Access::buffer).distinct().toList();
    }

    @Override
    public List<Buffer> writes() {
      return results.stream().map(Access::buffer).distinct().toList();
    }

    @Override
    public long bytes() {
      long bytes = 0;
      for (Map.Entry<Role, Access> operand : operands.entrySet()) {
        long rows =
            switch (operand.getKey()) {
              case KEYS, VALUES, KEYS_TANGENT, VALUES_TANGENT -> keys;
              default -> queries;
            };
        long columns =
            switch (operand.getKey()) {
              case QUERIES, KEYS, QUERIES_TANGENT, KEYS_TANGENT -> headSize;
              case VALUES, VALUES_TANGENT, OUTPUT, COTANGENT -> valueSize;
              case LOG_SUM_EXP -> 1;
              case MASK -> keys;
            };
        List<Long> loops = new ArrayList<>(batch);
        loops.addAll(List.of(rows, columns));
        bytes += touched(operand.getValue().buffer(), List.of(operand.getValue()), loops);
      }
      for (Op.Attention op : ops) {
        long elements =
            switch (op) {
              case Op.AttentionOutput o -> (long) queries * valueSize;
              case Op.AttentionLogSumExp o -> queries;
              case Op.AttentionTangent o -> (long) queries * valueSize;
              case Op.AttentionQueryCotangent o -> (long) queries * headSize;
              case Op.AttentionKeyCotangent o -> (long) keys * headSize;
              case Op.AttentionValueCotangent o -> (long) keys * valueSize;
            };
        bytes += elements * matrices() * results.get(0).buffer().dtype().bytes();
      }
      return bytes;
    }

    @Override
    public long flops() {
      // Multiplications and additions of the products that one pass needs, per query and key.
      long each = 2L * headSize;
      boolean tangent = computes(Op.AttentionTangent.class);
      each += tangent || computes(Op.AttentionOutput.class) ? 2L * valueSize : 0;
      each += tangent ? 4L * headSize + 4L * valueSize : 0;
      each += computes(Op.AttentionQueryCotangent.class) ? 2L * (headSize + valueSize) : 0;
      each += computes(Op.AttentionKeyCotangent.class) ? 2L * (headSize + valueSize) : 0;
      each += computes(Op.AttentionValueCotangent.class) ? 2L * valueSize : 0;
      long pairs = (long) queries * keys;
      if (ops.get(0).causal()) {
        long square = Math.min(queries, keys);
        pairs = square * (square + 1) / 2 + (queries - square) * keys;
      }
      return each * pairs * matrices();
    }

    /**
     * The attentions of the batch, heads among them.
     *
     * @return their number, 1 without batch loops
     */
    public long matrices() {
      return product(batch);
    }

    @Override
    public String structure() {
      String mask =
          operands.containsKey(Role.MASK) ? "" + operands.get(Role.MASK).buffer().dtype() : "";
      return String.format(
          Locale.ROOT,
          "%s%s %d,%d %s%s",
          name(),
          ops.get(0),
          headSize,
          valueSize,
          results.get(0).buffer().dtype(),
          mask);
    }
  }

  /**
   * Any other operation, on operands that lie in order.
   *
   * @param op the operation
   * @param operands its operands
   * @param shapes the operands' shapes
   * @param result where the result goes
   * @param shape the result's shape
   */
  record OperationKernel(
      Op op,
      List<Buffer> operands,
      List<org.fluxion.tensor.Shape> shapes,
      Buffer result,
      org.fluxion.tensor.Shape shape)
      implements Kernel {
    @Override
    public String name() {
      return op.label();
    }

    @Override
    public List<Buffer> reads() {
      return operands.stream().distinct().toList();
    }

    @Override
    public List<Buffer> writes() {
      return List.of(result);
    }

    @Override
    public long flops() {
      return 0;
    }

    @Override
    public String structure() {
      return op.label() + result.dtype();
    }
  }
}
