package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks of arguments that several commands share. */
final class Arguments {
  private Arguments() {}

  static void requireAtLeastOne(String option, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: expected at least 1, got %d".formatted(option, value));
    }
  }

  static void requireFinite(String option, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(
          "%s: expected a finite number, got %s".formatted(option, value));
    }
  }

  /** Says so before the work, and not after it. */
  static void requireWritable(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file)) {
      throw new IOException("%s is a folder; expected the name of a file to write".formatted(file));
    }
    if (!Files.isDirectory(folder)) {
      throw new IOException("there is no folder %s to write to; make it first".formatted(folder));
    }
    if (!Files.isWritable(folder)) {
      throw new IOException("cannot write to the folder %s: permission denied".formatted(folder));
    }
  }

  /** A run's name, if it can be a folder's on any system. */
  static String requireRunName(String name) {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException(
          "--name: expected letters, digits, '.', '_' and '-', beginning with a letter or digit, got '%s'"
              .formatted(name));
    }
    return name;
  }
}
