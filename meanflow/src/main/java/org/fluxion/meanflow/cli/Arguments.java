package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.fluxion.meanflow.train.FileFailure;
import org.fluxion.meanflow.train.ModelFile;
import org.fluxion.tensor.TensorException;

/**
 * Checks of arguments that several commands share. What is wrong with one is an {@link
 * IllegalArgumentException} that names its option, by which {@link Main} tells bad input from a
 * command that failed.
 */
final class Arguments {
  private Arguments() {}

  /** Reads what an option names. */
  @FunctionalInterface
  interface Reading<T> {
    T read() throws IOException;
  }

  /**
   * What an option names, such as a file.
   *
   * @param option the option, which errors begin with
   * @param reading reads it
   * @return what was read
   * @throws IllegalArgumentException if it is not there, damaged, or impossible
   */
  static <T> T given(String option, Reading<T> reading) {
    try {
      return reading.read();
    } catch (TensorException wrong) {
      // The option says more than the name of what refused its value.
      throw named(option, wrong.getMessage().replaceFirst("^device: ", ""), wrong);
    } catch (IllegalArgumentException wrong) {
      throw named(option, wrong.getMessage(), wrong);
    } catch (IOException failed) {
      throw named(option, FileFailure.message(failed), failed);
    }
  }

  private static IllegalArgumentException named(String option, String message, Exception cause) {
    return new IllegalArgumentException(
        message.startsWith(option + ":") ? message : option + ": " + message, cause);
  }

  /**
   * The model that an option names.
   *
   * @param option the option
   * @param fileOrName its value
   * @return the model
   * @throws IllegalArgumentException if there is none, or its file is damaged
   * @throws IOException if one that comes with the project cannot be unpacked, for which no
   *     argument is to blame
   */
  static ModelFile model(String option, String fileOrName) throws IOException {
    return ModelFile.shipped().contains(fileOrName)
        ? ModelFile.read(fileOrName)
        : given(option, () -> ModelFile.read(fileOrName));
  }

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
  static void requireWritable(String option, Path file) {
    Path folder = file.toAbsolutePath().getParent();
    String wrong = null;
    if (Files.isDirectory(file)) {
      wrong = "%s is a folder; expected the name of a file to write".formatted(file);
    } else if (!Files.isDirectory(folder)) {
      wrong = "there is no folder %s to write to; make it first".formatted(folder);
    } else if (!Files.isWritable(folder)) {
      wrong = "cannot write to the folder %s: permission denied".formatted(folder);
    }
    if (wrong != null) {
      throw new IllegalArgumentException(option + ": " + wrong);
    }
  }

  /** What was made before is not written over. */
  static void requireNew(String option, Path file) {
    if (Files.exists(file)) {
      throw new IllegalArgumentException(
          "%s: %s exists already and is not written over; choose another name"
              .formatted(option, file));
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
