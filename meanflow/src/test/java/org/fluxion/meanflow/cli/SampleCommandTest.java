package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.fluxion.meanflow.train.ModelConfiguration;
import org.fluxion.meanflow.train.ModelFile;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleCommandTest {
  private static final ModelConfiguration MODEL =
      new ModelConfiguration(4, 2, 1, 8, 2, 2, 5, 1, false);

  /** A model whose every weight is random, so that times and classes tell in what it draws. */
  private static Path model(Path folder, ModelFile.Kind kind) throws IOException {
    Parameters.Builder parameters = Parameters.builder();
    RandomKey key = RandomKey.of(3);
    int[] at = {0};
    MODEL
        .transformer()
        .initialise(key)
        .asMap()
        .forEach(
            (name, tensor) ->
                parameters.add(
                    name, key.fold(at[0]++).normal(tensor.shape(), DType.FLOAT32).mul(0.3)));
    Path file = folder.resolve(kind.written() + ".safetensors");
    new ModelFile(kind, MODEL, parameters.build().detach()).write(file);
    return file;
  }

  private static byte[] drawn(Path folder, Object... options) throws IOException {
    Path out = folder.resolve("out.png");
    Object[] words = Arrays.copyOf(new Object[] {"sample", "--out", out}, 3 + options.length);
    System.arraycopy(options, 0, words, 3, options.length);
    CommandRun.Outcome run = run(words);
    assertEquals("", run.err());
    assertEquals(0, run.exitCode());
    return Files.readAllBytes(out);
  }

  @Test
  void itDrawsARowForEachClass(@TempDir Path folder) throws IOException {
    Path map = model(folder, ModelFile.Kind.MAP);
    drawn(folder, "--model", map, "--labels", "0-2,4", "--count", 3, "--scale", 2);
    BufferedImage image = ImageIO.read(folder.resolve("out.png").toFile());
    assertEquals(3 * 8 + 2 * 2, image.getWidth());
    assertEquals(4 * 8 + 3 * 2, image.getHeight());
    drawn(folder, "--model", map, "--labels", "3,3,1", "--count", 1, "--scale", 1);
    image = ImageIO.read(folder.resolve("out.png").toFile());
    assertEquals(3 * 4 + 2 * 2, image.getWidth());
    assertEquals(4, image.getHeight());
  }

  @Test
  void oneImageIsOne(@TempDir Path folder) throws IOException {
    Path map = model(folder, ModelFile.Kind.MAP);
    Object[] words = {"sample", "--model", map, "--out", folder.resolve("a"), "--labels", "1"};
    assertTrue(run(with(words, "--count", 1)).out().startsWith("Drew 1 image in 1 step with"));
    String two = run(with(words, "--count", 2, "--steps", 3)).out();
    assertTrue(two.startsWith("Drew 2 images in 3 steps each with"), two);
  }

  @Test
  void aProfilesTraceStandsBesideTheImage(@TempDir Path folder) throws IOException {
    Path map = model(folder, ModelFile.Kind.MAP);
    byte[] plain = drawn(folder, "--model", map);
    assertFalse(Files.exists(folder.resolve("out.trace.json")));
    assertArrayEquals(plain, drawn(folder, "--model", map, "--profile"));
    JsonNode trace = new ObjectMapper().readTree(folder.resolve("out.trace.json").toFile());
    assertTrue(trace.get("traceEvents").size() > 3);
  }

  @Test
  void seedStepsClassesAndGuidanceTell(@TempDir Path folder) throws IOException {
    Path map = model(folder, ModelFile.Kind.MAP);
    Path flow = model(folder, ModelFile.Kind.FLOW);
    byte[] plain = drawn(folder, "--model", map);
    assertArrayEquals(plain, drawn(folder, "--model", map, "--threads", 1, "--steps", 1));
    for (Object[] other :
        new Object[][] {
          {"--seed", 1}, {"--steps", 2}, {"--labels", "4,3,2,1,0"}, {"--guidance", 2.0}
        }) {
      byte[] different = drawn(folder, "--model", map, other[0], other[1]);
      assertFalse(Arrays.equals(plain, different), Arrays.toString(other));
    }
    // Steps that begin at 1, 3/4, 1/2 and 1/4; shifted by 3, at 1, 9/10, 3/4 and 1/2.
    Object[] guided = {"--model", map, "--steps", 4, "--guidance", 2.0};
    byte[] always = drawn(folder, guided);
    assertArrayEquals(always, drawn(folder, with(guided, "--guidance-interval", "0,1")));
    byte[] some = drawn(folder, with(guided, "--guidance-interval", "0.2,0.8"));
    assertFalse(Arrays.equals(always, some));
    assertArrayEquals(some, drawn(folder, with(guided, "--guidance-interval", "0.25,0.75")));
    assertArrayEquals(always, drawn(folder, with(guided, "--shift", 1)));
    assertFalse(Arrays.equals(always, drawn(folder, with(guided, "--shift", 3))));
    // A flow model takes 32 steps unless told otherwise.
    assertArrayEquals(
        drawn(folder, "--model", flow), drawn(folder, "--model", flow, "--steps", 32));
    assertFalse(
        Arrays.equals(
            drawn(folder, "--model", flow), drawn(folder, "--model", flow, "--steps", 1)));
  }

  private static Object[] with(Object[] options, Object... more) {
    Object[] all = Arrays.copyOf(options, options.length + more.length);
    System.arraycopy(more, 0, all, options.length, more.length);
    return all;
  }

  @Test
  void badInputIsOneLine(@TempDir Path folder) throws IOException {
    Path map = model(folder, ModelFile.Kind.MAP);
    assertOneLine(
        "--labels: expected classes from 0 to 4 such as 0-4 or 3,3,7, got '7'",
        "--model",
        map,
        "--labels",
        "7");
    assertOneLine("--count: expected at least 1, got 0", "--model", map, "--count", 0);
    assertOneLine("--steps: expected at least 1, got 0", "--model", map, "--steps", 0);
    assertOneLine("--shift: expected a number above 0, got 0.0", "--model", map, "--shift", 0);
    for (String interval : List.of("0.8,0.2", "0.5", "0.1,1.5", "NaN,1", "0.1,0.2,", "a,1", "")) {
      Object[] options = {"--model", map, "--guidance", 2, "--guidance-interval", interval};
      assertOneLine(
          "--guidance-interval: expected LOW,HIGH with 0 ≤ LOW ≤ HIGH ≤ 1, got '%s'"
              .formatted(interval),
          options);
    }
    assertOneLine(
        "--guidance-interval: expected with a --guidance other than 1, which is none",
        "--model",
        map,
        "--guidance-interval",
        "0,1");
    assertOneLine(
        "--out: " + folder + " is a folder; expected the name of a file to write", "--out", folder);
    for (String other : List.of("x.jpg", "x.JPEG", "x.webp")) {
      assertOneLine(
          "--out: a PNG is what is written; expected a name that ends in .png, got " + other,
          "--out",
          other);
    }
    assertOneLine(
        "--scale 1000, --count 10: expected a picture of at most 100,000,000 pixels, got 40,018 ×"
            + " 20,008",
        "--model",
        map,
        "--scale",
        1000);
    assertOneLine(
        "--scale %1$d, --count %1$d: expected a picture of at most 100,000,000 pixels, got %2$s ×"
                .formatted(Integer.MAX_VALUE, "18,446,744,060,824,649,728")
            + " 42,949,672,948",
        "--model",
        map,
        "--scale",
        Integer.MAX_VALUE,
        "--count",
        Integer.MAX_VALUE);
    // Whose temporary name is too long.
    Path longest = folder.resolve("f".repeat(246) + ".png");
    CommandRun.Outcome refused = run("sample", "--model", map, "--out", longest);
    assertEquals(1, refused.exitCode());
    assertTrue(refused.err().contains(": " + longest + ": "), refused.err());
    assertFalse(refused.err().contains(".tmp"), refused.err());
    CommandRun.Outcome absent = run("sample", "--model", folder.resolve("no.safetensors"));
    assertEquals(2, absent.exitCode());
    assertEquals(1, absent.err().lines().count());
    assertTrue(absent.err().startsWith("fluxion: --model: no such file: "), absent.err());
    assertTrue(absent.err().contains("no.safetensors: expected the path"), absent.err());
    String configuration = run("sample", "--model", "digits-map-long").err();
    assertTrue(configuration.contains("; that is the name of a configuration"), configuration);
    CommandRun.Outcome unknown = run("sample", "--labls", "3");
    assertEquals(2, unknown.exitCode());
    assertTrue(unknown.err().startsWith("fluxion: unknown option '--labls'"), unknown.err());
    CommandRun.Outcome size = run("evaluate", "--model", map);
    assertEquals(2, size.exitCode());
    assertTrue(size.err().contains("digits at 16 × 16 pixels"), size.err());
    assertEquals(2, run("evaluate").exitCode());
  }

  private static void assertOneLine(String line, Object... options) {
    Object[] words = Arrays.copyOf(new Object[] {"sample"}, 1 + options.length);
    System.arraycopy(options, 0, words, 1, options.length);
    CommandRun.Outcome run = run(words);
    assertEquals("fluxion: " + line + System.lineSeparator(), run.err());
    assertEquals(2, run.exitCode());
  }

  @Property(tries = 100, seed = "5610")
  void aListOfClassesIsReadAsItIsWritten(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 0, max = 12) Integer> labels) {
    String written = labels.stream().map(Object::toString).collect(Collectors.joining(","));
    assertEquals(labels, LabelList.parse(written, 13));
    String ranges =
        labels.stream().map(label -> label + "-" + label).collect(Collectors.joining(", "));
    assertEquals(labels, LabelList.parse(ranges, 13));
  }

  @Test
  void whatIsNoListOfClassesIsSaid() {
    assertEquals(List.of(0, 1, 2, 9), LabelList.parse("0-2,9", 10));
    for (String wrong :
        List.of("", ",", "1,", "10", "2-1", "-1", "1-", "0-10", "1-2-3", "a", "99999999999")) {
      IllegalArgumentException said =
          assertThrows(IllegalArgumentException.class, () -> LabelList.parse(wrong, 10));
      assertTrue(said.getMessage().endsWith("got '" + wrong + "'"), said.getMessage());
    }
  }

  private static CommandRun.Outcome run(Object... words) {
    return CommandRun.here(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
  }
}
