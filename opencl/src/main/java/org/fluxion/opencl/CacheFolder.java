package org.fluxion.opencl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/** The user's folder for what is dear to make and may be lost: it can be deleted at any time. */
final class CacheFolder {
  /** The environment variable that names another folder, or is {@link #OFF}. */
  static final String VARIABLE = "FLUXION_CACHE";

  /** The value by which nothing is kept. */
  static final String OFF = "off";

  /** How the names of files end that are being written, or were when their process ended. */
  static final String UNFINISHED = ".part";

  private CacheFolder() {}

  /** The folder of this process. */
  static Optional<Path> ofProcess() {
    return of(System.getenv(), System.getProperty("user.home", ""));
  }

  /**
   * The folder of this process for built programs.
   *
   * @param device whose programs are to be kept: a driver that keeps all it has compiled by itself
   *     needs no folder, unless one is asked for
   */
  static Optional<Path> ofProcess(OpenClDevice device) {
    boolean asked = !System.getenv().getOrDefault(VARIABLE, "").isEmpty();
    return device.driverKeepsPrograms() && !asked ? Optional.empty() : ofProcess();
  }

  /**
   * The folder: what FLUXION_CACHE says, or else {@code fluxion} where the user's caches are.
   *
   * @param environment the environment
   * @param home the user's home
   * @return the folder, which may not be there yet; empty if nothing is to be kept, or there is no
   *     place for it
   */
  static Optional<Path> of(Map<String, String> environment, String home) {
    String asked = environment.getOrDefault(VARIABLE, "");
    if (asked.equals(OFF)) {
      return Optional.empty();
    }
    if (!asked.isEmpty()) {
      return path(asked).map(Path::toAbsolutePath);
    }
    // A relative path there is to be ignored, the XDG Base Directory Specification says.
    return path(environment.getOrDefault("XDG_CACHE_HOME", ""))
        .filter(Path::isAbsolute)
        .or(() -> path(home).filter(Path::isAbsolute).map(folder -> folder.resolve(".cache")))
        .map(caches -> caches.resolve("fluxion"));
  }

  /**
   * Writes a file, which appears under its name, or takes the place of another, when it is whole.
   *
   * @param file the file, whose folder is made if it is not there
   * @param parts what it holds, one after the other
   * @throws IOException if it cannot be written; then nothing has changed
   */
  static void write(Path file, byte[]... parts) throws IOException {
    Files.createDirectories(file.getParent());
    Path unfinished = Files.createTempFile(file.getParent(), "", UNFINISHED);
    try {
      for (byte[] part : parts) {
        Files.write(unfinished, part, StandardOpenOption.APPEND);
      }
      Files.move(
          unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }

  /**
   * Tries whether a file could be written; it stays as it is.
   *
   * @param file the file, whose folder is made if it is not there
   * @throws IOException if it cannot be written
   */
  static void requireWritable(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    Files.delete(Files.createTempFile(file.getParent(), "", UNFINISHED));
    if (Files.isDirectory(file)) {
      throw new IOException(file + " is a folder");
    }
  }

  private static Optional<Path> path(String name) {
    try {
      return Optional.of(Path.of(name));
    } catch (InvalidPathException noPath) {
      return Optional.empty();
    }
  }
}
