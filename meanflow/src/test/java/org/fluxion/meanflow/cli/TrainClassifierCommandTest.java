package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.fluxion.meanflow.metrics.Classifier;
import org.fluxion.meanflow.metrics.DigitNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command that makes the classifier, with a tiny one. */
class TrainClassifierCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return Main.execute(line, arguments);
  }

  @Test
  void aClassifierIsTrainedAndWrittenOnce() throws IOException {
    Path configuration = folder.resolve("tiny.json");
    Files.writeString(
        configuration,
        """
        {"width": 1, "features": 64, "batchSize": 50, "steps": 3, "warmupSteps": 1,
         "learningRate": 1e-3, "weightDecay": 0, "averageDecay": 0.5, "shift": 1, "dropout": 0.1,
         "seed": 1}
        """);
    Path output = folder.resolve("tiny.safetensors");
    String[] arguments = {
      "train-classifier", "--config", configuration.toString(), "--output", output.toString()
    };
    assertEquals(0, run(arguments), err::toString);
    assertEquals(new DigitNetwork(1, 64, 10), Classifier.read(output).network());
    String hash = Files.readString(folder.resolve("tiny.safetensors.sha256")).split(" ")[0];
    assertTrue(out.toString().contains("of the 10,000 test images right"), out::toString);
    assertTrue(out.toString().contains("SHA-256 " + hash), out::toString);
    assertEquals(2, run(arguments));
    assertTrue(err.toString().contains("--output: " + output + " exists already"), err::toString);
  }

  @Test
  void theListOfCommandsLeavesItOut() {
    assertEquals(0, run("--help"));
    assertFalse(out.toString().contains("train-classifier"), out::toString);
    assertEquals(2, run());
    assertFalse(err.toString().contains("train-classifier"), err::toString);
  }
}
