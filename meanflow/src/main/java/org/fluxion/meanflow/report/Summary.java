package org.fluxion.meanflow.report;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.fluxion.meanflow.metrics.Evaluation;
import org.fluxion.nn.io.WholeFile;

/**
 * A run's figures, as they stand in {@code summary.json}.
 *
 * @param rows one for each generator and number of steps
 * @param frechetFloor Fréchet distance of 2,000 real training images, balanced over the classes,
 *     from the test images: what as many perfect samples would have
 * @param seconds what the whole run took, in all processes that worked on it
 * @param samples how many each row was measured on
 * @param nearestDistanceOfTest mean distance of a real test image to its nearest training image:
 *     samples far below it were memorised
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record Summary(
    List<SummaryRow> rows,
    double frechetFloor,
    double seconds,
    int samples,
    double nearestDistanceOfTest) {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  /** Keeps the rows. */
  public Summary {
    rows = List.copyOf(rows);
  }

  /**
   * The row of a generator at a number of steps.
   *
   * @param model what drew the samples
   * @param steps sampling steps
   * @return the first such row, if there is one
   */
  public Optional<SummaryRow> row(Generator model, int steps) {
    return rows.stream().filter(row -> row.model() == model && row.steps() == steps).findFirst();
  }

  /**
   * Whether the floor is that of as many real images as there are samples. The distance of fewer
   * images is larger.
   *
   * @return true if distances compare with the floor
   */
  boolean comparesWithFloor() {
    return samples == Evaluation.FLOOR_SAMPLES;
  }

  /**
   * What stands beside the floor.
   *
   * @return such as "real digits", with their number where it is not that of the samples
   */
  String realDigits() {
    return comparesWithFloor()
        ? "real digits"
        : String.format(Locale.ROOT, "%,d real digits", Evaluation.FLOOR_SAMPLES);
  }

  /**
   * Writes the figures as JSON, under a temporary name that is then changed.
   *
   * @param file where to, replaced if it exists
   * @throws IOException if it cannot be written
   */
  public void write(Path file) throws IOException {
    WholeFile.write(file, (JSON.writeValueAsString(this) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Reads what {@link #write} wrote; fields that are not known are passed over.
   *
   * @param file a {@code summary.json}
   * @return its figures
   * @throws IOException if it cannot be read, or is no such file
   */
  public static Summary read(Path file) throws IOException {
    return JSON.readValue(Files.readAllBytes(file), Summary.class);
  }
}
