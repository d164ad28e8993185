package org.fluxion.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.EmptyAxes;
import org.fluxion.tensor.conformance.RandomGraphs;
import org.fluxion.tensor.conformance.Trial;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What programs can do beyond a single operation, they can do on every device. */
class ProgramsTest {
  /** Few, of fixed seeds: each is a dozen kernels, which a compiler takes its time for. */
  private static final int RANDOM_GRAPHS = 3;

  private static final int STEPS = 5;

  /** So long that it is split; {@code -Dconformance.long} sets another where kernels are slow. */
  private static final int LONG = Integer.getInteger("conformance.long", 20_011);

  static List<String> devices() {
    return Devices.names();
  }

  private final Draw draw = new Draw(new Random(1), Draw.Kind.MODERATE);

  private Trial trial(String name, Function<List<Tensor>, List<Tensor>> f, Tensor... values) {
    List<Tensor> inputs = new ArrayList<>();
    for (Tensor value : values) {
      inputs.add(Tensor.input("x" + inputs.size(), value.shape(), value.dtype()));
    }
    return new Trial(name, new Graph(inputs, f.apply(inputs)), List.of(values));
  }

  private Tensor floats(int... extents) {
    return draw.any(DType.FLOAT32, Shape.of(extents));
  }

  private List<Trial> trials() {
    List<Trial> trials = new ArrayList<>();
    trials.add(
        trial(
            "several outputs of shared nodes",
            in -> {
              Tensor shared = in.get(0).mul(in.get(1)).tanh();
              return List.of(shared, shared.sum(0), shared.add(1), shared.sum(1), shared);
            },
            floats(5, 7),
            floats(5, 7)));
    trials.add(
        trial(
            "inputs and constants that are outputs",
            in ->
                List.of(
                    in.get(0),
                    in.get(0).exp(),
                    in.get(0),
                    Tensor.of(new float[] {1, -2, 3}, 3),
                    Tensor.full(0.1, Shape.of(2, 3), DType.FLOAT32)),
            floats(4, 3)));
    trials.add(
        trial(
            "views that are outputs",
            in -> {
              Tensor x = in.get(0);
              return List.of(
                  x.transpose(),
                  x.flip(0).slice(1, 1, 5),
                  x.reshape(6, 5).transpose().reshape(2, 15),
                  x.slice(0, 2, 3).broadcastTo(Shape.of(4, 6)),
                  x.pad(0, 1, 2).permute(1, 0),
                  x.sub(1).transpose().flip(1));
            },
            floats(5, 6)));
    trials.add(
        trial(
            "scalars",
            in -> {
              Tensor s = in.get(0);
              return List.of(
                  s.exp().mul(s), s.sum(), s.broadcastTo(Shape.of(3, 2)), s.reshape(1, 1).sum());
            },
            floats()));
    trials.add(
        trial(
            "long rows",
            in -> {
              Tensor x = in.get(0);
              return List.of(x.softmax(-1), x.sum(1), x.max(1), x.sub(x.meanKeep(1)).square());
            },
            floats(3, LONG)));
    trials.add(
        trial(
            "the largest of a row that is cut, whatever the device",
            in -> List.of(in.get(0).argMax(1), in.get(0).argMin(1)),
            floats(1, 16_501)));
    trials.add(
        trial(
            "many rows",
            in -> {
              Tensor x = in.get(0);
              return List.of(x.sum(0), x.max(0), x.softmax(-1), x.mul(x).sum(1), x.sum());
            },
            floats(LONG, 3)));
    trials.add(
        trial(
            "a product of a long inner extent, and ragged ones",
            in -> {
              Tensor product = in.get(0).matmul(in.get(1));
              return List.of(
                  product, product.add(1).tanh(), in.get(1).transpose().matmul(in.get(1)));
            },
            floats(3, 2_003),
            floats(2_003, 5)));
    trials.add(
        trial(
            "integers and bools",
            in -> {
              Tensor i = in.get(0);
              Tensor odd = i.and(Tensor.scalar(1, DType.INT32)).cast(DType.BOOL);
              return List.of(
                  i.mul(i),
                  odd,
                  odd.not().cast(DType.FLOAT32).sum(),
                  i.sum(1),
                  i.cast(DType.INT64));
            },
            draw.any(DType.INT32, Shape.of(3, 9))));
    trials.add(
        trial(
            "random numbers",
            in -> {
              RandomKey key = new RandomKey(in.get(0));
              return List.of(
                  key.bits(Shape.of(3, 5)),
                  key.uniform(Shape.of(41), DType.FLOAT32),
                  key.fold(7).bits(Shape.of(2)),
                  key.normal(Shape.of(17), DType.FLOAT32));
            },
            Tensor.tensor(3, -5, 7, 11)));
    trials.add(
        trial(
            "halves between floats",
            in -> {
              Tensor x = in.get(0);
              Tensor half = x.mul(3).cast(DType.FLOAT16);
              return List.of(
                  half, half.cast(DType.FLOAT32).add(x), x.cast(DType.BFLOAT16).transpose());
            },
            floats(6, 9)));
    return trials;
  }

  @ParameterizedTest
  @MethodSource("devices")
  void everyFeatureMeansWhatTheReferenceSays(String device) {
    List<Trial> trials = new ArrayList<>(trials());
    trials.addAll(EmptyAxes.trials(DType.FLOAT32));
    assertAll(Conformity.of(trials, device));
  }

