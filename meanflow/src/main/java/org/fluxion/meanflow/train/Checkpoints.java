package org.fluxion.meanflow.train;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The checkpoints of a run, of which the newest few are kept. */
final class Checkpoints {
  private static final Pattern NAME = Pattern.compile("step-(\\d{1,18})\\.safetensors");

  /** The newest, and two to fall back to. */
  private static final int KEPT = 3;

  private final Path folder;

  Checkpoints(Path folder) throws IOException {
    this.folder = folder;
    Files.createDirectories(folder);
  }

  /** As {@link #NAME} reads it, whatever digits the reader's language has. */
  private static String name(long step) {
    return String.format(Locale.ROOT, "step-%08d.safetensors", step);
  }

  /** Writes a checkpoint and removes the oldest. */
  Path write(Checkpoint checkpoint) throws IOException {
    Path file = folder.resolve(name(checkpoint.step()));
    checkpoint.write(file);
    SequencedMap<Long, Path> all = files();
    while (all.size() > KEPT) {
      Files.deleteIfExists(all.pollLastEntry().getValue());
    }
    return file;
  }

  /** The files by step, the newest first. */
  private SequencedMap<Long, Path> files() throws IOException {
    TreeMap<Long, Path> found = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(
          file -> {
            Matcher name = NAME.matcher(file.getFileName().toString());
            if (name.matches()) {
              found.put(Long.parseLong(name.group(1)), file);
            }
          });
    }
    return found.descendingMap();
  }

  /**
   * The newest checkpoint that is whole. Damaged ones that are newer are put aside under another
   * name.
   *
   * @param wanted the configuration to go on with
   * @param like a state of the run's model
   * @param metrics how many metrics there are sums of
   * @param notice told of every damaged file
   * @return nothing if no checkpoint was written yet
   * @throws RunFolder.RefusedException if there are checkpoints, and all are damaged
   * @throws IOException if one cannot be read, of which it is not known what it holds: all files
   *     are then left as they are
   * @throws IllegalArgumentException if the newest that is whole is of another configuration or
   *     version, or of more steps than are wanted; all files are then left as they are
   */
  Optional<Checkpoint> latest(
      TrainingConfiguration wanted, TrainingState like, int metrics, Consumer<String> notice)
      throws IOException {
    List<Path> damaged = new ArrayList<>();
    IOException last = null;
    for (Map.Entry<Long, Path> entry : files().entrySet()) {
      Path file = entry.getValue();
      Checkpoint checkpoint;
      try {
        checkpoint = Checkpoint.read(file, wanted, like, metrics);
        if (checkpoint.step() != entry.getKey()) {
          throw new DamagedFileException(
              "%s: is of step %d, not of that in its name; was it renamed?"
                  .formatted(file, checkpoint.step()));
        }
      } catch (IOException unusable) {
        if (!DamagedFileException.isOfContents(unusable)) {
          throw new IOException(
              "the checkpoint %s cannot be read: %s; no file was changed: see to its disk and permissions, then resume again"
                  .formatted(file, reason(unusable)),
              unusable);
        }
        damaged.add(file);
        last = unusable;
        notice.accept(
            "a checkpoint cannot be used, so the one before it is taken: "
                + unusable.getMessage().replaceAll("\\R\\s*", " "));
        continue;
      }
      requireSteps(checkpoint.step(), wanted.steps());
      for (Path newer : damaged) {
        Path aside = newer.resolveSibling(newer.getFileName() + ".damaged");
        Files.move(newer, aside, StandardCopyOption.REPLACE_EXISTING);
      }
      return Optional.of(checkpoint);
    }
    if (last != null) {
      throw new RunFolder.RefusedException(
          "no checkpoint in %s can be used; begin the run again under another --name"
              .formatted(folder),
          last);
    }
    return Optional.empty();
  }

  /** The weights of fewer steps are gone, and those of more are not what was asked for. */
  private void requireSteps(long taken, int wanted) {
    if (taken > wanted) {
      throw new IllegalArgumentException(
          "steps: the run in %s has taken %,d steps, more than the %,d asked for; ask for %,d or more, or begin a new run in another folder"
              .formatted(folder.getParent(), taken, wanted, taken));
    }
  }

  private static String reason(IOException unusable) {
    return unusable instanceof FileSystemException refused
        ? Objects.requireNonNullElse(refused.getReason(), FileFailure.reason(refused))
        : unusable.getMessage();
  }
}
