package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What compilers and files take is the same text, whatever the reader's language. */
class TextTest {
  private static final List<Family> FAMILIES =
      List.of(new Family(1, 16, 8), new Family(1, 1, 1), new Family(64, 1, 32));

  private static <T> T in(Locale locale, Supplier<T> work) {
    Locale before = Locale.getDefault();
    Locale.setDefault(locale);
    try {
      return work.get();
    } finally {
      Locale.setDefault(before);
    }
  }

  /** Every operation alone, small and as large as is cut into parts; and products with parts. */
  private static List<Plan> plans(Family family) {
    PlanOptions options =
        PlanOptions.ALL.withAttention(
            AttentionSource.largestSizes(family, MatmulLimits.LEAST.localBytes()));
    List<Plan> plans = new ArrayList<>();
    for (OpTable.Row row : OpTable.rows()) {
      for (DType dtype : List.of(DType.FLOAT32, DType.FLOAT16, DType.INT32)) {
        for (Draw.Kind kind : List.of(Draw.Kind.MODERATE, Draw.Kind.LARGE)) {
          Draw draw = new Draw(new Random(1), kind);
          OpCase drawn = row.draw(dtype, draw);
          if (drawn.isAllowed()) {
            plans.add(Plan.of(drawn.alone(draw).graph(), new int[] {-1}, options));
          }
        }
      }
    }
    Tensor a = Tensor.input("a", Shape.of(3, 1 << 16), DType.FLOAT32);
    Tensor rows = Tensor.input("b", Shape.of(1 << 16, 5), DType.FLOAT32);
    plans.add(Plan.of(new Graph(List.of(a, rows), List.of(a.matmul(rows))), new int[] {-1}));
    plans.add(Plan.of(new Graph(List.of(rows), List.of(rows.argSort(0))), new int[] {-1}));
    plans.add(Plan.of(new Graph(List.of(rows), List.of(rows.exp().sum(0))), new int[] {-1}));
    return plans;
  }

  /** The texts of all that is written for the plans, and the kinds of kernels that they are of. */
  private static Set<String> texts(Set<Class<?>> kinds) {
    Set<String> texts = new LinkedHashSet<>();
    for (Family family : FAMILIES) {
      MatmulDefaults tiles = new MatmulDefaults(family, MatmulLimits.LEAST);
      for (Plan plan : plans(family)) {
        for (Kernel kernel : plan.kernels()) {
          kinds.add(kernel.getClass());
          texts.add(kernel.structure());
          List<Launch> launches =
              switch (kernel) {
                case Kernel.LoopKernel loops -> LoopSource.launches(loops, family);
                case Kernel.MatmulKernel matmul -> {
                  texts.add(ProductClass.of(matmul, family).toString());
                  texts.add(tiles.of(matmul).describe());
                  yield MatmulSource.of(matmul, family, tiles.of(matmul));
                }
                case Kernel.AttentionKernel attention ->
                    AttentionSource.of(
                        attention,
                        family,
                        MatmulLimits.LEAST.localBytes(),
                        MatmulLimits.LEAST.largestGroup());
                case Kernel.OperationKernel operation -> OperationSource.of(operation, family);
              };
          launches.forEach(launch -> texts.add(launch.name() + "\n" + launch.source()));
        }
      }
      texts.add(PeakKernels.text(PeakKernels.SOURCE, family.lanes(), family.width()));
    }
    return texts;
  }

  @ParameterizedTest
  @ValueSource(strings = {"fa-IR", "ar-EG-u-nu-arab", "hi-IN-u-nu-deva", "tr-TR"})
  void kernelsAreTheSameInEveryLanguage(String language) {
    Locale locale = Locale.forLanguageTag(language);
    if (!language.startsWith("tr")) {
      assertNotEquals("7", in(locale, () -> "%d".formatted(7)), "expected other digits than C's");
    }
    Set<Class<?>> kinds = new LinkedHashSet<>();
    List<String> expected = List.copyOf(in(Locale.ROOT, () -> texts(kinds)));
    List<String> actual = List.copyOf(in(locale, () -> texts(kinds)));
    assertEquals(Set.of(Kernel.class.getPermittedSubclasses()), kinds);
    String exponential = "static float16 " + Elementary.name(new Op.Exp(), 16, 1);
    assertTrue(expected.stream().anyMatch(text -> text.contains(exponential)), exponential);
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), actual.get(i));
    }
    assertEquals(expected.size(), actual.size());
  }
}
