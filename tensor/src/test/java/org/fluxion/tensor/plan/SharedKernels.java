package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * Which roots share a kernel, and in which order the kernels may run: what is said of {@link
 * Clusters}, stated a second time, with every question answered by looking at all that is there.
 */
final class SharedKernels {
  /** Roots of one kernel. */
  static final class Group {
    final List<Root> members = new ArrayList<>();
    final int level;
    final long walked;
    Loops loops;
    long row;
    long folded;

    Group(Root first, int level) {
      this.level = level;
      this.walked = first.walked();
      this.loops = first.loops;
      join(first);
    }

    void join(Root root) {
      members.add(root);
      if (root.kind == Root.Kind.ROW || root.kind == Root.Kind.COLUMN) {
        row = root.inner;
      }
      if (root.kind == Root.Kind.COLUMN) {
        folded = root.folded;
      }
    }

    boolean hasOwnKernel() {
      return members.getFirst().kind == Root.Kind.OPERATION || members.getFirst().placed;
    }

    /** Whether a member reads a root, wherever in it. */
    boolean reads(Root root) {
      return members.stream()
          .anyMatch(m -> m.dependencies.stream().anyMatch(d -> d.root() == root));
    }

    /** Whether a member's value is one for each row. */
    boolean isOfRows(Root member) {
      return member.kind == Root.Kind.ROW || member.walked() < walked;
    }
  }

  private static final int MOST_MEMBERS = 48;
  private static final int MOST_TRIED = 12;

  final List<Root> roots;
  final Set<Tensor> stored;
  final boolean together;
  final int mostBuffers;
  final Map<Root, Integer> levels = new HashMap<>();
  final Map<Root, Group> groups = new HashMap<>();

  /** In the order in which they may run. */
  final List<Group> order = new ArrayList<>();

  SharedKernels(Collection<Root> all, Set<Tensor> stored, boolean together, int mostBuffers) {
    roots = all.stream().filter(r -> r.kind != Root.Kind.LEAF).toList();
    this.stored = stored;
    this.together = together;
    this.mostBuffers = mostBuffers;
    roots.forEach(r -> levels.put(r, earliest(r)));
    // Readers come first, so that each knows how late it may be.
    Map<Root, Integer> late = new HashMap<>();
    for (Root root : roots.reversed()) {
      int latest =
          readers(root).stream()
              .mapToInt(reader -> late.get(reader) - (isProduct(reader) ? 1 : 0))
              .min()
              .orElse(earliest(root));
      late.put(root, Math.max(earliest(root), latest));
    }
    levels.putAll(late);
    withTheirOutputs();
    Set<Root> small = new HashSet<>();
    for (Root root : roots) {
      boolean ready =
          root.dependencies.stream()
              .map(Root.Dependency::root)
              .allMatch(
                  r ->
                      r.kind == Root.Kind.LEAF
                          || levels.get(r) < levels.get(root)
                          || small.contains(r));
      if (ready && root.walked() <= 64) {
        small.add(root);
      }
    }
    for (int level : new TreeSet<>(levels.values())) {
      List<Root> here = roots.stream().filter(r -> levels.get(r) == level).toList();
      here.stream().filter(r -> isProduct(r) && small.contains(r)).forEach(this::place);
      here.stream().filter(r -> isProduct(r) && !small.contains(r)).forEach(this::place);
      here.stream().filter(r -> !isProduct(r) && small.contains(r)).forEach(this::place);
      here.stream().filter(r -> !isProduct(r) && !small.contains(r)).forEach(this::place);
    }
  }

  /** Whether it has a kernel of its own, one level below the others. */
  private static boolean isProduct(Root root) {
    return root.kind == Root.Kind.OPERATION && !root.placed;
  }

  private List<Root> readers(Root root) {
    return roots.stream()
        .filter(r -> r.dependencies.stream().anyMatch(d -> d.root() == root))
        .toList();
  }

  /** The most products on a way to a root, itself included. */
  private int earliest(Root root) {
    int before =
        root.dependencies.stream()
            .filter(d -> d.root().kind != Root.Kind.LEAF)
            .mapToInt(d -> levels.computeIfAbsent(d.root(), this::earliest))
            .max()
            .orElse(0);
    return isProduct(root) ? before + 1 : before;
  }

  /** A log-sum-exp is computed with the earliest output of the same scores. */
  private void withTheirOutputs() {
    Map<Root, Integer> moved = new HashMap<>();
    for (Root root : roots) {
      if (root.node.op() instanceof Op.AttentionLogSumExp own) {
        for (Root other : roots) {
          if (other.node.op() instanceof Op.AttentionOutput output
              && own.scale() == output.scale()
              && own.causal() == output.causal()
              && root.node.inputs().subList(0, 2).equals(other.node.inputs().subList(0, 2))
              && mask(root).equals(mask(other))) {
            moved.merge(root, levels.get(other), Math::min);
          }
        }
      }
    }
    moved.forEach((root, level) -> levels.merge(root, level, Math::min));
  }

