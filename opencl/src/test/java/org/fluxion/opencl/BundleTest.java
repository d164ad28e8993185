package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
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
}
