package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/** Writes a cluster down as one kernel: the members' expressions as a list of instructions. */
final class KernelBuilder {
  private final Cluster cluster;
  private final Map<Tensor, Root> roots;
  private final Map<Kernel.Instruction, Integer> numbers = new HashMap<>();
  private final Map<Root, Integer> members = new HashMap<>();
  private final List<Kernel.Instruction> body = new ArrayList<>();

  private KernelBuilder(Cluster cluster, Map<Tensor, Root> roots) {
    this.cluster = cluster;
    this.roots = roots;
  }

  static Kernel build(Cluster cluster, Map<Tensor, Root> roots) {
    if (cluster.isAttention()) {
      return attention(cluster.members, roots);
    }
    if (cluster.isOperation()) {
      return operation(cluster.members.get(0), roots);
    }
    return new KernelBuilder(cluster, roots).loops();
  }

  private static Kernel operation(Root root, Map<Tensor, Root> roots) {
    Tensor node = root.node;
    if (!(node.op() instanceof Op.Matmul)) {
      List<Buffer> operands =
          node.inputs().stream()
              .map(operand -> Reach.stored(operand, roots.keySet()))
              .map(source -> roots.get(source).buffer)
              .toList();
      return new Kernel.OperationKernel(
          node.op(),
          operands,
          node.inputs().stream().map(Tensor::shape).toList(),
          root.buffer,
          node.shape());
    }
    MatrixViews.Views views = MatrixViews.of(node.inputs(), List.of(root), roots.keySet());
    int m = node.shape().extent(-2);
    int n = node.shape().extent(-1);
    int k = node.inputs().get(0).shape().extent(-1);
    return new Kernel.MatmulKernel(
        "matmul",
        views.batch().extents(),
        m,
        n,
        k,
        access(views.operands().get(0), roots),
        access(views.operands().get(1), roots),
        access(views.results().get(0), roots));
  }

  /** Operations of the attention family over the same queries and keys, in one pass. */
  private static Kernel attention(List<Root> members, Map<Tensor, Root> roots) {
    Map<Kernel.Role, Tensor> operands = Cluster.attentionOperands(members);
    MatrixViews.Views views =
        MatrixViews.of(List.copyOf(operands.values()), members, roots.keySet());
    Map<Kernel.Role, Access> accesses = new EnumMap<>(Kernel.Role.class);
    int i = 0;
    for (Kernel.Role role : operands.keySet()) {
      accesses.put(role, access(views.operands().get(i++), roots));
    }
    Tensor queries = operands.get(Kernel.Role.QUERIES);
    Tensor values = operands.get(Kernel.Role.VALUES);
    return new Kernel.AttentionKernel(
        members.stream().map(member -> (Op.Attention) member.node.op()).toList(),
        views.batch().extents(),
        queries.shape().extent(-2),
        operands.get(Kernel.Role.KEYS).shape().extent(-2),
        queries.shape().extent(-1),
        values == null ? 0 : values.shape().extent(-1),
        accesses,
        views.results().stream().map(view -> access(view, roots)).toList());
  }

  private static Access access(MatrixViews.View view, Map<Tensor, Root> roots) {
    long[] strides = java.util.Arrays.copyOf(view.batch(), view.batch().length + 2);
    strides[strides.length - 2] = view.row();
    strides[strides.length - 1] = view.column();
    return new Access(roots.get(view.source()).buffer, view.offset(), strides, List.of());
  }

  private Kernel loops() {
    Loops loops = cluster.loops;
    List<Kernel.Store> stores = new ArrayList<>();
    Set<String> labels = new LinkedHashSet<>();
    for (Root member : cluster.members) {
      boolean rowLevel = member.walked() != cluster.walked;
      int value;
      try {
        value = member(member, member.start(loops, steps(loops, rowLevel)));
      } catch (IndexMap.SplitNeeded | IndexMap.NotAffine impossible) {
        throw new IllegalStateException("the loops " + loops + " do not fit " + member, impossible);
      }
      members.put(member, value);
      labels.add(member.node.op().label());
      if (member.stored) {
        Kernel.Level level =
            switch (member.kind) {
              case ROW -> Kernel.Level.ROW;
              case COLUMN -> Kernel.Level.COLUMN;
              default -> rowLevel ? Kernel.Level.ROW : Kernel.Level.ELEMENT;
            };
        stores.add(new Kernel.Store(value, member.buffer, level));
      }
    }
    return new Kernel.LoopKernel(
        String.join("+", labels),
        loops.extents(),
        Math.max(1, cluster.folded),
        Math.max(1, cluster.row),
        body,
        stores);
  }

  /** The elements that each loop steps over, in a tensor of elements or of rows. */
  private long[] steps(Loops loops, boolean rowLevel) {
    long[] steps = loops.steps();
    if (rowLevel) {
      for (int i = 0; i < steps.length; i++) {
        steps[i] /= cluster.row;
      }
    }
    return steps;
  }

  private int member(Root member, IndexMap map) throws IndexMap.SplitNeeded, IndexMap.NotAffine {
    if (!member.isReduction()) {
      return compute(member.node, map);
    }
    int operand = value(member.walkedTensor(), map);
    boolean maximum = member.node.op() instanceof Op.ReduceMax;
    return number(
        member.kind == Root.Kind.ROW
            ? new Kernel.RowReduce(maximum, operand, member.node.dtype())
            : new Kernel.ColumnReduce(maximum, operand, member.node.dtype()));
  }

  private int value(Tensor node, IndexMap map) throws IndexMap.SplitNeeded, IndexMap.NotAffine {
    Tensor stored = Reach.stored(node, roots.keySet());
    return stored != null ? stored(stored, node, map) : compute(node, map);
  }

  /** The value of a root, seen through reshapes: computed in this kernel, or else loaded. */
  private int stored(Tensor stored, Tensor node, IndexMap map) {
    Root root = roots.get(stored);
    return root.cluster == cluster
        ? members.get(root)
        : number(new Kernel.Load(map.access(root.buffer, node.shape())));
  }

  private int compute(Tensor node, IndexMap map) throws IndexMap.SplitNeeded, IndexMap.NotAffine {
    if (node.op() instanceof Op.Reshape) {
      // Seen through a reshape, a stored operand is where it is; only others need its own axes.
      Tensor stored = Reach.stored(node.inputs().get(0), roots.keySet());
      if (stored != null) {
        return stored(stored, node, map);
      }
    }
    if (Roots.isView(node.op())) {
      return value(node.inputs().get(0), map.operand(node));
    }
    return switch (node.op()) {
      case Op.Constant constant -> number(new Kernel.Literal(constant.data()));
      case Op.Iota iota -> {
        List<Long> strides = new ArrayList<>();
        for (long stride : map.strides[iota.axis()]) {
          strides.add(stride);
        }
        yield number(new Kernel.Index(node.dtype(), map.offsets[iota.axis()], strides));
      }
      default -> {
        List<Integer> operands = new ArrayList<>();
        for (Tensor operand : node.inputs()) {
          operands.add(value(operand, map));
        }
        yield number(new Kernel.Compute(node.op(), operands, node.dtype()));
      }
    };
  }

  private int number(Kernel.Instruction instruction) {
    return numbers.computeIfAbsent(
        instruction,
        key -> {
          body.add(instruction);
          return body.size() - 1;
        });
  }
}
