package org.fluxion.tests.golden;

import static org.fluxion.autodiff.Autodiff.jvp;
import static org.fluxion.autodiff.Autodiff.valueAndGrad;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.fluxion.autodiff.Jvp;
import org.fluxion.autodiff.ValueAndGrad;
import org.fluxion.meanflow.loss.DecoupledMeanFlowLoss;
import org.fluxion.meanflow.loss.Draws;
import org.fluxion.meanflow.loss.Guidance;
import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.fluxion.meanflow.loss.Losses;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.model.FlowMap;
import org.fluxion.meanflow.model.FlowModel;
import org.fluxion.meanflow.model.FlowPoint;
import org.fluxion.meanflow.path.Times;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.sample.Samplers;
import org.fluxion.meanflow.sample.Scheme;
import org.fluxion.nn.AdamW;
import org.fluxion.nn.Ema;
import org.fluxion.nn.Gradients;
import org.fluxion.nn.Optimizer;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Tensor;
import org.fluxion.tests.conformance.Devices;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Everything against values computed with the method's official implementation, in float64. {@code
 * -Dgolden=DIR} names another folder of such files; what each holds is read from its metadata.
 */
class GoldenTest {
  /** What is compared, and how closely, relative to a tensor's largest value. */
  private record Setting(String name, Device device, DType dtype, double values, double gradients) {
    @Override
    public String toString() {
      return name + " " + dtype;
    }
  }

  /**
   * Every device in both dtypes, where it has them: but the reference, which computes in float64 in
   * any case, and OpenCL devices. Of these, kernels as for cards are held to the same bounds by the
   * operations that whole models consist of, and by a training step; here when they are asked for.
   */
  private static List<Setting> settings() {
    List<Setting> settings = new ArrayList<>();
    for (String name : Devices.present()) {
      if (name.endsWith("/card") && Devices.listed()) {
        continue;
      }
      Device device = Devices.open(name);
      // Kernels that a driver compiles are held against these in float32: each costs its time, and
      // their float64 is the conformance suite's.
      if (!name.startsWith("opencl") && Devices.arithmetic(device).has(DType.FLOAT64)) {
        settings.add(new Setting(name, device, DType.FLOAT64, 1e-9, 1e-9));
      }
      if (!name.equals("reference")) {
        settings.add(new Setting(name, device, DType.FLOAT32, 2e-5, 2e-4));
      }
    }
    return settings;
  }

  private static final List<String> LOSSES =
      List.of(
          "out.loss",
          "out.fm_loss",
          "out.mf_loss",
          "out.fm_p_loss",
          "out.mf_p_loss",
          "out.loss_mean");

  @TestFactory
  Stream<DynamicTest> goldenFiles() throws IOException {
    Path folder = folder(System.getProperty("golden", "src/test/resources/golden/dmf"));
    List<GoldenFile> files;
    try (Stream<Path> paths = Files.list(folder)) {
      files =
          paths
              .filter(path -> path.toString().endsWith(".safetensors"))
              .sorted()
              .map(GoldenFile::read)
              .toList();
    }
    assertFalse(files.isEmpty(), "no golden files in " + folder);
    List<DynamicTest> tests = new ArrayList<>();
    for (GoldenFile file : files) {
      for (Setting setting : settings()) {
        if (file.isWeights()) {
          tests.add(dynamicTest(file + " positions, " + setting, () -> positions(file)));
          break;
        }
        String name = file + ", " + setting;
        GoldenFile weights = weights(file, files);
        if (file.isForward()) {
          tests.add(dynamicTest(name, () -> forward(file, weights, setting)));
        } else if (file.isLoss()) {
          tests.add(dynamicTest(name, () -> loss(file, weights, setting)));
        } else if (file.isOptimizer()) {
          tests.add(dynamicTest(name, () -> optimizer(file, weights, files, setting)));
        } else if (file.isSamplers()) {
          tests.addAll(samplers(file, weights, setting));
        } else {
          throw new IllegalStateException(file + ": no test knows what it holds");
        }
      }
    }
    return tests.stream();
  }

  /** Tests run inside their module; who names a folder stands at the top of the project. */
  private static Path folder(String name) {
    Path here = Path.of(name);
    return Files.isDirectory(here) ? here : Path.of("..").resolve(name);
  }

  private static GoldenFile weights(GoldenFile file, List<GoldenFile> files) {
    return files.stream()
        .filter(GoldenFile::isWeights)
        .filter(w -> w.metadata().get("config").equals(file.metadata().get("config")))
        .max(
            (a, b) ->
                Boolean.compare(a.family().equals(file.family()), b.family().equals(file.family())))
        .orElseThrow(() -> new IllegalStateException(file + ": no weights of its configuration"));
  }

