package org.fluxion.meanflow.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/** Writes files under a temporary name and renames them, so that nobody ever sees half of one. */
final class WholeFiles {
  private WholeFiles() {}

  static void write(Path file, byte[] content) throws IOException {
    Path target = file.toAbsolutePath();
    // Not Files.createTempFile, whose files only their owner may read.
    String unique = Long.toHexString(ThreadLocalRandom.current().nextLong());
    Path temporary = target.resolveSibling(".%s.%s.tmp".formatted(target.getFileName(), unique));
    try {
      Files.write(temporary, content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | RuntimeException | Error failed) {
      Files.deleteIfExists(temporary);
      throw failed;
    }
  }

  static void write(Path file, String content) throws IOException {
    write(file, content.getBytes(StandardCharsets.UTF_8));
  }
}
