package org.fluxion.nn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes files whole: first beside their place under a temporary name, {@code .NAME.NUMBER.tmp},
 * forced to the disk, then moved there in one step, so that a reader sees the old file or the new
 * one, never half. Errors name the file that was asked for. A process that is killed meanwhile
 * leaves the temporary file.
 */
public final class WholeFile {
  private WholeFile() {}

  /** What is written. */
  @FunctionalInterface
  public interface Content {
    /**
     * Writes it all.
     *
     * @param channel where to
     * @throws IOException if it cannot be written
     */
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Writes bytes.
   *
   * @param file where, replaced if it exists
   * @param bytes what
   * @throws IOException if it cannot be written; an old file is then untouched
   */
  public static void write(Path file, byte[] bytes) throws IOException {
    write(file, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
  }

  /**
   * Writes a file.
   *
   * @param file where, replaced if it exists
   * @param content what
   * @throws IOException if it cannot be written; an old file is then untouched
   */
  public static void write(Path file, Content content) throws IOException {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    // Not Files.createTempFile, whose files only their owner may read.
    String unique = Long.toHexString(ThreadLocalRandom.current().nextLong());
    Path temporary = folder.resolve(".%s.%s.tmp".formatted(target.getFileName(), unique));
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException failed) {
      remove(temporary, failed);
      throw named(file, failed);
    } catch (RuntimeException | Error failed) {
      remove(temporary, failed);
      throw failed;
    }
    forceFolder(folder);
  }

  static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void remove(Path temporary, Throwable failed) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException stays) {
      failed.addSuppressed(stays);
    }
  }

  /** The same failure of the file that was asked for. */
  private static IOException named(Path file, IOException failed) {
    if (failed instanceof ClosedChannelException) {
      // Such as by an interrupt: no fault of the file, and callers know it by its class.
      return failed;
    }
    IOException named =
        switch (failed) {
          case NoSuchFileException absent ->
              new NoSuchFileException(
                  file.toString(),
                  null,
                  "there is no folder %s to write to; make it first"
                      .formatted(file.toAbsolutePath().getParent()));
          case AccessDeniedException denied -> new AccessDeniedException(file.toString());
          case FileSystemException refused ->
              new FileSystemException(file.toString(), null, reason(refused.getReason(), refused));
          default -> new IOException("%s: %s".formatted(file, reason(failed.getMessage(), failed)));
        };
    named.initCause(failed);
    return named;
  }

  /** What was said, or else what the class is called: "directory not empty". */
  private static String reason(String said, IOException failed) {
    return said != null
        ? said
        : failed
            .getClass()
            .getSimpleName()
            .replaceFirst("Exception$", "")
            .replaceAll("(?<=[a-z])(?=[A-Z])", " ")
            .toLowerCase(Locale.ROOT);
  }

  /** Makes the move itself durable, where the system lets a folder be opened. */
  private static void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException unsupported) {
      // Windows opens no folders, and its move is durable in its own way.
    }
  }
}
