package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * A compiled graph, for any backend: kernels in the order to run them, and the memory they need.
 *
 * @param graph what it computes, as it was given
 * @param kernels the kernels, in order
 * @param inputs the buffer of each graph input
 * @param outputs the buffer of each graph output; an input's or a constant's if it is just that
 * @param constants what constant buffers hold
 * @param arena where temporary buffers lie
 * @param donated for each output that is written over an input, the buffers of both
 * @param carries for each output the index of the input that it becomes before the next run, or −1
 * @param moves the copies that make it so, in order
 * @param notes what is not computed as people would expect, a line each
 */
public record Plan(
    Graph graph,
    List<Kernel> kernels,
    List<Buffer> inputs,
    List<Buffer> outputs,
    Map<Buffer, HostData> constants,
    Arena arena,
    Map<Buffer, Buffer> donated,
    List<Integer> carries,
    List<Move> moves,
    List<String> notes) {
  /** Copies the lists and maps. */
  public Plan {
    kernels = List.copyOf(kernels);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    constants = Map.copyOf(constants);
    donated = Map.copyOf(donated);
    carries = List.copyOf(carries);
    moves = List.copyOf(moves);
    notes = List.copyOf(notes);
  }

  /**
   * The same memory with other kernels.
   *
   * @param others the kernels, in order
   * @return the plan
   */
  public Plan withKernels(List<Kernel> others) {
    return new Plan(
        graph, others, inputs, outputs, constants, arena, donated, carries, moves, notes);
  }

  /**
   * Compiles a graph.
   *
   * @param graph the graph
   * @param donations for each output the index of the input that it replaces, or −1; such outputs
   *     are written in place where no kernel reads the old value afterwards
   * @return the plan
   */
  public static Plan of(Graph graph, int[] donations) {
    return of(graph, donations, PlanOptions.ALL);
  }

  /**
   * Compiles a graph with some of the passes.
   *
   * @param graph the graph
   * @param donations for each output the index of the input that it replaces, or −1
   * @param options which passes run
   * @return the plan
   */
  public static Plan of(Graph graph, int[] donations, PlanOptions options) {
    return new Planner(graph, donations, options).plan();
  }

  private static final class Planner {
    private final Graph source;
    private final Graph graph;
    private final int[] donations;
    private final PlanOptions options;
    private final Map<Tensor, Root> roots;
    private final Map<Buffer, HostData> constants = new HashMap<>();
    private final Parts parts = new Parts();
    private final Set<String> notes = new LinkedHashSet<>();
    private int buffers;

    Planner(Graph source, int[] donations, PlanOptions options) {
      this.source = source;
      Graph simplified =
          Simplify.run(source, options.simplify(), options.attentionSizes(), notes::add);
      noteScores(simplified);
      if (options.splitSums()) {
        simplified = SplitSums.run(simplified);
      }
      this.graph = simplified;
      this.options = options;
      this.donations = donations;
      this.roots = Roots.of(graph, options.mostBuffers());
      if (options.placement()) {
        Placement.run(graph, roots);
      }
    }

    /** Says where attention's scores are computed although it has a kernel without them. */
    private void noteScores(Graph simplified) {
      Set<List<Tensor>> fused = new HashSet<>();
      for (Tensor node : simplified.nodes()) {
        if (node.op() instanceof Op.Attention) {
          fused.add(node.inputs().subList(0, 2));
        }
      }
      for (Tensor node : simplified.nodes()) {
        if (node.op() instanceof Op.Matmul
            && node.inputs().get(1).op() instanceof Op.Permute
            && fused.contains(
                List.of(node.inputs().get(0), node.inputs().get(1).inputs().get(0)))) {
          notes.add(
              "a derivative of attention beyond first order is computed by its definition, with scores of %s %s in memory"
                  .formatted(node.dtype(), node.shape()));
        }
      }
    }

    Plan plan() {
      List<Cluster> clusters = Clusters.of(roots, options.clusters(), options.mostBuffers());
      Set<Tensor> outputs = new HashSet<>(graph.outputs());
      for (Root root : roots.values()) {
        for (Root.Dependency dependency : root.dependencies) {
          Root read = dependency.root();
          read.stored |= read.cluster != root.cluster;
        }
        root.stored |= outputs.contains(root.node);
      }
      Set<Tensor> inputs = new HashSet<>(graph.inputs());
      for (Root root : roots.values()) {
        if (root.stored) {
          assign(root, inputs, outputs);
        }
      }
      List<Kernel> kernels = new ArrayList<>();
      for (Cluster cluster : clusters) {
        if (!cluster.isPlaced()) {
          kernels.add(KernelBuilder.build(cluster, roots));
        }
      }
      List<Kernel> order = options.schedule() ? Schedule.of(kernels, parts) : kernels;
      List<Buffer> inputBuffers = new ArrayList<>();
      for (Tensor input : graph.inputs()) {
        Root root = roots.get(input);
        inputBuffers.add(root == null ? unused(input) : root.buffer);
      }
      List<Buffer> outputBuffers = graph.outputs().stream().map(o -> roots.get(o).buffer).toList();
      Map<Buffer, Buffer> donated = Donation.of(order, inputBuffers, outputBuffers, donations);
      List<Integer> carries = Arrays.stream(donations).boxed().toList();
      List<Move> moves =
          Move.between(inputBuffers, outputBuffers, donated, carries, () -> buffers++);
      Arena arena = Arena.of(order, moves, parts);
      assert Verification.holds(order, parts, arena);
      return new Plan(
          source,
          order,
          inputBuffers,
          outputBuffers,
          constants,
          arena,
          donated,
          carries,
          moves,
          List.copyOf(notes));
    }

    /** Gives a root its memory: its own, or its place in another root's. */
    private void assign(Root root, Set<Tensor> inputs, Set<Tensor> outputs) {
      if (root.buffer != null) {
        return;
      }
      Root target = root.target;
      if (target != null) {
        assign(target, inputs, outputs);
      }
      boolean whole =
          target != null && root.node.shape().elements() == target.node.shape().elements();
      if (whole || !root.way.isEmpty()) {
        root.buffer = target.buffer;
        return;
      }
      root.buffer = buffer(root, inputs.contains(root.node), outputs.contains(root.node));
      if (target != null) {
        parts.put(root.buffer, new Parts.Part(target.buffer, root.offset));
      }
    }

    /** The buffer of an input that no output hangs on. */
    private Buffer unused(Tensor input) {
      int id = buffers++;
      return new Buffer(id, input.dtype(), input.shape(), Buffer.Kind.INPUT, name(input, id));
    }

    private static String name(Tensor input, int id) {
      return input.op() instanceof Op.Input i ? i.name() : "input" + id;
    }

    private Buffer buffer(Root root, boolean input, boolean output) {
      Buffer.Kind kind;
      String name;
      int id = buffers++;
      if (input) {
        kind = Buffer.Kind.INPUT;
        name = name(root.node, id);
      } else if (root.kind == Root.Kind.LEAF) {
        kind = Buffer.Kind.CONSTANT;
        name = "constant" + id;
      } else {
        kind = output ? Buffer.Kind.OUTPUT : Buffer.Kind.TEMPORARY;
        name = root.node.op().label() + id;
      }
      Buffer buffer = new Buffer(id, root.node.dtype(), root.node.shape(), kind, name);
      if (kind == Buffer.Kind.CONSTANT) {
        constants.put(buffer, ((Op.Constant) root.node.op()).data());
      }
      return buffer;
    }
  }
}
