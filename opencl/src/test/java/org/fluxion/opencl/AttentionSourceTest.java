package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every operation of the attention family, at any length, head size, mask and order of its
 * operands, is its definition, in both families of kernels.
 */
class AttentionSourceTest {
  /**
   * What is computed.
   *
   * @param batch matrices
   * @param queries how many
   * @param keys how many
   * @param head elements of a query and of a key
   * @param value elements of a value
   * @param causal whether it looks backwards only
   * @param mask "", "bool" or "float"
   */
  record Setting(
      int batch, int queries, int keys, int head, int value, boolean causal, String mask) {}

  /** Length one, ragged tails, several blocks, cross attention, and the head sizes in use. */
  private static final List<Setting> SETTINGS =
      List.of(
          new Setting(1, 1, 1, 1, 1, false, ""),
          new Setting(2, 5, 3, 7, 4, false, ""),
          new Setting(1, 17, 70, 64, 64, false, ""),
          new Setting(1, 70, 17, 24, 40, false, "bool"),
          new Setting(2, 67, 67, 16, 16, true, ""),
          new Setting(1, 33, 65, 72, 72, true, "float"),
          new Setting(1, 130, 9, 8, 128, true, "bool"));

  private static Tensor random(int seed, DType dtype, int... extents) {
    return RandomKey.of(seed).normal(Shape.of(extents), dtype).detach();
  }

  /**
   * The passes, each with all that it may compute; and what it may compute alone, in one setting,
   * since each kernel costs a compiler's time.
   */
  private static List<List<Op.Attention>> kernels(double scale, boolean causal, boolean alone) {
    Op.Attention output = new Op.AttentionOutput(scale, causal);
    Op.Attention logSumExp = new Op.AttentionLogSumExp(scale, causal);
    Op.Attention tangent = new Op.AttentionTangent(scale, causal);
    Op.Attention keys = new Op.AttentionKeyCotangent(scale, causal);
    Op.Attention values = new Op.AttentionValueCotangent(scale, causal);
    List<List<Op.Attention>> passes =
        List.of(
            List.of(output, logSumExp, tangent),
            List.of(new Op.AttentionQueryCotangent(scale, causal)),
            List.of(keys, values));
    if (!alone) {
      return passes;
    }
    return List.of(
        passes.get(0),
        passes.get(1),
        passes.get(2),
        List.of(output),
        List.of(logSumExp),
        List.of(keys),
        List.of(values));
  }

  /** The operands: inputs of a program, some of them stored in another order, and their values. */
  private static final class Operands {
    final Map<Tensor, HostData> values = new HashMap<>();
    final Map<Kernel.Role, Tensor> roles = new HashMap<>();
    final List<Tensor> inputs = new ArrayList<>();

    Operands(Setting s, DType dtype) {
      double scale = 1 / Math.sqrt(s.head());
      add(Kernel.Role.QUERIES, random(1, dtype, s.batch(), s.queries(), s.head()), true);
      add(Kernel.Role.KEYS, random(2, dtype, s.batch(), s.keys(), s.head()), false);
      add(Kernel.Role.VALUES, random(3, dtype, s.batch(), s.keys(), s.value()), true);
      add(Kernel.Role.QUERIES_TANGENT, random(4, dtype, s.batch(), s.queries(), s.head()), false);
      add(Kernel.Role.KEYS_TANGENT, random(5, dtype, s.batch(), s.keys(), s.head()), true);
      add(Kernel.Role.VALUES_TANGENT, random(6, dtype, s.batch(), s.keys(), s.value()), false);
      add(Kernel.Role.COTANGENT, random(7, dtype, s.batch(), s.queries(), s.value()), true);
      if (!s.mask().isEmpty()) {
        Tensor drawn = random(8, dtype, 1, s.queries(), s.keys());
        // Query 1 sees nothing at all.
        Tensor row = Tensor.arange(s.queries(), DType.INT32).reshape(1, -1, 1);
        Tensor seen =
            Tensor.scalar(-1, dtype)
                .less(drawn)
                .and(row.equal(Tensor.scalar(1, DType.INT32)).not());
        Tensor mask =
            s.mask().equals("bool")
                ? seen
                : Tensor.where(seen, drawn, Tensor.scalar(Double.NEGATIVE_INFINITY, dtype));
        Tensor input = Tensor.input("mask", mask.shape(), mask.dtype());
        inputs.add(input);
        values.put(input, mask.value());
        roles.put(Kernel.Role.MASK, input.broadcastTo(Shape.of(s.batch(), s.queries(), s.keys())));
      }
      Op.Attention output = new Op.AttentionOutput(scale, s.causal());
      Op.Attention logSumExp = new Op.AttentionLogSumExp(scale, s.causal());
      add(Kernel.Role.OUTPUT, value(apply(output), dtype), false);
      add(Kernel.Role.LOG_SUM_EXP, value(apply(logSumExp), dtype), false);
    }