  private static List<Tensor> mask(Root attention) {
    int operands = ((Op.Attention) attention.node.op()).operands();
    return attention.node.inputs().subList(operands, attention.node.inputs().size());
  }

  // ---- one after another ----

  private void place(Root root) {
    if (together) {
      if (root.node.op() instanceof Op.Attention) {
        for (Group group : List.copyOf(order)) {
          if (sharesScores(group, root)) {
            join(group, root);
            return;
          }
        }
      } else if (root.kind != Root.Kind.OPERATION && !root.placed) {
        for (Group group : first(withSomethingInCommon(root))) {
          if (fits(group, root, false)) {
            join(group, root);
            return;
          }
        }
        for (Group group : first(withACommonReader(root))) {
          if (fits(group, root, true)) {
            join(group, root);
            return;
          }
        }
      }
    }
    Group own = new Group(root, levels.get(root));
    order.add(own);
    groups.put(root, own);
  }

  private void join(Group group, Root root) {
    if (!(root.node.op() instanceof Op.Attention)) {
      group.loops = Loops.refine(group.loops, loops(group, root));
      makeRoom(group, root);
    }
    group.join(root);
    groups.put(root, group);
  }

  private List<Group> first(Set<Group> found) {
    return order.stream()
        .filter(g -> found.contains(g) && !g.hasOwnKernel())
        .limit(MOST_TRIED)
        .toList();
  }

  private Set<Group> withSomethingInCommon(Root root) {
    Set<Group> found = new HashSet<>(read(root));
    for (Root.Dependency dependency : root.dependencies) {
      for (Group group : order) {
        if (group.members.stream().anyMatch(m -> readsAll(m, dependency.root()))) {
          found.add(group);
        }
      }
    }
    found.removeIf(group -> !isLateEnough(group, root));
    return found;
  }

  private static boolean readsAll(Root member, Root operand) {
    return member.dependencies.stream().anyMatch(d -> d.root() == operand && !d.isSlice());
  }

  private Set<Group> withACommonReader(Root root) {
    int level = levels.get(root);
    Set<Group> found = new HashSet<>();
    for (Root reader : readers(root)) {
      boolean atHand = reader.dependencies.stream().anyMatch(d -> d.root() == root && isInOrder(d));
      if (atHand && levels.get(reader) == level) {
        for (Root.Dependency other : reader.dependencies) {
          Group group = groups.get(other.root());
          if (group != null && group.level == level && isInOrder(other)) {
            found.add(group);
          }
        }
      }
    }
    return found;
  }

  private static boolean isInOrder(Root.Dependency dependency) {
    return dependency.repeat() >= 1 && dependency.root().kind != Root.Kind.COLUMN;
  }

  // ---- whether one fits ----

  private boolean fits(Group group, Root root, boolean related) {
    return group.members.size() < MOST_MEMBERS
        && hasTheSize(group, root)
        && foldsAlike(group, root)
        && hasAtHandWhatIsThere(group, root)
        && (related || hasInCommon(group, root))
        && Loops.refine(group.loops, loops(group, root)) != null
        && buffers(group, root) <= mostBuffers
        && hasOrder(group, root);
  }

  /** One for each value that it may have to store, and one for each that it gets from elsewhere. */
  private static int buffers(Group group, Root root) {
    List<Root> stored = new ArrayList<>(group.members);
    stored.add(root);
    Set<Root> read = new HashSet<>();
    stored.forEach(member -> member.dependencies.forEach(d -> read.add(d.root())));
    stored.forEach(read::remove);
    return stored.size() + read.size();
  }

  private static boolean isOfRows(Group group, Root root) {
    return root.walked() != group.walked;
  }

  /** As many elements, or an element for each row. */
  private static boolean hasTheSize(Group group, Root root) {
    return root.walked() == group.walked
        || (root.kind == Root.Kind.ELEMENT && root.walked() * group.row == group.walked);
  }

  private static boolean foldsAlike(Group group, Root root) {
    boolean reduces = root.kind == Root.Kind.ROW || root.kind == Root.Kind.COLUMN;
    boolean otherRow = reduces && group.row > 0 && group.row != root.inner;
    boolean otherFold =
        root.kind == Root.Kind.COLUMN && group.folded > 0 && group.folded != root.folded;
    return !otherRow && !otherFold;
  }

  /** What is computed at the same element or row; of columns nothing until the end. */
  private static boolean hasAtHandWhatIsThere(Group group, Root root) {
    for (Root.Dependency dependency : root.dependencies) {
      Root read = dependency.root();
      if (group.members.contains(read)) {
        boolean rows = group.isOfRows(read);
        long expected = rows && !isOfRows(group, root) ? group.row : 1;
        if (read.kind == Root.Kind.COLUMN
            || (isOfRows(group, root) && !rows)
            || dependency.repeat() != expected) {
          return false;
        }
      }
    }
    return true;
  }

