package org.fluxion.meanflow.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.fluxion.nn.io.WholeFile;
import org.fluxion.tensor.profile.Profile;

/**
 * A profile in Chrome's trace format, which Perfetto and chrome://tracing open: the host's calls on
 * one line of time, the device's kernels on another.
 */
public final class ChromeTrace {
  /** There is one process in a trace. */
  private static final int PROCESS = 1;

  private static final double NANOS_PER_MICROSECOND = 1e3;

  private ChromeTrace() {}

  /**
   * Writes a trace, under a temporary name that is then changed. Times are microseconds since the
   * first event.
   *
   * @param profile what was measured
   * @param file where to, replaced if it exists
   * @throws IOException if it cannot be written
   */
  public static void write(Profile profile, Path file) throws IOException {
    long origin = profile.events().stream().mapToLong(Profile.Event::start).min().orElse(0);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("displayTimeUnit", "ms");
      json.writeArrayFieldStart("traceEvents");
      name(json, "process_name", 0, profile.device());
      for (Profile.Track track : Profile.Track.values()) {
        name(json, "thread_name", thread(track), track.name().toLowerCase(Locale.ROOT));
      }
      for (Profile.Event event : profile.events()) {
        event(json, event, origin);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    WholeFile.write(file, bytes.toByteArray());
  }

  private static int thread(Profile.Track track) {
    return track.ordinal() + 1;
  }

  /** What the viewer calls a process or a thread. */
  private static void name(JsonGenerator json, String what, int thread, String name)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("ph", "M");
    json.writeStringField("name", what);
    json.writeNumberField("pid", PROCESS);
    json.writeNumberField("tid", thread);
    json.writeObjectFieldStart("args");
    json.writeStringField("name", name);
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void event(JsonGenerator json, Profile.Event event, long origin)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("ph", "X");
    json.writeStringField(
        "name", event.part().isEmpty() ? event.name() : event.name() + ", " + event.part());
    json.writeStringField(
        "cat",
        switch (event.track()) {
          case HOST -> "call";
          case DEVICE -> "kernel";
        });
    json.writeNumberField("ts", (event.start() - origin) / NANOS_PER_MICROSECOND);
    json.writeNumberField("dur", event.nanos() / NANOS_PER_MICROSECOND);
    json.writeNumberField("pid", PROCESS);
    json.writeNumberField("tid", thread(event.track()));
    json.writeObjectFieldStart("args");
    json.writeNumberField("program", event.program() + 1);
    json.writeNumberField("step", event.step());
    json.writeEndObject();
    json.writeEndObject();
  }
}