    private Tensor value(Tensor computed, DType dtype) {
      HostData data = ReferenceInterpreter.evaluate(List.of(computed), values).get(0);
      return Tensor.of(data, computed.shape());
    }

    /** Turned ones are stored with rows and batch exchanged, as heads beside each other are. */
    private void add(Kernel.Role role, Tensor value, boolean turned) {
      Tensor stored = turned ? value.permute(1, 0, 2) : value;
      Tensor input = Tensor.input(role.toString(), stored.shape(), stored.dtype());
      inputs.add(input);
      values.put(input, stored.value());
      roles.put(role, turned ? input.permute(1, 0, 2) : input);
    }

    Tensor apply(Op.Attention op) {
      List<Tensor> operands = new ArrayList<>();
      Kernel.Role.of(op).forEach(role -> operands.add(roles.get(role)));
      if (roles.containsKey(Kernel.Role.MASK)) {
        operands.add(roles.get(Kernel.Role.MASK));
      }
      return Tensor.apply(op, operands);
    }
  }

  /**
   * The result with all that is added up taken as positive, and the largest score: rounding errors
   * are relative to these.
   */
  private record Magnitudes(HostData result, double score) {
    static Magnitudes of(Op.Attention op, Operands operands) {
      Map<Kernel.Role, Tensor> r = operands.roles;
      Tensor q = r.get(Kernel.Role.QUERIES).abs();
      Tensor k = r.get(Kernel.Role.KEYS).abs();
      Tensor v = r.get(Kernel.Role.VALUES).abs();
      Tensor c = r.get(Kernel.Role.COTANGENT).abs();
      Tensor o = r.get(Kernel.Role.OUTPUT).abs();
      Tensor score = q.matmul(k.transpose()).mul(op.scale());
      // The weights: the value cotangent's of an identity would say the same.
      Tensor p = weights(op, operands);
      Tensor result =
          switch (op) {
            case Op.AttentionOutput x -> p.matmul(v);
            case Op.AttentionLogSumExp x -> score.max(-1).reshape(-1, score.shape().extent(1), 1);
            case Op.AttentionTangent x -> {
              Tensor ds =
                  r.get(Kernel.Role.QUERIES_TANGENT)
                      .abs()
                      .matmul(k.transpose())
                      .add(q.matmul(r.get(Kernel.Role.KEYS_TANGENT).abs().transpose()))
                      .mul(op.scale());
              Tensor w = p.mul(ds.add(p.mul(ds).sumKeep(-1)));
              yield w.matmul(v).add(p.matmul(r.get(Kernel.Role.VALUES_TANGENT).abs()));
            }
            case Op.AttentionQueryCotangent x -> scores(op, p, c, v, o).matmul(k);
            case Op.AttentionKeyCotangent x -> scores(op, p, c, v, o).transpose().matmul(q);
            case Op.AttentionValueCotangent x -> p.transpose().matmul(c);
          };
      List<HostData> both =
          ReferenceInterpreter.evaluate(List.of(result, score.max()), operands.values);
      return new Magnitudes(both.get(0), both.get(1).getDouble(0));
    }

    private static Tensor scores(Op.Attention op, Tensor p, Tensor c, Tensor v, Tensor o) {
      return p.mul(c.matmul(v.transpose()).add(c.mul(o).sumKeep(-1))).mul(op.scale());
    }

    /** Attention over the unit vectors gives the weights themselves. */
    private static Tensor weights(Op.Attention op, Operands operands) {
      Tensor queries = operands.roles.get(Kernel.Role.QUERIES);
      int keys = operands.roles.get(Kernel.Role.KEYS).shape().extent(1);
      Tensor identity = Tensor.arange(keys, DType.INT32).oneHot(keys, queries.dtype());
      List<Tensor> in = new ArrayList<>(List.of(queries, operands.roles.get(Kernel.Role.KEYS)));
      in.add(identity.broadcastTo(Shape.of(queries.shape().extent(0), keys, keys)));
      if (operands.roles.containsKey(Kernel.Role.MASK)) {
        in.add(operands.roles.get(Kernel.Role.MASK));
      }
      return Tensor.apply(new Op.AttentionOutput(op.scale(), op.causal()), in);
    }
  }

