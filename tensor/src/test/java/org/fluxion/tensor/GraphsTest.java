package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GraphsTest {
  private static final Tensor X = Tensor.tensor(0.5f, 1f, 2f);

  /** A graph that grows with its seed: every node takes two of those before it. */
  private static Tensor random(Tensor x, int seed, int size) {
    List<Tensor> nodes = new ArrayList<>(List.of(x));
    java.util.Random random = new java.util.Random(seed);
    for (int i = 0; i < size; i++) {
      Tensor a = nodes.get(random.nextInt(nodes.size()));
      Tensor b = nodes.get(random.nextInt(nodes.size()));
      nodes.add(
          switch (random.nextInt(5)) {
            case 0 -> a.add(b);
            case 1 -> a.sin().mul(2);
            case 2 -> a.sumKeep(0).mul(b);
            case 3 -> Tensor.where(a.less(b), a, b);
            default -> a.flip(0);
          });
    }
    return Tensor.concat(0, nodes.toArray(Tensor[]::new));
  }

  @Test
  void aGraphReadsAsAProgram() {
    assertEquals(
        """
        x = input : float32[3]
        %1 = sin(x) : float32[3]
        %2 = mul(%1, x) : float32[3]
        %3 = mul(%2, 2.0) : float32[3]
        %4 = sum(%3, axes=[0]) : float32[]
        return %4
        """,
        Graphs.text(a -> a.sin().mul(a).mul(2).sum(), X));
  }

  @Test
  void aRepeatedNumberIsANumberOnlyToElementwiseOperations() {
    Tensor half = Tensor.full(0.5, Shape.of(3, 2), DType.FLOAT32);
    assertEquals(
        """
        x = input : float32[3]
        %1 = mul(x, 2.0) : float32[3]
        %2 = reshape(%1) : float32[1, 3]
        %3 = matmul(%2, full(0.5, [3, 2])) : float32[1, 2]
        return %3, full(0.5, [3, 2]), 7.0
        """,
        Graphs.text(
            a ->
                new Three(
                    a.mul(2).reshape(1, 3).matmul(half), half, Tensor.scalar(7.0, DType.FLOAT32)),
            X));
  }

  record Three(Tensor a, Tensor b, Tensor c) implements Tree<Three> {
    @Override
    public List<Tensor> leaves() {
      return List.of(a, b, c);
    }

    @Override
    public Three withLeaves(List<Tensor> leaves) {
      return new Three(leaves.get(0), leaves.get(1), leaves.get(2));
    }
  }

  @Test
  void aDeepDrawingStaysSmall() {
    List<Tensor> chain = new ArrayList<>(List.of(X));
    for (int i = 0; i < 300; i++) {
      chain.add(chain.getLast().sin());
    }
    Tensor sum = chain.getLast();
    for (Tensor earlier : chain.reversed()) {
      sum = sum.mul(earlier);
    }
    // 600 boxes of some 500 characters, and no bend for each of 300 layers.
    String svg = Graphs.svg(new Graph(List.of(X), List.of(sum)));
    wellFormed(svg);
    assertTrue(svg.length() < 2_000_000, () -> svg.length() + " characters");
    assertTrue(svg.contains("mul(·, x0)"), "the name of what is far away");
  }

  @Test
  void inputsAreNamedAsTheLeavesOfTheArgument() {
    Three x = new Three(X, X, Tensor.tensor(1));
    assertEquals(
        """
        x.0 = input : float32[3]
        x.1 = input : float32[3]
        x.2 = input : int32[1]
        %1 = add(x.0, x.1) : float32[3]
        return %1
        """,
        Graphs.text((Three t) -> t.a().add(t.b()), x));
    String named = Graphs.text((TopK t) -> t.values().sin(), new TopK(X, Tensor.tensor(1, 2, 3)));
    assertTrue(named.contains("x.indices = input : int32[3]\n%1 = sin(x.values)"), named);
  }

  @Test
  void inputsOfOneNameAreToldApart() {
    Tensor a = Tensor.input("a", Shape.of(2), DType.INT32);
    Tensor b = Tensor.input("a", Shape.of(2), DType.INT32);
    assertEquals(
        """
        a = input : int32[2]
        a_2 = input : int32[2]
        %1 = add(a, a_2) : int32[2]
        return %1, a
        """,
        Graphs.text(new Graph(List.of(a, b), List.of(a.add(b), a))));
  }

  @Property(tries = 50, seed = "6208")
  void everyNameIsDefinedBeforeItIsUsed(
      @ForAll int seed, @ForAll @IntRange(min = 1, max = 30) int size) {
    String text = Graphs.text(x -> random(x, seed, size), X);
    List<String> defined = new ArrayList<>();
    for (String line : text.lines().toList()) {
      String[] sides = line.startsWith("return") ? new String[] {"", line} : line.split(" = ", 2);
      Matcher used = Pattern.compile("%\\d+|\\bx\\b").matcher(sides[1]);
      while (used.find()) {
        assertTrue(defined.contains(used.group()), line);
      }
      defined.add(sides[0]);
    }
  }

  @Property(tries = 50, seed = "3155")
  void jsonIsWellFormedAndComplete(
      @ForAll String name, @ForAll int seed, @ForAll @IntRange(min = 1, max = 30) int size) {
    Tensor x = Tensor.input(name, Shape.of(3), DType.FLOAT32);
    Tensor y = random(x, seed, size).add(Double.NaN).mul(Double.NEGATIVE_INFINITY);
    Graph graph = new Graph(List.of(x), List.of(y));
    String json = Graphs.json(graph);
    Json parser = new Json(json);
    parser.value();
    parser.end();
    assertEquals(graph.nodes().size(), parser.names.stream().filter("id"::equals).count());
    assertTrue(parser.strings.contains(name));
  }

  @Property(tries = 30, seed = "505")
  void boxesOfADrawingDoNotOverlap(
      @ForAll int seed, @ForAll @IntRange(min = 1, max = 30) int size) {
    String svg = Graphs.svg(x -> random(x, seed, size), X);
    wellFormed(svg);
    List<double[]> boxes = new ArrayList<>();
    Matcher box =
        Pattern.compile("<rect x=\"(.*?)\" y=\"(.*?)\" width=\"(.*?)\" height=\"(.*?)\"")
            .matcher(svg);
    while (box.find()) {
      boxes.add(
          IntStream.rangeClosed(1, 4).mapToDouble(i -> Double.parseDouble(box.group(i))).toArray());
    }
    assertEquals(Graphs.text(x -> random(x, seed, size), X).lines().count() - 1, boxes.size());
    for (double[] a : boxes) {
      for (double[] b : boxes) {
        assertTrue(
            a == b || apart(a, b, 0) || apart(a, b, 1), () -> "overlap at " + a[0] + ", " + a[1]);
      }
    }
  }

  private static boolean apart(double[] a, double[] b, int axis) {
    return a[axis] + a[axis + 2] < b[axis] || b[axis] + b[axis + 2] < a[axis];
  }

  @Test
  void aDrawingEscapesNames() {
    Tensor x = Tensor.input("a<b> & \"c\"", Shape.of(3), DType.FLOAT32);
    String svg = Graphs.svg(new Graph(List.of(x), List.of(x.sin())));
    wellFormed(svg);
    assertTrue(svg.contains(">a&lt;b&gt; &amp; \"c\"</text>"), svg);
  }

  /** Every element is closed in turn, and text holds no bare markup. */
  private static void wellFormed(String svg) {
    Matcher token =
        Pattern.compile(
                "<(/?)(\\w+)((?: [\\w:-]+=\"[^\"<&]*\")*)(/?)>|(?:[^<&]|&(?:lt|gt|amp|quot);)+")
            .matcher(svg);
    Deque<String> open = new ArrayDeque<>();
    int at = 0;
    while (token.find()) {
      assertEquals(at, token.start(), () -> "bare markup in " + svg);
      at = token.end();
      if (token.group(2) != null && token.group(1).equals("/")) {
        assertEquals(open.pop(), token.group(2));
      } else if (token.group(2) != null && token.group(4).isEmpty()) {
        open.push(token.group(2));
      }
    }
    assertEquals(svg.length(), at);
    assertTrue(open.isEmpty());
  }

  /** A strict reader of JSON (RFC 8259) that keeps the strings it saw. */
  private static final class Json {
    private static final Pattern STRING =
        Pattern.compile("\"((?:[^\"\\\\\\x00-\\x1f]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4})*)\"");
    private static final Pattern NUMBER =
        Pattern.compile("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?");
    final List<String> names = new ArrayList<>();
    final List<String> strings = new ArrayList<>();
    private final String text;
    private int at;

    Json(String text) {
      this.text = text;
    }

    private String token(Pattern pattern) {
      Matcher matcher = pattern.matcher(text).region(at, text.length());
      assertTrue(matcher.lookingAt(), () -> "at " + at + ": " + text.substring(at));
      at = matcher.end();
      return matcher.group();
    }

    private boolean skip(char c) {
      token(Pattern.compile("\\s*"));
      if (at < text.length() && text.charAt(at) == c) {
        at++;
        token(Pattern.compile("\\s*"));
        return true;
      }
      return false;
    }

    private String string() {
      String quoted = token(STRING);
      Matcher unicode =
          Pattern.compile("\\\\u(....)|\\\\(.)").matcher(quoted.substring(1, quoted.length() - 1));
      return unicode.replaceAll(
          m ->
              Matcher.quoteReplacement(
                  m.group(1) == null
                      ? m.group(2)
                      : Character.toString((char) Integer.parseInt(m.group(1), 16))));
    }

    void value() {
      if (skip('{')) {
        do {
          names.add(string());
          assertTrue(skip(':'));
          value();
        } while (skip(','));
        assertTrue(skip('}'));
      } else if (skip('[')) {
        if (!skip(']')) {
          do {
            value();
          } while (skip(','));
          assertTrue(skip(']'));
        }
      } else if (text.charAt(at) == '"') {
        strings.add(string());
      } else {
        token(NUMBER);
      }
    }

    void end() {
      skip(' ');
      assertEquals(text.length(), at);
    }
  }

  /** As a walk would that calls itself, down to what it is told to stop at. */
  @Property(tries = 50, seed = "6021")
  void nodesAreListedOperandsFirst(@ForAll @IntRange(max = 1000) int seed) {
    Tensor x = Tensor.input("x", Shape.of(3), DType.FLOAT32);
    Tensor y = random(x, seed, 20);
    List<Tensor> all = Graph.topological(List.of(y), Set.of());
    java.util.Random random = new java.util.Random(seed);
    Set<Tensor> stops =
        all.stream().filter(node -> random.nextInt(5) == 0).collect(Collectors.toSet());
    List<Tensor> roots = List.of(all.get(random.nextInt(all.size())), y, y, x);
    List<Tensor> expected = new ArrayList<>();
    roots.forEach(root -> walk(root, stops, expected));
    assertEquals(expected, Graph.topological(roots, stops));
  }

  private static void walk(Tensor node, Set<Tensor> stops, List<Tensor> walked) {
    if (!walked.contains(node)) {
      if (!stops.contains(node)) {
        node.inputs().forEach(operand -> walk(operand, stops, walked));
      }
      walked.add(node);
    }
  }
}
