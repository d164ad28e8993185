package org.fluxion.tests.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs benchmarks by name, prints a line for each figure and writes {@code <folder>/<name>.json}:
 * an array of objects with the members name, value, unit, peer, peerValue and ratio.
 */
public final class Bench {
  /**
   * A named benchmark.
   *
   * @param name what it is called on the command line
   * @param type the class with JMH's methods, each of which takes a {@link Pair}
   * @param figures one figure or more for each method
   * @param iterations how many iterations are measured in a process
   * @param processes how many processes measure: where buffers lie in memory is settled once in
   *     each, and makes kernels that are bound by it, and copies, up to a third slower or faster
   */
  public record Suite(
      String name, Class<?> type, List<Figure> figures, int iterations, int processes) {
    Suite(String name, Class<?> type, List<Figure> figures, int iterations) {
      this(name, type, figures, iterations, 1);
    }

    Suite(String name, Class<?> type, List<Figure> figures) {
      this(name, type, figures, 20);
    }
  }

  /** Every benchmark there is; a new one is a class and a line here. */
  static final List<Suite> SUITES =
      List.of(
          new Suite("attention", AttentionBenchmark.class, AttentionBenchmark.FIGURES, 8),
          new Suite("copy", CopyBenchmark.class, CopyBenchmark.FIGURES),
          new Suite("fma", FmaBenchmark.class, FmaBenchmark.FIGURES),
          new Suite("loops", LoopBenchmark.class, LoopBenchmark.FIGURES),
          new Suite("opencl", OpenClBenchmark.class, OpenClBenchmark.FIGURES, 6, 5),
          new Suite("opencl-step", OpenClStepBenchmark.class, OpenClStepBenchmark.FIGURES, 8),
          new Suite("plan", PlanBenchmark.class, PlanBenchmark.FIGURES, 8),
          new Suite("sgemm", SgemmBenchmark.class, SgemmBenchmark.FIGURES),
          new Suite("step", StepBenchmark.class, StepBenchmark.FIGURES, 8),
          new Suite("threads", ThreadsBenchmark.class, ThreadsBenchmark.FIGURES));

  private Bench() {}

  /**
   * Runs the benchmarks named, or all.
   *
   * @param arguments the folder to write to, then names; none means all. With {@code --names} for
   *     the folder the names are printed, and nothing is run
   * @throws IOException if a result cannot be written
   * @throws RunnerException if a benchmark fails
   */
  public static void main(String[] arguments) throws IOException, RunnerException {
    List<String> all = SUITES.stream().map(Suite::name).toList();
    List<String> names =
        arguments.length > 1 ? List.of(arguments).subList(1, arguments.length) : all;
    for (String name : names) {
      if (!all.contains(name)) {
        System.err.println(
            "bench: no benchmark '" + name + "': expected one of " + String.join(", ", all));
        System.exit(2);
      }
    }
    if (arguments[0].equals("--names")) {
      names.forEach(System.out::println);
      return;
    }
    Path folder = Path.of(arguments[0]);
    for (String name : names) {
      Suite suite = SUITES.get(all.indexOf(name));
      List<Measurement> measurements = run(suite, suite.iterations());
      write(folder.resolve(name + ".json"), measurements);
      measurements.forEach(System.out::println);
    }
  }

  /**
   * Runs one benchmark in JVMs of its own.
   *
   * @param suite the benchmark
   * @param iterations how many iterations of 200 ms are measured, after a quarter as many for
   *     warm-up
   * @return a measurement for each figure and each combination of parameters
   * @throws RunnerException if the benchmark fails
   */
  static List<Measurement> run(Suite suite, int iterations) throws RunnerException {
    Options options =
        new OptionsBuilder()
            .include(suite.type().getName().replace("$", ".") + "\\..*")
            .forks(suite.processes())
            .warmupIterations(Math.max(1, iterations / 4))
            .warmupTime(TimeValue.milliseconds(400))
            .measurementIterations(iterations)
            .measurementTime(TimeValue.milliseconds(200))
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true)
            .build();
    Collection<RunResult> results = new Runner(options).run();
    List<Measurement> measurements = new ArrayList<>();
    for (Figure figure : suite.figures()) {
      int before = measurements.size();
      for (RunResult result : results) {
        if (result.getParams().getBenchmark().endsWith("." + figure.method())) {
          measurements.add(Measurement.of(figure, parameters(result.getParams()), times(result)));
        }
      }
      if (measurements.size() == before) {
        throw new IllegalStateException(
            suite.name() + ": no method " + figure.method() + " in " + suite.type().getName());
      }
    }
    return measurements;
  }

  private static Map<String, String> parameters(BenchmarkParams params) {
    Map<String, String> parameters = new TreeMap<>();
    params.getParamsKeys().forEach(key -> parameters.put(key, params.getParam(key)));
    return parameters;
  }

  private static List<Measurement.Times> times(RunResult result) {
    List<Measurement.Times> times = new ArrayList<>();
    for (BenchmarkResult benchmark : result.getBenchmarkResults()) {
      for (IterationResult iteration : benchmark.getIterationResults()) {
        times.add(times(iteration));
      }
    }
    return times;
  }

  private static Measurement.Times times(IterationResult iteration) {
    double subject = counter(iteration, "subjectNanos");
    double peer = counter(iteration, "peerNanos");
    double secondPeer = counter(iteration, "secondPeerNanos");
    if (secondPeer > 0) {
      return new Measurement.Times(
          subject / peer, counter(iteration, "secondSubjectNanos") / secondPeer);
    }
    double runs = counter(iteration, "runs") * 1e9;
    return new Measurement.Times(subject / runs, peer / runs);
  }

  private static double counter(IterationResult iteration, String name) {
    Result<?> result = iteration.getSecondaryResults().get(name);
    if (result == null) {
      throw new IllegalStateException("the benchmark method takes no Pair: no counter " + name);
    }
    return result.getScore();
  }

  private static void write(Path file, List<Measurement> measurements) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ArrayNode array = mapper.createArrayNode();
    measurements.forEach(measurement -> array.add(measurement.json()));
    Files.createDirectories(file.toAbsolutePath().getParent());
    mapper.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), array);
  }
}