  private static void agrees(OpenClDevice device, Family family, DType dtype, Setting s) {
    Operands operands = new Operands(s, dtype);
    for (List<Op.Attention> ops : kernels(1 / Math.sqrt(s.head()), s.causal(), s.head() == 7)) {
      List<Tensor> outputs = ops.stream().map(operands::apply).toList();
      // One of them is wanted in another order, as heads that are joined.
      List<Tensor> wanted = new ArrayList<>(outputs);
      wanted.set(0, outputs.get(0).permute(1, 0, 2).reshape(outputs.get(0).shape().extent(1), -1));
      int[] none = new int[wanted.size()];
      java.util.Arrays.fill(none, -1);
      Plan plan =
          Plan.of(
              new Graph(operands.inputs, wanted),
              none,
              PlanOptions.ALL.withAttention(
                  AttentionSource.largestSizes(family, device.localBytes())));
      assertEquals(
          1,
          plan.kernels().size(),
          () -> ops + ": " + plan.kernels().stream().map(Kernel::name).toList());
      List<HostData> expected = ReferenceInterpreter.evaluate(wanted, operands.values);
      try (Executable run = new OpenClExecutable(plan, device.context(), family)) {
        for (int i = 0; i < operands.inputs.size(); i++) {
          run.write(i, operands.values.get(operands.inputs.get(i)));
        }
        run.run();
        for (int i = 0; i < wanted.size(); i++) {
          HostData actual = HostData.allocate(dtype, expected.get(i).elements());
          run.read(i, actual);
          Magnitudes magnitudes = Magnitudes.of(ops.get(i), operands);
          HostData bound = magnitudes.result();
          if (i == 0) {
            Tensor inOrder = Tensor.of(bound, outputs.get(0).shape());
            bound = inOrder.permute(1, 0, 2).reshape(-1).value();
          }
          compare(s, ops.get(i), dtype, expected.get(i), actual, bound, magnitudes.score());
        }
      }
    }
  }

  private static void compare(
      Setting s,
      Op.Attention op,
      DType dtype,
      HostData expected,
      HostData actual,
      HostData magnitude,
      double score) {
    double unit = dtype == DType.FLOAT32 ? Math.ulp(1f) : Math.ulp(1.0);
    // A score is off by head + 2 roundings of what it adds up, a weight by twice that, since the
    // largest score is off as well, and by its exponential; then every sum adds its own length.
    double scores = 2 * (s.head() + 2) * score + 8;
    double roundings =
        2 * scores + s.head() + 2.0 * s.value() + 3.0 * Math.max(s.keys(), s.queries());
    for (long i = 0; i < expected.elements(); i++) {
      double e = expected.getDouble(i);
      double a = actual.getDouble(i);
      double allowed =
          roundings
              * unit
              * (magnitude.getDouble(i) + (op instanceof Op.AttentionLogSumExp ? 1 : 0));
      assertTrue(
          e == a || Math.abs(e - a) <= allowed,
          "%s, %s, element %d: expected %s, got %s, off by %.1f times what is allowed"
              .formatted(s, op, i, e, a, Math.abs(e - a) / allowed));
    }
  }

  static List<Family> families() {
    return List.of(new Family(1, 16, 4), new Family(64, 1, 32));
  }

  @ParameterizedTest
  @MethodSource("families")
  void everySettingIsItsDefinition(Family family) {
    ProbeTest.assumeADevice();
    for (OpenClDevice device : Probe.devices()) {
      SETTINGS.forEach(setting -> agrees(device, family, DType.FLOAT32, setting));
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void doubles(Family family) {
    ProbeTest.assumeADevice();
    for (OpenClDevice device : Probe.devices()) {
      if (device.has("cl_khr_fp64")) {
        agrees(device, family, DType.FLOAT64, new Setting(2, 19, 35, 12, 20, true, "float"));
        int largest = AttentionSource.largestSizes(family, device.localBytes()).get(DType.FLOAT64);
        agrees(device, family, DType.FLOAT64, new Setting(1, 18, 17, largest, 8, false, ""));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void kernelsFitIntoTheLeastLocalMemory(Family family) {
    // OpenCL 1.2 grants 32 KiB.
    Map<DType, Integer> sizes = AttentionSource.largestSizes(family, 32 << 10);
    assertTrue(sizes.get(DType.FLOAT32) >= 64, sizes::toString);
    assertTrue(sizes.get(DType.FLOAT64) > 0, sizes::toString);
    assertEquals(0, AttentionSource.largestSizes(family, 1 << 10).get(DType.FLOAT32));
    for (OpenClDevice device : Probe.devices()) {
      Operands operands = new Operands(new Setting(1, 9, 40, 64, 64, false, ""), DType.FLOAT32);
      List<Tensor> outputs =
          kernels(0.125, false, false).get(0).stream().map(operands::apply).toList();
      Plan plan =
          Plan.of(
              new Graph(operands.inputs, outputs),
              new int[] {-1, -1, -1},
              PlanOptions.ALL.withAttention(sizes));
      Kernel.AttentionKernel kernel = (Kernel.AttentionKernel) plan.kernels().get(0);
      Launch launch = AttentionSource.of(kernel, family, 32 << 10, 256).get(0);
      org.jocl.cl_kernel built = device.context().programs().kernel(launch.source(), launch.name());
      long[] used = {0};
      org.jocl.CL.clGetKernelWorkGroupInfo(
          built,
          device.id(),
          org.jocl.CL.CL_KERNEL_LOCAL_MEM_SIZE,
          org.jocl.Sizeof.cl_ulong,
          org.jocl.Pointer.to(used),
          null);
      org.jocl.CL.clReleaseKernel(built);
      assertTrue(used[0] <= 32 << 10, family + " takes " + used[0]);
    }
  }
}
