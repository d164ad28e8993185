package org.fluxion.meanflow.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.fluxion.nn.data.DataSet;
import org.fluxion.nn.data.Mnist;

/**
 * What is trained on.
 *
 * @param set which data set
 * @param size rows and columns that the images are brought to
 * @param folder where the data set's own files lie; none for those that come with the project
 */
public record DataConfiguration(Name set, int size, Optional<String> folder) {
  private static final List<String> KEYS = List.of("name", "size", "folder");

  /** The data sets. */
  public enum Name {
    /** Handwritten digits: one channel, 10 classes. */
    MNIST(1, 10);

    private final int channels;
    private final int classes;

    Name(int channels, int classes) {
      this.channels = channels;
      this.classes = classes;
    }

    /**
     * Channels of an image.
     *
     * @return the count
     */
    public int channels() {
      return channels;
    }

    /**
     * Different labels.
     *
     * @return the count
     */
    public int classes() {
      return classes;
    }
  }

  /** Checks that the data set comes in this size. */
  public DataConfiguration {
    mnistSize(size);
  }

  private static Mnist.Size mnistSize(int size) {
    for (Mnist.Size known : Mnist.Size.values()) {
      if (known.extent() == size) {
        return known;
      }
    }
    throw new IllegalArgumentException("data.size: expected 16 or 28, got " + size);
  }

  /**
   * The same data from a folder.
   *
   * @param path where the data set's files lie
   * @return the configuration
   */
  public DataConfiguration withFolder(String path) {
    return new DataConfiguration(set, size, Optional.of(path));
  }

  /**
   * Checks that the folder is there, if the data come from one.
   *
   * @throws IllegalArgumentException if it is not
   */
  public void requireFolder() {
    if (folder.isPresent() && !Files.isDirectory(Path.of(folder.get()))) {
      throw new IllegalArgumentException(
          "data.folder: expected the folder of the data set's files, there is no folder "
              + folder.get());
    }
  }

  /**
   * Reads the images to train on.
   *
   * @return inputs float32 [n, channels, size, size] from −1 to 1, labels int32 [n]
   * @throws IllegalArgumentException if there is no such folder, or a file in it is missing or
   *     damaged
   * @throws IOException if the data that come with the project cannot be read
   */
  public DataSet read() throws IOException {
    requireFolder();
    Mnist.Size extent = mnistSize(size);
    if (folder.isEmpty()) {
      return Mnist.read(Mnist.Part.TRAIN, extent);
    }
    try {
      return Mnist.read(Mnist.Part.TRAIN, extent, Path.of(folder.get()));
    } catch (IOException unfit) {
      throw new IllegalArgumentException("data.folder: " + FileFailure.message(unfit), unfit);
    }
  }

  static DataConfiguration read(ConfigurationSection parent) {
    ConfigurationSection section = parent.section("data", KEYS);
    return new DataConfiguration(
        section.choice("name", Name.MNIST), section.integer("size"), section.text("folder"));
  }

  ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("name", ConfigurationSection.written(set))
        .put("size", size)
        .put("folder", folder.orElse(null));
  }
}
