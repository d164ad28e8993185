package org.fluxion.tests.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A tally in a file is of the same seeds, programs, device and laws from beginning to end. */
class LongRunTest {
  @TempDir private Path folder;

  private final StringWriter errors = new StringWriter();

  private int run(int programs, String... more) {
    List<String> arguments = new ArrayList<>(List.of("--programs", "" + programs));
    arguments.addAll(
        List.of("--device", "cpu:1", "--file", folder.resolve("laws.json").toString()));
    arguments.addAll(List.of(more));
    return new CommandLine(new LongRun())
        .setErr(new PrintWriter(errors))
        .execute(arguments.toArray(String[]::new));
  }

  @Test
  void itGoesOnWithTheSameLawsAlone() throws Exception {
    assertEquals(0, run(1, "--law", "VALUE", "--law", "DUALITY"));
    assertEquals(0, run(2, "--law", "DUALITY", "--law", "VALUE"));
    String tally = Files.readString(folder.resolve("laws.json"));
    assertEquals(2, run(3));
    assertTrue(errors.toString().contains("and the laws [VALUE, DUALITY]"), errors::toString);
    assertEquals(2, run(3, "--law", "VALUE"));
    assertEquals(tally, Files.readString(folder.resolve("laws.json")));
    // Of a file from before laws were written down they are all.
    Files.writeString(
        folder.resolve("laws.json"), tally.replaceFirst("\"held\" : \\[[^\\]]*\\],", ""));
    assertEquals(2, run(3, "--law", "VALUE"));
  }

  /** Of four programs one has numbers of every kind, of which differences tell nothing. */
  @Test
  void whatNoneOfTheLawsIsForIsNotDiscarded() throws Exception {
    assertEquals(0, run(4, "--law", "DIFFERENCES"));
    JsonNode tally = new ObjectMapper().readTree(folder.resolve("laws.json").toFile());
    assertEquals(4, tally.path("nextSeed").asInt());
    assertEquals(3, tally.path("coverage").path("programs").asInt());
  }
}
