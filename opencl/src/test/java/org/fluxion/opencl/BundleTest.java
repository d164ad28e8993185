package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;
import org.jocl.CL;
import org.junit.jupiter.api.Test;

/** Texts that declare the same names are joined, and mean what they did. */
class BundleTest {
  private static final String FIRST =
      """
      typedef struct __attribute__((packed)) { float4 of; } anywhere;
      static float exp_1(const float x) {
        return x;
      }
      kernel __attribute__((reqd_work_group_size(1, 1, 1)))
      void loops(global float *b0_,
          const long n) {
      const long g = get_group_id(0);
      for (long i = 0; i < 4; i++) {
        b0_[i] = exp_1(((global anywhere *) b0_)->of.x) + expm1(0.0f);
      }
      }
      """;

  @Test
  void whatATextDeclaresHasItsNumber() {
    Bundle bundle = Bundle.of(List.of(FIRST, FIRST.replace("float4", "float8")));
    assertEquals(List.of("_of_0", "_of_1"), bundle.suffixes());
    for (String suffix : bundle.suffixes()) {
      for (String name :
          List.of("void loops%s(", "float exp_1%s(", "= exp_1%s(", "} anywhere%s;")) {
        assertTrue(bundle.source().contains(name.formatted(suffix)), name.formatted(suffix));
      }
    }
    assertFalse(bundle.source().contains("loops("), bundle.source());
  }

  @Test
  void whatItOnlyUsesKeepsItsName() {
    String source = Bundle.of(List.of(FIRST)).source();
    for (String name :
        List.of("get_group_id(0)", "expm1(0", "__attribute__((packed))", "for (", "float4 of")) {
      assertTrue(source.contains(name), name + " in " + source);
    }
  }

  /** Adds a number to an element; what else is in the text. */
  private static String adding(String number, String more) {
    return """
    %s
    kernel __attribute__((reqd_work_group_size(1, 1, 1)))
    void add(global float *a) {
      a[0] += %s;
    }
    """
        .formatted(more, number);
  }

  private static Context aContext() {
    ProbeTest.assumeADevice();
    OpenClDevice device = Probe.devices().get(0);
    assumeTrue(device.driverKeepsPrograms(), "where programs are kept here, each is one");
    return new Context(device, Limits.of(device));
  }

  private static void build(Context context, String source) {
    CL.clReleaseKernel(context.programs().kernel(source, "add"));
  }

  @Test
  void whatOnlyFailsTogetherIsCompiledAloneAndSaid() {
    try (Context context = aContext()) {
      // The first defines what makes the second one fail.
      List<String> texts =
          List.of(
              adding("1.0f", "#define PLANTED"),
              adding("2.0f", "#ifdef PLANTED\n#error a planted one\n#endif"));
      context.programs().prepare(texts);
      texts.forEach(text -> build(context, text));
      assertEquals(1, context.programs().notes().size());
      String note = context.programs().notes().getFirst();
      assertTrue(
          note.matches(
              "opencl:0: the compiler of .+ fails to build 2 kernels as one program, so that each"
                  + " is compiled alone, which takes longer: .*a planted one.*"),
          note);
      // A program's run has it among its notes, and it is not said again.
      Tensor x = Tensor.input("x", Shape.of(4), DType.FLOAT32);
      Plan plan = Plan.of(new Graph(List.of(x), List.of(x.exp())), new int[] {-1});
      try (OpenClExecutable run = new OpenClExecutable(plan, context, new Family(1, 8, 8))) {
        assertEquals(1, run.notes().stream().filter(note::equals).count());
      }
    }
  }

  @Test
  void oneThatIsAtFaultIsToldToWhoAsksForIt() {
    try (Context context = aContext()) {
      String good = adding("1.0f", "");
      String wrong = adding("no_such_name", "");
      String other = adding("3.0f", "");
      context.programs().prepare(List.of(good, wrong, other));
      build(context, good);
      build(context, other);
      OpenClException refused = assertThrows(OpenClException.class, () -> build(context, wrong));
      assertTrue(refused.getMessage().contains("no_such_name"), refused.getMessage());
      assertEquals(List.of(), context.programs().notes());
    }
  }

  @Test
  void whatCompilesTogetherIsNotSaid() {
    try (Context context = aContext()) {
      List<String> texts = List.of(adding("1.0f", ""), adding("2.0f", ""));
      context.programs().prepare(texts);
      assertEquals(2, context.programs().compiled());
      texts.forEach(text -> build(context, text));
      assertEquals(2, context.programs().compiled(), "nothing is compiled once more");
      assertEquals(List.of(), context.programs().notes());
    }
  }
}