  /** The weights that are trained: all but the fixed positions. */
  private static Parameters trained(GoldenFile weights, DType dtype) {
    Map<String, Tensor> trained = new LinkedHashMap<>(weights.tensors().cast(dtype).asMap());
    trained.remove("pos_embed");
    return Parameters.of(trained);
  }

  private static Tensor positions(GoldenFile weights, DType dtype) {
    return weights.get("pos_embed", dtype);
  }

  private static void positions(GoldenFile weights) {
    DiffusionTransformer transformer = weights.transformer();
    Parameters parameters = trained(weights, DType.FLOAT64);
    Tensor x = Tensor.full(0.5, transformer.images(1), DType.FLOAT64);
    Tensor t = Tensor.tensor(0.5);
    Tensor label = Tensor.tensor(1);
    Tensor computed = transformer.apply(parameters, x, t, t, label);
    Tensor stored =
        transformer.apply(
            parameters.with("pos_embed", positions(weights, DType.FLOAT64)), x, t, t, label);
    agree("velocity with computed positions", stored, computed, 1e-6);
  }

  private static void forward(GoldenFile file, GoldenFile weights, Setting setting) {
    DiffusionTransformer transformer = file.transformer();
    DType dtype = setting.dtype();
    Parameters parameters = weights.tensors().cast(dtype);
    Tensor labels = file.tensors().get("in.y");
    List<Tensor> inputs = new ArrayList<>(parameters.leaves());
    for (String name : List.of("in.x", "in.t", "in.r", "in.v")) {
      inputs.add(file.get(name, dtype));
    }
    inputs.add(labels);
    List<Tensor> outputs =
        new Compute(setting.device())
            .run(
                leaves -> {
                  int n = parameters.size();
                  Parameters p = parameters.withLeaves(leaves.subList(0, n));
                  Tensor x = leaves.get(n);
                  Tensor t = leaves.get(n + 1);
                  Tensor r = leaves.get(n + 2);
                  Tensor v = leaves.get(n + 3);
                  Tensor y = leaves.get(n + 4);
                  Jvp<Tensor> u =
                      jvp(
                          (FlowPoint at) -> transformer.apply(p, at.x(), at.t(), at.r(), y),
                          new FlowPoint(x, t, r),
                          new FlowPoint(v, t.onesLike(), r.zerosLike()));
                  Jvp<Tensor> general =
                      jvp(
                          (FlowPoint at) -> transformer.apply(p, at.x(), at.t(), at.r(), y),
                          new FlowPoint(x, t, r),
                          new FlowPoint(v, t.onesLike().mul(0.5), r.onesLike().mul(-2)));
                  List<Tensor> results = new ArrayList<>();
                  results.add(transformer.apply(p, x, t, r, y));
                  results.add(transformer.logVariance(p, t, r));
                  results.add(transformer.apply(p, x, t, t, y));
                  results.add(u.value());
                  results.add(u.tangent());
                  results.add(general.tangent());
                  return results;
                },
                inputs);
    List<String> names =
        List.of("out.u", "out.logvar", "out.sit_v", "out.jvp_u", "out.dudt", "out.jvp_general");
    for (int i = 0; i < names.size(); i++) {
      if (file.tensors().contains(names.get(i))) {
        agree(names.get(i), file.tensors().get(names.get(i)), outputs.get(i), setting.values());
      }
    }
  }

  private static DecoupledMeanFlowLoss lossOf(GoldenFile file, GoldenFile weights, DType dtype) {
    JsonNode arguments = file.metadata().get("loss_args");
    double omega = arguments.get("omega").asDouble();
    double low = arguments.get("g_min").asDouble();
    double high = arguments.get("g_max").asDouble();
    DiffusionTransformer transformer = file.transformer();
    Guidance guidance =
        switch (arguments.get("g_type").asText()) {
          case "default" -> new Guidance.None();
          case "mg" -> new Guidance.Model(omega, low, high);
          case "distill" ->
              new Guidance.Distill(
                  new FlowModel(transformer, weights.tensors().cast(dtype)), omega, low, high);
          default -> throw new IllegalStateException(file + ": unknown guidance " + arguments);
        };
    return new DecoupledMeanFlowLoss(
        transformer,
        file.pathOfNoise(),
        new Times(
            arguments.get("P_mean").asDouble(),
            arguments.get("P_mean_t").asDouble(),
            arguments.get("P_mean_r").asDouble()),
        guidance,
        arguments.get("cfg_prob").asDouble(),
        file.metadata().get("log_variance_loss").asText().startsWith("all pairs")
            ? LogVarianceWeighting.ALL_PAIRS
            : LogVarianceWeighting.PER_SAMPLE);
  }

