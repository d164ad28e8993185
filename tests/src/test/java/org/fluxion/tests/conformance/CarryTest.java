package org.fluxion.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.plan.Plan;

/** The state that a step returns is the next step's, whatever places its tensors trade. */
class CarryTest {
  private static final int STATES = 5;
  private static final int STEPS = 4;

  private record States(List<Tensor> leaves) implements Tree<States> {
    States {
      leaves = List.copyOf(leaves);
    }

    @Override
    public States withLeaves(List<Tensor> leaves) {
      return new States(leaves);
    }
  }

  /** What a new state is made of: an old one, as it is or with the batch added. */
  private static int source(int choice) {
    return choice % STATES;
  }

  private static boolean adds(int choice) {
    return choice >= STATES;
  }

  private static States initial() {
    List<Tensor> states = new ArrayList<>();
    for (int i = 0; i < STATES; i++) {
      states.add(Tensor.of(new float[] {i, 10 * i, 100 * i}, 3));
    }
    return new States(states);
  }

  private static Program<States, Tensor, Tensor> program(List<Integer> choices, Device device) {
    return Program.compile(
        (States old, Tensor batch) -> {
          List<Tensor> next = new ArrayList<>();
          for (int choice : choices) {
            Tensor from = old.leaves().get(source(choice));
            next.add(adds(choice) ? from.add(batch) : from);
          }
          return new Step<>(new States(next), old.leaves().get(0));
        },
        initial(),
        Tensor.of(new float[] {1, 2, 3}, 3),
        device);
  }

  private static void holds(List<Integer> choices, String device) {
    float[][] expected = new float[STATES][];
    Arrays.setAll(expected, i -> initial().leaves().get(i).toFloatArray());
    try (Program<States, Tensor, Tensor> program = program(choices, Device.of(device));
        Run<States, Tensor, Tensor> run = program.start(initial())) {
      for (int step = 1; step <= STEPS; step++) {
        float[] batch = {step, 2 * step, 3 * step};
        assertArrayEquals(expected[0], run.step(Tensor.of(batch, 3)).toFloatArray());
        float[][] next = new float[STATES][];
        for (int i = 0; i < STATES; i++) {
          next[i] = expected[source(choices.get(i))].clone();
          for (int e = 0; e < batch.length; e++) {
            next[i][e] += adds(choices.get(i)) ? batch[e] : 0;
          }
        }
        expected = next;
        for (int i = 0; i < STATES; i++) {
          assertArrayEquals(
              expected[i],
              run.snapshot().leaves().get(i).toFloatArray(),
              "state " + i + " after step " + step + " on " + device);
        }
      }
    }
  }

  @Property(tries = 100, seed = "4858")
  void statesTradePlaces(
      @ForAll @Size(STATES) List<@IntRange(max = 2 * STATES - 1) Integer> choices) {
    holds(choices, "reference");
    holds(choices, "cpu:2");
  }

  @Property(tries = 25, seed = "3178")
  void statesTradePlacesInOpenCl(
      @ForAll @Size(STATES) List<@IntRange(max = 2 * STATES - 1) Integer> choices) {
    holds(choices, Devices.open("opencl").name());
  }

  @Example
  void onlyWhatWouldBeLostGoesByWayOfOtherMemory() {
    // Two trade places, one is copied, one is updated in place and one stays.
    Plan plan = program(List.of(1, 0, 0, 3 + STATES, 4), Device.of("cpu:1")).plan();
    assertEquals(2 + 3, plan.moves().size(), () -> plan.moves().toString());
    // States 0 and 1 are kept aside; 12 bytes take 64.
    assertEquals(2 * 64, plan.arena().bytes());
    Plan still = program(List.of(0, 1, 2 + STATES, 3, 4), Device.of("cpu:1")).plan();
    assertEquals(List.of(), still.moves());
    assertEquals(0, still.arena().bytes());
  }
}
