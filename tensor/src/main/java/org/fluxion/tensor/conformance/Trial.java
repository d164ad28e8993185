package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;

/**
 * A graph with values of its inputs, to be run on a device.
 *
 * @param name what reports call it
 * @param graph the graph
 * @param values a value for each of its inputs
 */
public record Trial(String name, Graph graph, List<Tensor> values) {
  /**
   * What became of a trial.
   *
   * @param trial the trial
   * @param results a value for each of its graph's outputs; empty if it failed
   * @param failure why it failed
   */
  public record Outcome(Trial trial, List<HostData> results, Optional<RuntimeException> failure) {
    /** Copies the list. */
    public Outcome {
      results = List.copyOf(results);
    }
  }

  /** Copies the list. */
  public Trial {
    values = List.copyOf(values);
  }

  /**
   * The values of the inputs, as the reference interpreter wants them.
   *
   * @return a new map
   */
  public Map<Tensor, HostData> bindings() {
    Map<Tensor, HostData> bindings = new HashMap<>();
    for (int i = 0; i < values.size(); i++) {
      bindings.put(graph.inputs().get(i), values.get(i).value());
    }
    return bindings;
  }

  /**
   * Runs it once.
   *
   * @param device where
   * @return a value for each of the graph's outputs
   */
  public List<HostData> run(Device device) {
    return run(List.of(this), device).get(0);
  }

  /**
   * Runs many, as one program where that works: a device whose compiler takes long for each program
   * builds one. Of a program that fails the halves are tried, down to the trial that is to blame.
   *
   * @param trials the trials
   * @param device where
   * @return what became of each, in their order
   */
  public static List<Outcome> runAll(List<Trial> trials, Device device) {
    if (trials.isEmpty()) {
      return List.of();
    }
    try {
      List<List<HostData>> results = run(trials, device);
      return IntStream.range(0, trials.size())
          .mapToObj(i -> new Outcome(trials.get(i), results.get(i), Optional.empty()))
          .toList();
    } catch (RuntimeException failure) {
      if (trials.size() == 1) {
        return List.of(new Outcome(trials.get(0), List.of(), Optional.of(failure)));
      }
    }
    List<Outcome> outcomes = new ArrayList<>();
    int half = trials.size() / 2;
    outcomes.addAll(runAll(trials.subList(0, half), device));
    outcomes.addAll(runAll(trials.subList(half, trials.size()), device));
    return outcomes;
  }

  private static List<List<HostData>> run(List<Trial> trials, Device device) {
    Tensors none = new Tensors(List.of());
    Tensors batch = new Tensors(trials.stream().flatMap(t -> t.values().stream()).toList());
    Program<Tensors, Tensors, Tensors> program =
        Program.compile(
            (state, given) -> {
              List<Tensor> outputs = new ArrayList<>();
              int first = 0;
              for (Trial trial : trials) {
                int end = first + trial.values().size();
                outputs.addAll(trial.graph().apply(given.leaves().subList(first, end)));
                first = end;
              }
              return new Step<>(state, new Tensors(outputs));
            },
            none,
            batch,
            device);
    List<HostData> results;
    try (program;
        Run<Tensors, Tensors, Tensors> run = program.start(none)) {
      results = run.step(batch).leaves().stream().map(Tensor::value).toList();
    }
    List<List<HostData>> split = new ArrayList<>();
    int first = 0;
    for (Trial trial : trials) {
      int end = first + trial.graph().outputs().size();
      split.add(results.subList(first, end));
      first = end;
    }
    return split;
  }
}