  /** The order is changed among kernels of one level only. */
  private boolean isLateEnough(Group group, Root root) {
    return read(root).stream().allMatch(g -> g.level <= group.level);
  }

  /** A member that is read, or an operand that is worth reading once. */
  private static boolean hasInCommon(Group group, Root root) {
    return root.dependencies.stream()
        .anyMatch(
            d ->
                group.members.contains(d.root())
                    || (group.reads(d.root())
                        && !d.isSlice()
                        && 4 * d.root().node.shape().elements() >= group.walked));
  }

  /** A root's loops, and within them those over a row if it has an element for each. */
  private static Loops loops(Group group, Root root) {
    if (!isOfRows(group, root)) {
      return root.loops;
    }
    List<Long> extents = new ArrayList<>(root.loops.extents());
    extents.add(group.row);
    return new Loops(extents);
  }

  // ---- the order ----

  private Set<Group> read(Root root) {
    Set<Group> read = new LinkedHashSet<>();
    for (Root.Dependency dependency : root.dependencies) {
      if (groups.containsKey(dependency.root())) {
        read.add(groups.get(dependency.root()));
      }
    }
    return read;
  }

  /** All that must run before a group. */
  private Set<Group> before(Group group) {
    Set<Group> before = new HashSet<>();
    List<Group> left = new ArrayList<>(List.of(group));
    while (!left.isEmpty()) {
      for (Root member : left.removeLast().members) {
        for (Group read : read(member)) {
          if (before.add(read)) {
            left.add(read);
          }
        }
      }
    }
    before.remove(group);
    return before;
  }

  /** No group that the root reads needs the one it would join. */
  private boolean hasOrder(Group group, Root root) {
    return read(root).stream().noneMatch(g -> g != group && before(g).contains(group));
  }

  /** Up to the last that the root reads, what needs the group comes after what does not. */
  private void makeRoom(Group group, Root root) {
    int from = order.indexOf(group);
    int to = Math.max(from, read(root).stream().mapToInt(order::indexOf).max().orElse(0));
    List<Group> first = new ArrayList<>();
    List<Group> second = new ArrayList<>();
    for (Group each : order.subList(from, to + 1)) {
      (each == group || before(each).contains(group) ? second : first).add(each);
    }
    first.addAll(second);
    for (Group each : first) {
      order.set(from++, each);
    }
  }

  // ---- attention ----

  /** One pass over queries and keys computes both. */
  private boolean sharesScores(Group group, Root root) {
    if (!(group.members.getFirst().node.op() instanceof Op.Attention first)
        || group.level != levels.get(root)) {
      return false;
    }
    Op.Attention op = (Op.Attention) root.node.op();
    Map<String, Tensor> known = new HashMap<>();
    group.members.forEach(m -> known.putAll(operands(m)));
    Map<String, Tensor> own = operands(root);
    List<Root> all = new ArrayList<>(group.members);
    all.add(root);
    return pass(op) == pass(first)
        && op.scale() == first.scale()
        && op.causal() == first.causal()
        && group.members.stream().noneMatch(m -> m.node.op().getClass() == op.getClass())
        && own.containsKey("mask") == known.containsKey("mask")
        && own.keySet().stream().allMatch(k -> !known.containsKey(k) || known.get(k) == own.get(k))
        && MatrixViews.of(List.copyOf(Cluster.attentionOperands(all).values()), all, stored)
            != null;
  }

  private static String pass(Op.Attention op) {
    return switch (op) {
      case Op.AttentionOutput o -> "forward";
      case Op.AttentionLogSumExp o -> "forward";
      case Op.AttentionTangent o -> "forward";
      case Op.AttentionQueryCotangent o -> "by queries";
      case Op.AttentionKeyCotangent o -> "by keys";
      case Op.AttentionValueCotangent o -> "by keys";
    };
  }

  private static Map<String, Tensor> operands(Root root) {
    List<String> names =
        switch ((Op.Attention) root.node.op()) {
          case Op.AttentionOutput o -> List.of("q", "k", "v", "mask");
          case Op.AttentionLogSumExp o -> List.of("q", "k", "mask");
          case Op.AttentionTangent o -> List.of("q", "k", "v", "dq", "dk", "dv", "mask");
          default -> List.of("q", "k", "v", "output", "log-sum-exp", "cotangent", "mask");
        };
    Map<String, Tensor> operands = new HashMap<>();
    for (int i = 0; i < root.node.inputs().size(); i++) {
      operands.put(names.get(i), root.node.inputs().get(i));
    }
    return operands;
  }
}
