package org.fluxion.tests.readme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.fluxion.tests.conformance.Devices;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every Java block of the README, and of pages, does what it says. */
class ReadmeTest {
  private static List<String> failures(String... lines) {
    return Snippets.failures(Snippets.blocks(List.of(lines)));
  }

  @Test
  void theReadmeIsTrue() throws IOException {
    List<String> document = Files.readAllLines(Path.of("../README.md"));
    List<Snippets.Block> blocks = Snippets.blocks(document);
    assertFalse(blocks.isEmpty());
    assertTrue(
        blocks.stream().flatMap(block -> block.code().stream()).anyMatch(l -> l.contains("// → ")),
        "no snippet of the README says what it gives");
    assertEquals("", String.join("\n", Snippets.failures(blocks)));
  }

  /** A block of another page stands by itself: who pastes it has pasted nothing before. */
  @ParameterizedTest
  @ValueSource(strings = {"attention", "opencl"})
  void thePagesOfTheOpenClBackendAreTrue(String name) throws IOException {
    List<String> document = Files.readAllLines(Path.of("../opencl/docs/" + name + ".md"));
    List<Snippets.Block> blocks = Snippets.blocks(document);
    assertFalse(blocks.isEmpty());
    if (document.stream().anyMatch(line -> line.contains("Device.of(\"opencl\")"))) {
      Devices.open("opencl");
    }
    for (Snippets.Block block : blocks) {
      assertEquals("", String.join("\n", Snippets.failures(List.of(block))));
    }
  }

  /** Its blocks follow each other, as it says. */
  @Test
  void theLawsPageIsTrue() throws IOException {
    List<Snippets.Block> blocks =
        Snippets.blocks(Files.readAllLines(Path.of("../autodiff/docs/laws.md")));
    assertFalse(blocks.isEmpty());
    assertEquals("", String.join("\n", Snippets.failures(blocks)));
  }

  @Test
  void blocksShareOneSession() {
    assertEquals(
        List.of(),
        failures(
            "```java",
            "record Point(int x, int y) {",
            "  int sum() { return x + y; }  // a comment",
            "}",
            "",
            "var p = new Point(1, 2);  // → Point[x=1, y=2]",
            "```",
            "```java",
            "// A comment alone.",
            "System.out.println(",
            "    p.sum());  // → 3",
            "int a = 1; int b = 2;  // → 2",
            "System.out.println(\"long\\nand wide\");  // → long",
            "                                          //   and …",
            "Integer.parseInt(\"x\")  // throws For input string: \"x\"",
            "```",
            "```",
            "nor is this Java",
            "```"));
  }

  @Test
  void noBlockOfJavaEscapes() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> failures("```", "text", "```", "```java fragment", "int a = 1;", "```"))
            .getMessage();
    assertTrue(message.startsWith("line 4: the fence says \"java fragment\""), message);
  }

  @Test
  void whateverIsUntrueIsReportedWithItsLine() {
    List<String> failures =
        failures(
            "```java",
            "int a = 1;  // → 2",
            "String s = 1;",
            "int b = a / 0;",
            "a + 1;  // throws / by zero",
            "if (a == 1) {",
            "```");
    assertEquals(5, failures.size(), () -> String.join("\n", failures));
    assertEquals("line 2: int a = 1;  // → 2\n  expected: 2\n  but was:  1", failures.get(0));
    assertTrue(failures.get(1).startsWith("line 3: String s = 1;\n  does not compile: "));
    assertTrue(failures.get(2).endsWith("throws java.lang.ArithmeticException: / by zero"));
    assertTrue(failures.get(3).contains("throws nothing; expected: / by zero"));
    assertTrue(failures.get(4).startsWith("line 6: the block ends inside if (a == 1) {"));
  }
}
