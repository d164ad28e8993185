package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.jocl.cl_kernel;

/**
 * Writes a plan's kernels for a device, in work-groups as large as the device has them, or as their
 * compiler leaves each of them: it may take so much of what work-items share, such as registers,
 * that there are fewer.
 */
final class Lowering {
  /**
   * A launch.
   *
   * @param launch the launch
   * @param number which of the plan's kernels it is of
   * @param name which part of that it is, if several launches make it up; else empty
   */
  record Part(Launch launch, int number, String name) {}

  private final Plan plan;
  private final Context context;
  private final Family family;
  private final MatmulTiles tiles;

  /** Which tile each product got, by the number of its kernel. */
  private final Map<Integer, String> variants = new HashMap<>();

  /** How large work-groups may be of kernels that were too large, by the kernel's number. */
  private final Map<Integer, Integer> groups = new HashMap<>();

  /** What is to be said of those. */
  private final Map<Integer, String> shrunk = new TreeMap<>();

  /**
   * Kernels for a device.
   *
   * @param plan the plan
   * @param context the device in use
   * @param family how kernels are cut for it
   * @param tiles how products are cut
   */
  Lowering(Plan plan, Context context, Family family, MatmulTiles tiles) {
    this.plan = plan;
    this.context = context;
    this.family = family;
    this.tiles = tiles;
  }

  /** The launches of all kernels, in order. */
  List<Part> parts() {
    List<Part> parts = new ArrayList<>();
    for (int number = 0; number < plan.kernels().size(); number++) {
      List<Launch> made = launches(number);
      for (Launch launch : made) {
        if (launch.groups() > 0) {
          boolean alone = made.stream().allMatch(l -> l.name().equals(launch.name()));
          parts.add(new Part(launch, number, alone ? "" : launch.name()));
        }
      }
    }
    return parts;
  }

  private List<Launch> launches(int number) {
    int group = groups.getOrDefault(number, context.memory().limits().group());
    Family fitting = family.within(group);
    return switch (plan.kernels().get(number)) {
      case Kernel.LoopKernel loops -> LoopSource.launches(loops, fitting);
      case Kernel.MatmulKernel matmul -> {
        MatmulTiles.Choice choice =
            groups.containsKey(number)
                ? context.matmulDefaults(fitting, group).choose(matmul)
                : tiles.choose(matmul);
        variants.put(number, choice.describe());
        yield MatmulSource.of(matmul, fitting, choice.tile());
      }
      case Kernel.AttentionKernel attention ->
          AttentionSource.of(attention, fitting, context.device().localBytes(), group);
      case Kernel.OperationKernel operation -> OperationSource.of(operation, fitting);
    };
  }

  /**
   * Finds kernels whose compiler leaves them smaller work-groups than they were written for.
   *
   * @param parts the launches
   * @param kernels what was built of each
   * @return whether there are such: then all are to be written anew
   */
  boolean shrink(List<Part> parts, List<cl_kernel> kernels) {
    boolean found = false;
    for (int i = 0; i < parts.size(); i++) {
      int fitting = largestGroup(kernels.get(i));
      int lanes = parts.get(i).launch().lanes();
      if (lanes > Math.max(1, fitting)) {
        int number = parts.get(i).number();
        groups.merge(number, Math.clamp(fitting, 1, lanes / 2), Math::min);
        shrunk.putIfAbsent(
            number,
            "%s: the compiler of %s leaves its kernel %d work-items of %d in a group, so that it runs in smaller groups"
                .formatted(described(number), context.device().model(), fitting, lanes));
        found = true;
      }
    }
    return found;
  }

  private int largestGroup(cl_kernel kernel) {
    return context
        .memory()
        .limits()
        .kernelGroup()
        .orElseGet(() -> Info.largestGroup(kernel, context.device().id()));
  }

  /** A kernel as people are told of it. */
  String described(int number) {
    return "kernel %d, %s".formatted(number, plan.kernels().get(number).name());
  }

  /** Which tile a product got; empty for other kernels. */
  String variant(int number) {
    return variants.getOrDefault(number, "");
  }

  /** Which kernels have smaller work-groups than usual, a line each. */
  List<String> notes() {
    return List.copyOf(shrunk.values());
  }
}
