package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The launcher in a project of its own, where Maven and Java are scripts: one writes a number into
 * the jars, the other says what it reads there for as long as a job goes on.
 */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
  private static final long PATIENCE_SECONDS = 60;
  private static final Path BIN = Path.of("bin").toAbsolutePath();

  @TempDir Path project;
  private Path tools;
  private Path source;
  private int builds;

  @BeforeEach
  void makeProject() throws IOException {
    for (String module :
        List.of("tensor", "autodiff", "opencl", "nn", "meanflow", "jdk", "tools")) {
      Files.createDirectories(project.resolve(module + "/bin"));
      Files.writeString(project.resolve(module + "/pom.xml"), "");
    }
    Files.writeString(project.resolve("pom.xml"), "");
    source = Files.createDirectories(project.resolve("meanflow/src/main")).resolve("Source.java");
    Files.writeString(source, "");
    tools = project.resolve("tools/bin");
    Files.copy(BIN.resolve("fluxion"), project.resolve("meanflow/bin/fluxion"));
    assertTrue(project.resolve("meanflow/bin/fluxion").toFile().setExecutable(true));
    script(project.resolve("meanflow/bin/find-jdk"), "echo " + project.resolve("jdk"));
    script(
        tools.resolve("mvn"),
        """
        cd "%s/meanflow"
        echo built >>builds
        mkdir -p target/lib
        for jar in target/fluxion-meanflow-1.jar target/lib/other.jar; do wc -l <builds >$jar; done
        """
            .formatted(project));
    // Of its arguments the class path, and the job's name as the last.
    script(
        project.resolve("jdk/bin/java"),
        """
        while [ "$1" != -cp ]; do shift; done
        jars="${2%%/\\*}"
        echo "$jars" >"%1$s/$4.new"
        mv "%1$s/$4.new" "%1$s/$4.jars"
        while [ ! -e "%1$s/$4.end" ]; do sleep 0.01; done
        echo $(cat "$jars"/*.jar)
        """
            .formatted(project));
  }

  private static void script(Path file, String lines) throws IOException {
    Files.writeString(file, "#!/usr/bin/env bash\nset -eu\n" + lines + "\n");
    assertTrue(file.toFile().setExecutable(true));
  }

  /** Of all that is on the path, as much as a system without flock has. */
  private void leaveOutFlock() throws IOException {
    for (String folder : System.getenv("PATH").split(":")) {
      if (!Files.isDirectory(Path.of(folder))) {
        continue;
      }
      try (Stream<Path> programs = Files.list(Path.of(folder))) {
        for (Path program : programs.toList()) {
          String name = program.getFileName().toString();
          if (!name.equals("flock") && !name.equals("mvn")) {
            try {
              Files.createSymbolicLink(tools.resolve(name), program);
            } catch (FileAlreadyExistsException earlier) {
              // The first on the path counts.
            }
          }
        }
      }
    }
  }

  private Process start(String job, boolean flock) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(project.resolve("meanflow/bin/fluxion").toString(), job)
            .redirectError(project.resolve(job + ".err").toFile())
            .redirectOutput(project.resolve(job + ".out").toFile());
    String path = tools + (flock ? ":" + System.getenv("PATH") : "");
    builder.environment().put("PATH", path);
    return builder.start();
  }

  /** Waits until a job runs, and says where from. */
  private Path jars(Process process, String job) throws Exception {
    Path said = project.resolve(job + ".jars");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!Files.exists(said)) {
      String error = Files.readString(project.resolve(job + ".err"));
      assertTrue(process.isAlive() && System.nanoTime() < end, error);
      Thread.sleep(5);
    }
    return Path.of(Files.readString(said).strip());
  }

  /** Lets a job end, and gives what its jars held then. */
  private String end(Process process, String job) throws Exception {
    Files.createFile(project.resolve(job + ".end"));
    assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "ended");
    assertEquals(0, process.exitValue(), Files.readString(project.resolve(job + ".err")));
    return Files.readString(project.resolve(job + ".out")).strip();
  }

  /** A source is edited: later than the last build, whatever the clock's grain. */
  private void edit() throws IOException {
    builds++;
    Files.setLastModifiedTime(
        source, FileTime.fromMillis(System.currentTimeMillis() + builds * 1000L));
  }

  @Test
  void whereNothingCanBeWrittenIsSaid() throws Exception {
    Path copies = Files.createDirectories(project.resolve("meanflow/target/launcher"));
    // Whoever may write everywhere still cannot open a folder as the lock.
    boolean mayAll = copies.toFile().setWritable(false) && Files.isWritable(copies);
    if (mayAll) {
      Files.createDirectory(copies.resolve("lock"));
    }
    Process refused = start("refused", true);
    assertTrue(refused.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "ended");
    assertTrue(copies.toFile().setWritable(true));
    assertEquals(1, refused.exitValue());
    assertEquals(
        "fluxion: cannot write to %s: build as a user who may%n".formatted(copies.getParent()),
        Files.readString(project.resolve("refused.err")));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aBuildLeavesTheJarsOfARunningJobAlone(boolean flock) throws Exception {
    if (!flock) {
      leaveOutFlock();
    }
    Process first = start("first", flock);
    Path old = jars(first, "first");
    // Nothing was changed: the same jars, and no build.
    Process same = start("same", flock);
    assertEquals(old, jars(same, "same"));
    assertEquals("1 1", end(same, "same"));

    edit();
    Process second = start("second", flock);
    Path anew = jars(second, "second");
    assertNotEquals(old, anew);
    assertEquals("2 2", end(second, "second"));
    assertTrue(Files.exists(old));
    assertEquals("1 1", end(first, "first"), "what it was begun with, to its end");

    // Now that nobody runs from them, the next build removes them.
    edit();
    Process third = start("third", flock);
    jars(third, "third");
    assertFalse(Files.exists(old));
    assertFalse(Files.exists(anew));
    assertEquals("3 3", end(third, "third"));
  }
}
