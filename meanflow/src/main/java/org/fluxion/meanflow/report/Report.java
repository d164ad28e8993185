package org.fluxion.meanflow.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.fluxion.nn.io.WholeFile;

/**
 * Everything about a run on one page of HTML that needs no other file: what was done, samples side
 * by side, figures, loss curves, settings.
 *
 * @param name the run's name
 * @param made when, as text
 * @param summary the figures
 * @param stages what was done, in order
 * @param grids samples, in order
 * @param trainings loss curves of each training
 * @param settings groups of names and values, such as configuration and seeds
 */
public record Report(
    String name,
    String made,
    Summary summary,
    List<Stage> stages,
    List<SampleGrid> grids,
    List<Training> trainings,
    List<Settings> settings) {

  /**
   * One thing that was done.
   *
   * @param title a few words
   * @param words a sentence or two
   * @param seconds how long it took
   */
  public record Stage(String title, String words, double seconds) {}

  /**
   * Samples to look at.
   *
   * @param generator what drew them, or none for real images
   * @param steps sampling steps, 0 for real images
   * @param grid the images, a class in each row
   */
  public record SampleGrid(Optional<Generator> generator, int steps, ImageGrid grid) {}

  /**
   * What was logged during a training.
   *
   * @param generator what was trained
   * @param title a few words
   * @param words what its loss is
   * @param curves its figures
   */
  public record Training(Generator generator, String title, String words, List<LossCurve> curves) {
    /** Keeps the curves. */
    public Training {
      curves = List.copyOf(curves);
    }
  }

  /**
   * Names and values that belong together.
   *
   * @param title what they are
   * @param values in order
   */
  public record Settings(String title, SequencedMap<String, String> values) {
    /** Keeps the values. */
    public Settings {
      values = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(values));
    }

    /**
     * Settings from a JSON object, its nested keys joined by dots.
     *
     * @param title what they are
     * @param json the object
     * @return the settings
     */
    public static Settings ofJson(String title, String json) {
      SequencedMap<String, String> values = new LinkedHashMap<>();
      try {
        flatten("", new ObjectMapper().readTree(json), values);
      } catch (JsonProcessingException wrong) {
        throw new IllegalArgumentException("settings: expected JSON", wrong);
      }
      return new Settings(title, values);
    }

    private static void flatten(String path, JsonNode node, SequencedMap<String, String> values) {
      if (node.isObject()) {
        node.properties()
            .forEach(
                entry ->
                    flatten(
                        path.isEmpty() ? entry.getKey() : path + "." + entry.getKey(),
                        entry.getValue(),
                        values));
      } else {
        values.put(path, node.isNull() ? "none" : node.asText());
      }
    }

    /**
     * Settings from a map.
     *
     * @param title what they are
     * @param values in the map's order
     * @return the settings
     */
    public static Settings of(String title, Map<String, String> values) {
      return new Settings(title, new LinkedHashMap<>(values));
    }
  }

  /** Keeps the lists. */
  public Report {
    stages = List.copyOf(stages);
    grids = List.copyOf(grids);
    trainings = List.copyOf(trainings);
    settings = List.copyOf(settings);
  }

  /**
   * The page.
   *
   * @return HTML
   */
  public String html() {
    return new ReportPage(this).html();
  }

  /**
   * Writes the page under a temporary name, then renames it.
   *
   * @param file where to, replaced if it exists
   * @throws IOException if it cannot be written
   */
  public void write(Path file) throws IOException {
    WholeFile.write(file, html().getBytes(StandardCharsets.UTF_8));
  }
}