  private static void loss(GoldenFile file, GoldenFile weights, Setting setting) {
    List<Tensor> outputs = lossAndGradient(file, weights, setting);
    for (int i = 0; i < LOSSES.size(); i++) {
      agree(LOSSES.get(i), file.tensors().get(LOSSES.get(i)), outputs.get(i), setting.values());
    }
    Parameters parameters = trained(weights, setting.dtype());
    Parameters gradient = parameters.withLeaves(outputs.subList(LOSSES.size(), outputs.size()));
    for (String name : gradient.names()) {
      if (file.tensors().contains("grad." + name)) {
        agree(
            "grad." + name,
            file.tensors().get("grad." + name),
            gradient.get(name),
            setting.gradients());
      }
    }
  }

  /** The losses in the order of LOSSES, then the gradient of their mean. */
  private static List<Tensor> lossAndGradient(
      GoldenFile file, GoldenFile weights, Setting setting) {
    DType dtype = setting.dtype();
    DecoupledMeanFlowLoss loss = lossOf(file, weights, dtype);
    Parameters parameters = trained(weights, dtype);
    Tensor images = file.get("in.x", dtype);
    int batch = images.shape().extent(0);
    Draws draws =
        new Draws(
            file.get("draw.rand.0", dtype),
            file.get("draw.randn.0", dtype).reshape(batch),
            file.get("draw.randn.1", dtype).reshape(batch),
            file.get("draw.randn.2", dtype).reshape(batch),
            file.get("draw.randn_like.0", dtype),
            file.get("draw.randn_like.1", dtype));
    List<Tensor> inputs = new ArrayList<>(parameters.leaves());
    inputs.add(positions(weights, dtype));
    inputs.add(images);
    inputs.add(file.tensors().get("in.y"));
    inputs.addAll(draws.leaves());
    return new Compute(setting.device())
        .run(
            leaves -> {
              int n = parameters.size();
              Parameters p = parameters.withLeaves(leaves.subList(0, n));
              Draws d = draws.withLeaves(leaves.subList(n + 3, leaves.size()));
              Function<Parameters, Losses> losses =
                  q ->
                      loss.apply(
                          q.with("pos_embed", leaves.get(n)),
                          leaves.get(n + 1),
                          leaves.get(n + 2),
                          d);
              ValueAndGrad<Parameters> result = valueAndGrad(q -> losses.apply(q).mean(), p);
              List<Tensor> results = new ArrayList<>(losses.apply(p).leaves());
              results.add(result.value());
              results.addAll(result.gradient().leaves());
              return results;
            },
            inputs);
  }

  /**
   * One step. In float64 from our own gradient, since the golden one was stored in float32; in
   * float32 from the golden one, since a step amplifies the rounding of a gradient.
   */
  private static void optimizer(
      GoldenFile file, GoldenFile weights, List<GoldenFile> files, Setting setting) {
    DType dtype = setting.dtype();
    JsonNode arguments = file.metadata().get("optimizer");
    String source = file.metadata().get("gradients").asText();
    GoldenFile gradients =
        files.stream().filter(f -> f.toString().equals(source)).findFirst().orElseThrow();
    Parameters all = trained(weights, dtype);
    Map<String, Tensor> start = new LinkedHashMap<>();
    Map<String, Tensor> slope = new LinkedHashMap<>();
    if (dtype == DType.FLOAT64) {
      List<Tensor> outputs = lossAndGradient(gradients, weights, setting);
      start.putAll(all.asMap());
      slope.putAll(all.withLeaves(outputs.subList(LOSSES.size(), outputs.size())).asMap());
    } else {
      all.asMap()
          .forEach(
              (name, tensor) -> {
                if (gradients.tensors().contains("grad." + name)) {
                  start.put(name, tensor);
                  slope.put(name, gradients.get("grad." + name, dtype));
                }
              });
    }
    Parameters parameters = Parameters.of(start);
    Parameters gradient = Parameters.of(slope);
    AdamW adamw =
        new AdamW(
            arguments.get("betas").get(0).asDouble(),
            arguments.get("betas").get(1).asDouble(),
            arguments.get("eps").asDouble(),
            arguments.get("weight_decay").asDouble());
    List<Tensor> inputs = new ArrayList<>(parameters.leaves());
    inputs.addAll(gradient.leaves());
    List<Tensor> outputs =
        new Compute(setting.device())
            .run(
                leaves -> {
                  int n = parameters.size();
                  Parameters p = parameters.withLeaves(leaves.subList(0, n));
                  Gradients.Clipped clipped =
                      Gradients.clipByGlobalNorm(
                          gradient.withLeaves(leaves.subList(n, 2 * n)),
                          arguments.get("max_grad_norm").asDouble());
                  Optimizer.Update<?> update =
                      adamw.update(
                          clipped.gradient(),
                          adamw.initialise(p),
                          p,
                          Tensor.scalar(arguments.get("lr").asDouble(), dtype));
                  Parameters average =
                      new Ema(arguments.get("ema_decay").asDouble()).update(p, update.parameters());
                  List<Tensor> results = new ArrayList<>();
                  results.add(clipped.norm());
                  results.addAll(update.parameters().leaves());
                  results.addAll(average.leaves());
                  return results;
                },
                inputs);
    agree("out.grad_norm", file.tensors().get("out.grad_norm"), outputs.get(0), setting.values());
    int n = parameters.size();
    for (int i = 0; i < n; i++) {
      String name = parameters.names().get(i);
      if (file.tensors().contains("param." + name)) {
        agree(
            "param." + name,
            file.tensors().get("param." + name),
            outputs.get(1 + i),
            setting.values());
        agree(
            "ema." + name,
            file.tensors().get("ema." + name),
            outputs.get(1 + n + i),
            setting.values());
      }
    }
  }

