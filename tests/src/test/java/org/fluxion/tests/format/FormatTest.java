package org.fluxion.tests.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every Java file is as google-java-format writes it. */
class FormatTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Set<String> OUTSIDE = Set.of("target", "runs");

  @TempDir private Path folder;

  /** The files that the formatter would change. */
  private static List<String> unformatted(List<Path> files) throws Exception {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    List<String> arguments = new ArrayList<>(List.of("--dry-run"));
    files.forEach(file -> arguments.add(file.toString()));
    Main main = new Main(new PrintWriter(out), new PrintWriter(err), InputStream.nullInputStream());
    main.format(arguments.toArray(String[]::new));
    assertEquals("", err.toString());
    return out.toString().lines().toList();
  }

  /** Every Java file of the project. */
  static List<Path> sources() throws IOException {
    List<Path> sources = new ArrayList<>();
    Files.walkFileTree(
        ROOT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            String name = directory.getFileName().toString();
            boolean outside = OUTSIDE.contains(name) || name.startsWith(".");
            return outside && !directory.equals(ROOT)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              sources.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return sources;
  }

  @Test
  void everyFileIsFormatted() throws Exception {
    List<Path> sources = sources();
    assertTrue(sources.size() > 20, () -> "too few sources found: " + sources);
    List<String> unformatted = unformatted(sources);
    assertTrue(
        unformatted.isEmpty(),
        () -> "not formatted (run tests/bin/format):\n" + String.join("\n", unformatted));
  }

  @Test
  void aFileThatIsNotFormattedIsFound() throws Exception {
    Path good = Files.writeString(folder.resolve("Good.java"), "class Good {}\n");
    Path bad = Files.writeString(folder.resolve("Bad.java"), "class Bad  { }\n");
    assertEquals(List.of(bad.toString()), unformatted(List.of(good, bad)));
  }
}
