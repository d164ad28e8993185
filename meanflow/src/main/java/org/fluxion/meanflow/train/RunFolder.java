package org.fluxion.meanflow.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.fluxion.nn.io.WholeFile;

/**
 * The folder of a run, held by one process at a time: its configuration, checkpoints, metrics and
 * results. A folder that exists is never written over.
 */
public final class RunFolder implements AutoCloseable {
  private static final String CONFIGURATION = "configuration.json";
  private static final String DEMO = "demo.json";
  private static final String DEVICE = "device.json";
  private static final String DEVICE_KEY = "device";
  private static final String CHECKPOINTS = "checkpoints";
  private static final String LOCK = ".lock";

  /** What a process leaves that is killed while it writes: a file's name, and a number. */
  private static final Pattern UNFINISHED =
      Pattern.compile(
          "\\.(step-\\d+|flow|map|configuration|demo|device|metrics|summary|report|trace|real|[a-z]+-\\d+)"
              + "\\.(safetensors|jsonl?|html|png)(\\.\\p{XDigit}+)?\\.tmp");

  /** A folder that a run cannot have: another name, or another place, is to be chosen. */
  public static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }

    RefusedException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  private final Path path;
  private final FileChannel channel;

  private RunFolder(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /**
   * Makes a new folder, with its parents.
   *
   * @param path where
   * @return the folder, to be closed
   * @throws RefusedException if it is there already or cannot be written; the message says what to
   *     do
   */
  public static RunFolder create(Path path) throws IOException {
    Path absolute = path.toAbsolutePath();
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      throw exists(path);
    }
    try {
      Files.createDirectories(absolute.getParent());
      Files.createDirectory(path);
    } catch (FileAlreadyExistsException already) {
      // Made by another process meanwhile, or a parent is a file.
      throw Files.isDirectory(path) ? exists(path) : unwritable(path, already);
    } catch (FileSystemException refused) {
      throw unwritable(path, refused);
    }
    return lock(path);
  }

  /**
   * Opens the folder of a run that was begun before, and removes what a killed process left half
   * written.
   *
   * @param path where
   * @return the folder, to be closed
   * @throws RefusedException if it is not there, no run's, in use, or cannot be written
   */
  public static RunFolder open(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      throw new RefusedException(
          "there is no run folder %s to resume; begin the run without --resume".formatted(path));
    }
    if (!Files.isRegularFile(path.resolve(CONFIGURATION))) {
      throw new RefusedException(
          "%s is no run's folder: it has no %s; choose another --name"
              .formatted(path, CONFIGURATION));
    }
    RunFolder folder = lock(path);
    try {
      folder.removeUnfinished();
    } catch (IOException | RuntimeException | Error failed) {
      folder.close();
      throw failed;
    }
    return folder;
  }

  /** Removes files that were never moved to their place; whoever wrote them had the lock. */
  private void removeUnfinished() throws IOException {
    for (Path place : List.of(path, checkpoints(), samples())) {
      if (!Files.isDirectory(place)) {
        continue;
      }
      List<Path> unfinished;
      try (Stream<Path> files = Files.list(place)) {
        unfinished =
            files.filter(f -> UNFINISHED.matcher(f.getFileName().toString()).matches()).toList();
      }
      for (Path file : unfinished) {
        Files.deleteIfExists(file);
      }
    }
  }

  /**
   * Whether a folder is that of a training by itself, which is no part of a demo. Nothing in it is
   * touched.
   *
   * @param path where
   * @return false if it is a demo's, or no run's at all
   */
  public static boolean isTrainingAlone(Path path) {
    return Files.isRegularFile(path.resolve(CONFIGURATION)) && !Files.exists(path.resolve(DEMO));
  }

  /**
   * Whether a run has saved anything that it trained.
   *
   * @param path the run's folder, which may be missing
   * @return true if there are checkpoints
   * @throws IOException if the folder cannot be read
   */
  public static boolean hasCheckpoints(Path path) throws IOException {
    Path checkpoints = path.resolve(CHECKPOINTS);
    if (!Files.isDirectory(checkpoints)) {
      return false;
    }
    try (Stream<Path> files = Files.list(checkpoints)) {
      return files.anyMatch(
          file -> file.getFileName().toString().matches("step-\\d+\\.safetensors"));
    }
  }

  private static IOException exists(Path path) {
    return new RefusedException(
        "the run folder %s exists already and is not written over: choose another --name, or go on with its run by --resume"
            .formatted(path));
  }

  private static IOException unwritable(Path path, FileSystemException refused) {
    String reason =
        refused instanceof FileAlreadyExistsException
            ? refused.getFile() + " is a file"
            : Objects.requireNonNullElse(refused.getReason(), FileFailure.reason(refused));
    return new RefusedException(
        "cannot write the run folder %s: %s; choose another place by --runs"
            .formatted(path, reason),
        refused);
  }

  private static RunFolder lock(Path path) throws IOException {
    FileChannel channel;
    try {
      channel =
          FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (FileSystemException refused) {
      throw unwritable(path, refused);
    }
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException held) {
      // By this very process.
      lock = null;
    } catch (IOException failed) {
      channel.close();
      throw failed;
    }
    if (lock == null) {
      channel.close();
      throw new RefusedException(
          "the run folder %s is in use by another trainer; wait for it, or choose another --name"
              .formatted(path));
    }
    return new RunFolder(path, channel);
  }

  /**
   * The folder itself.
   *
   * @return its path
   */
  public Path path() {
    return path;
  }

  /**
   * Where the checkpoints are.
   *
   * @return a folder
   */
  public Path checkpoints() {
    return path.resolve(CHECKPOINTS);
  }

  /**
   * Where the metrics are: one JSON object a line.
   *
   * @return a file
   */
  public Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  /**
   * Where a demo's pictures are.
   *
   * @return a folder
   */
  public Path samples() {
    return path.resolve("samples");
  }

  /**
   * Where a demo keeps what it was asked for.
   *
   * @return a file
   */
  public Path demo() {
    return path.resolve(DEMO);
  }

  /**
   * Where a demo's figures are.
   *
   * @return a file
   */
  public Path summary() {
    return path.resolve("summary.json");
  }

  /**
   * Where a demo's page is.
   *
   * @return a file
   */
  public Path report() {
    return path.resolve("report.html");
  }

  /**
   * Where the trained model goes.
   *
   * @param kind flow or map
   * @return a file
   */
  public Path model(ModelFile.Kind kind) {
    return path.resolve(kind.written() + ".safetensors");
  }

  /**
   * The run's configuration.
   *
   * @return what {@link #writeConfiguration} wrote
   * @throws IOException if it cannot be read
   */
  public TrainingConfiguration readConfiguration() throws IOException {
    return TrainingConfiguration.read(file(CONFIGURATION));
  }

  /**
   * Writes the run's configuration.
   *
   * @param configuration the configuration, every value spelt out
   * @throws IOException if it cannot be written
   */
  public void writeConfiguration(TrainingConfiguration configuration) throws IOException {
    WholeFile.write(file(CONFIGURATION), configuration.toJson().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The device that the run was on last.
   *
   * @return its name; empty where none was kept, as earlier versions kept none
   * @throws IOException if the file cannot be read, or something else is in it
   */
  public Optional<String> device() throws IOException {
    Path file = file(DEVICE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      JsonNode name = new ObjectMapper().readTree(Files.readString(file)).path(DEVICE_KEY);
      if (name.isTextual()) {
        return Optional.of(name.textValue());
      }
    } catch (JsonProcessingException | CharacterCodingException broken) {
      // Said below.
    }
    throw new DamagedFileException(
        "%s: expected {\"%s\": the name of the device that the run was on}; put back what it was, or delete it"
            .formatted(file, DEVICE_KEY));
  }

  /**
   * Keeps the device that the run is on.
   *
   * @param name its name
   * @throws IOException if it cannot be written
   */
  public void keepDevice(String name) throws IOException {
    String json = JsonNodeFactory.instance.objectNode().put(DEVICE_KEY, name).toPrettyString();
    WholeFile.write(file(DEVICE), (json + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Removes the folder again if nothing came of its run: neither a checkpoint nor a line of
   * metrics. Otherwise, and where there are files that no run makes, it stays.
   *
   * @throws IOException if it cannot be removed
   */
  public void discardIfEmpty() throws IOException {
    if (Files.exists(metrics()) && Files.size(metrics()) > 0) {
      return;
    }
    try (Stream<Path> files = Files.list(path)) {
      List<Path> own =
          List.of(checkpoints(), metrics(), demo(), file(DEVICE), file(CONFIGURATION), file(LOCK));
      if (!files.allMatch(own::contains)) {
        return;
      }
    }
    try {
      Files.deleteIfExists(checkpoints());
    } catch (DirectoryNotEmptyException kept) {
      return;
    }
    for (Path file :
        List.of(metrics(), demo(), file(DEVICE), file(CONFIGURATION), file(LOCK), path)) {
      Files.deleteIfExists(file);
    }
  }

  private Path file(String name) {
    return path.resolve(name);
  }

  /** Lets other processes have the folder. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