  private static List<DynamicTest> samplers(GoldenFile file, GoldenFile weights, Setting setting) {
    List<DynamicTest> tests = new ArrayList<>();
    for (String output : file.tensors().names()) {
      if (output.endsWith(".out")) {
        String name = output.substring(0, output.length() - 4);
        tests.add(
            dynamicTest(
                file + " " + name + ", " + setting, () -> sampler(name, file, weights, setting)));
      }
    }
    return tests;
  }

  private static void sampler(String name, GoldenFile file, GoldenFile weights, Setting setting) {
    Parameters parameters = weights.tensors().cast(setting.dtype());
    FlowMap map = new FlowMap(file.transformer(), parameters);
    FlowModel flow = new FlowModel(file.transformer(), parameters);
    Sampler sampler = named(name, map, flow).path(file.pathOfNoise()).device(setting.device());
    try (var open = sampler.open()) {
      Tensor images =
          open.sample(
              file.get("in.noise", DType.FLOAT64),
              file.tensors().get("in.y"),
              i -> file.get(name + ".noise." + i, DType.FLOAT64));
      agree(name, file.tensors().get(name + ".out"), images, setting.values());
    }
  }

  /** A sampler from its name, such as euler_4_cfg2_0.2_0.8, ctm_4_gamma0.9 or fm_heun_8. */
  private static Sampler named(String name, FlowMap map, FlowModel flow) {
    List<String> words = new ArrayList<>(List.of(name.split("_")));
    boolean ofFlow = words.remove("fm");
    String kind = words.removeFirst();
    int steps = Integer.parseInt(words.removeFirst());
    double gamma = 1;
    double guidance = 1;
    double shift = 1;
    List<Double> interval = new ArrayList<>();
    Scheme.Diffusion diffusion = Scheme.Diffusion.SIGMA;
    for (String word : words) {
      if (word.startsWith("gamma")) {
        gamma = Double.parseDouble(word.substring(5));
      } else if (word.startsWith("cfg")) {
        guidance = Double.parseDouble(word.substring(3));
      } else if (word.startsWith("shift")) {
        shift = Double.parseDouble(word.substring(5));
      } else if (word.equals("elbo")) {
        diffusion = Scheme.Diffusion.EVIDENCE_BOUND;
      } else if (!word.equals("sigma")) {
        interval.add(Double.parseDouble(word));
      }
    }
    Sampler sampler =
        switch (kind) {
          case "euler" -> ofFlow ? Samplers.euler(flow) : Samplers.euler(map);
          case "heun" -> Samplers.heun(flow);
          case "sde" -> Samplers.stochastic(flow, diffusion, gamma);
          case "restart" -> Samplers.restart(map);
          case "ctm" -> Samplers.consistencyTrajectory(map, gamma);
          default -> throw new IllegalStateException("no sampler is called " + name);
        };
    sampler = sampler.steps(steps).shift(shift);
    return interval.size() == 2
        ? sampler.guidance(guidance, interval.get(0), interval.get(1))
        : sampler.guidance(guidance);
  }

  private static void agree(String what, Tensor expected, Tensor got, double tolerance) {
    double[] a = expected.toDoubleArray();
    double[] b = got.toDoubleArray();
    assertTrue(a.length == b.length, () -> what + ": " + expected.shape() + " ≠ " + got.shape());
    double scale = 0;
    double error = 0;
    for (int i = 0; i < a.length; i++) {
      scale = Math.max(scale, Math.abs(a[i]));
      // What was stored in float32 may be off by half a unit in its last place.
      double rounding = expected.dtype() == DType.FLOAT32 ? Math.abs(a[i]) * 0x1p-24 : 0;
      error = Math.max(error, Math.max(0, Math.abs(a[i] - b[i]) - rounding));
    }
    double relative = error / Math.max(scale, Double.MIN_NORMAL);
    assertTrue(
        relative <= tolerance,
        "%s: off by %.3g of the largest value, allowed %.3g".formatted(what, relative, tolerance));
  }
}
