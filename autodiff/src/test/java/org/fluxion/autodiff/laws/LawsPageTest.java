package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.Autodiff.stopGradient;
import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** What the page about the laws shows as printed is what is printed. */
class LawsPageTest {
  private static void assertShown(String printed) throws IOException {
    String block =
        printed.lines().map(line -> "    " + line).collect(Collectors.joining("\n")) + "\n";
    String page = Files.readString(Path.of("docs", "laws.md"));
    assertTrue(page.contains(block), () -> "docs/laws.md does not show this:\n" + block);
  }

  private static String broken(Laws laws) {
    return assertThrows(LawBroken.class, laws::check).getMessage();
  }

  @Test
  void aMissingFactor() throws IOException {
    CustomFunction square = CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(x));
    assertShown(broken(Laws.of(square)));
  }

  @Test
  void aTransposedOperand() throws IOException {
    CustomFunction sum =
        CustomFunction.of(
            "running sum",
            x -> x.cumulativeSum(-1),
            (x, y, dx) -> dx.flip(-1).cumulativeSum(-1).flip(-1));
    assertShown(broken(Laws.of(sum).over(tensors().rank(1, 3))));
  }

  private static Tensor normalised(Tensor x) {
    Tensor centred = x.sub(x.meanKeep(-1));
    return centred.div(centred.square().meanKeep(-1).add(1e-5).sqrt());
  }

  private static final CustomFunction LAYER_NORM =
      CustomFunction.of(
          "layer norm",
          LawsPageTest::normalised,
          (x, y, dx) -> {
            Tensor centred = x.sub(x.meanKeep(-1));
            Tensor deviation = stopGradient(centred.square().meanKeep(-1).add(1e-5).sqrt());
            Tensor dc = dx.sub(dx.meanKeep(-1));
            return dc.sub(y.mul(y.mul(dc).meanKeep(-1))).div(deviation);
          });

  @Test
  void whyFirstOrderIsNotEnough() throws IOException {
    Laws laws = Laws.of(LAYER_NORM).over(tensors().shape(2, 3));
    String differences =
        laws.order(1)
            .check()
            .toString()
            .lines()
            .filter(line -> line.startsWith("  differences "))
            .findFirst()
            .orElseThrow();
    assertShown(differences);
    assertShown(broken(laws));
  }

  @Test
  void howMuchWasCompared() throws IOException {
    CustomFunction softplus =
        CustomFunction.of("softplus", x -> x.exp().log1p(), (x, y, dx) -> dx.mul(x.sigmoid()));
    LawReport report =
        Laws.of(softplus)
            .over(tensors().rank(0, 4))
            .seed(42)
            .devices("cpu")
            .only(Law.VALUE, Law.LINEARITY, Law.DUALITY, Law.DIFFERENCES)
            .check();
    List<String> lines = report.toString().lines().toList();
    assertShown(String.join("\n", lines.subList(0, lines.size() - 1)));
    assertShown(lines.getLast());
  }
}