  @ParameterizedTest
  @MethodSource("devices")
  void randomGraphsMeanWhatTheReferenceSays(String device) {
    List<Trial> trials = new ArrayList<>();
    for (int seed = 0; seed < RANDOM_GRAPHS; seed++) {
      Graph graph = RandomGraphs.of(seed, 40, DType.FLOAT32);
      List<Tensor> values =
          graph.inputs().stream().map(input -> draw.any(input.dtype(), input.shape())).toList();
      trials.add(new Trial("random graph " + seed, graph, values));
    }
    assertAll(Conformity.of(trials, device));
  }

  /** A state of all sorts: what is counted, added up, exchanged, shifted, drawn and left alone. */
  private record State(List<Tensor> leaves) implements Tree<State> {
    static State start() {
      return new State(
          List.of(
              Tensor.scalar(0, DType.INT64),
              Tensor.full(0, Shape.of(3, 5), DType.FLOAT32),
              Tensor.of(new float[] {1, 2, 3}, 3),
              Tensor.of(new float[] {4, 5, 6}, 3),
              Tensor.full(0, Shape.of(4, 3), DType.FLOAT32),
              Tensor.full(0, Shape.of(2, 7), DType.INT32),
              Tensor.of(new float[] {9}, 1),
              Tensor.full(0, Shape.of(0, 2), DType.FLOAT32)));
    }

    @Override
    public State withLeaves(List<Tensor> other) {
      return new State(List.copyOf(other));
    }
  }

  /** All of it exact: every backend has the same state after every step. */
  private static Step<State, State> step(State state, Tensor batch) {
    Tensor count = state.leaves().get(0);
    Tensor total = state.leaves().get(1);
    Tensor a = state.leaves().get(2);
    Tensor b = state.leaves().get(3);
    Tensor history = state.leaves().get(4);
    Tensor key = Tensor.stack(count.cast(DType.INT32), count.cast(DType.INT32).add(1)).sum();
    RandomKey drawn =
        new RandomKey(key.reshape(1).broadcastTo(Shape.of(4)).add(Tensor.tensor(1, 2, 3, 4)));
    State next =
        new State(
            List.of(
                count.add(1),
                total.add(batch).mul(2),
                b.add(a),
                a,
                Tensor.concat(0, history.slice(0, 1, 4), b.reshape(1, 3)),
                drawn.bits(Shape.of(2, 7)),
                state.leaves().get(6),
                state.leaves().get(7).add(1)));
    // What was, not what will be: the state is overwritten after it was read.
    return new Step<>(next, new State(List.of(total, a.sub(b), history.sum(0))));
  }

  private static Program<State, Tensor, State> steps(Device device) {
    return Program.compile(
        ProgramsTest::step, State.start(), Tensor.full(0, Shape.of(3, 5), DType.FLOAT32), device);
  }

  private static Tensor batch(int number) {
    return Tensor.arange(15, DType.FLOAT32).reshape(3, 5).add(number).detach();
  }

  private static void same(State expected, State actual, String what) {
    for (int i = 0; i < expected.leaves().size(); i++) {
      assertArrayEquals(
          expected.leaves().get(i).toDoubleArray(),
          actual.leaves().get(i).toDoubleArray(),
          what + ", tensor " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void theStateIsCarriedFromStepToStep(String name) {
    Device device = Devices.open(name);
    try (Program<State, Tensor, State> program = steps(device);
        Program<State, Tensor, State> reference = steps(Device.of("reference"));
        Run<State, Tensor, State> expected = reference.start(State.start());
        Run<State, Tensor, State> actual = program.start(State.start())) {
      for (int i = 0; i < STEPS; i++) {
        String after = name + " after step " + i;
        same(expected.step(batch(i)), actual.step(batch(i)), "the result on " + after);
        same(expected.snapshot(), actual.snapshot(), "the state on " + after);
      }
    }
  }

  /** Two runs of a program, in turn, each with a state of its own. */
  @ParameterizedTest
  @MethodSource("devices")
  void runsOfAProgramHaveNothingInCommon(String name) {
    Device device = Devices.open(name);
    try (Program<State, Tensor, State> program = steps(device);
        Run<State, Tensor, State> one = program.start(State.start());
        Run<State, Tensor, State> other = program.start(State.start())) {
      one.step(batch(0));
      State ahead = one.snapshot();
      other.step(batch(0));
      same(ahead, other.snapshot(), name);
      one.step(batch(1));
      same(ahead, other.snapshot(), name + ", the one that stood still");
      assertEquals(2, one.steps());
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void theSameStepGivesTheSameBits(String name) {
    Device device = Devices.open(name);
    List<Trial> trials = trials();
    List<Trial.Outcome> first = Trial.runAll(trials, device);
    List<Trial.Outcome> again = Trial.runAll(trials, device);
    for (int i = 0; i < trials.size(); i++) {
      for (int output = 0; output < first.get(i).results().size(); output++) {
        assertEquals(
            -1,
            first
                .get(i)
                .results()
                .get(output)
                .segment()
                .mismatch(again.get(i).results().get(output).segment()),
            trials.get(i).name() + ", output " + output + " on " + name);
      }
    }
  }
}
