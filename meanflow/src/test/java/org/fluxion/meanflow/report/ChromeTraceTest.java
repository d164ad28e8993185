package org.fluxion.meanflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.profile.Profile;
import org.fluxion.tensor.profile.Profile.Event;
import org.fluxion.tensor.profile.Profile.Track;

class ChromeTraceTest {
  /** The fields that the viewers ask for, one complete event for each of the profile's. */
  @Property(tries = 30, seed = "3632")
  void everyEventIsThere(@ForAll long seed, @ForAll @IntRange(max = 40) int count)
      throws IOException {
    Random random = new Random(seed);
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      events.add(
          new Event(
              Track.values()[random.nextInt(2)],
              random.nextInt(3),
              "kernel \"%d\" [3, 4] µ".formatted(i),
              random.nextBoolean() ? "" : "pack",
              random.nextLong(1 << 20),
              seed / 2 + random.nextLong(1L << 40),
              random.nextLong(1L << 30)));
    }
    Profile profile = new Profile("a device", Optional.empty(), List.of(), events, 0);
    Path folder = java.nio.file.Files.createTempDirectory("trace");
    Path file = folder.resolve("trace.json");
    JsonNode trace;
    try {
      ChromeTrace.write(profile, file);
      trace = new ObjectMapper().readTree(file.toFile());
    } finally {
      java.nio.file.Files.deleteIfExists(file);
      java.nio.file.Files.delete(folder);
    }
    LinkedHashMap<String, String> threads = new LinkedHashMap<>();
    List<JsonNode> complete = new ArrayList<>();
    for (JsonNode event : trace.get("traceEvents")) {
      switch (event.get("ph").asText()) {
        case "X" -> complete.add(event);
        case "M" -> threads.put(event.get("tid").asText(), event.get("args").get("name").asText());
        default -> throw new AssertionError(event);
      }
    }
    assertEquals("{0=a device, 1=host, 2=device}", threads.toString());
    assertEquals(count, complete.size());
    long origin = events.stream().mapToLong(Event::start).min().orElse(0);
    for (int i = 0; i < count; i++) {
      Event event = events.get(i);
      JsonNode written = complete.get(i);
      String part = event.part().isEmpty() ? "" : ", " + event.part();
      assertEquals(event.name() + part, written.get("name").asText());
      // Microseconds in doubles hold nanoseconds exactly up to some days.
      assertEquals(event.start() - origin, Math.round(written.get("ts").asDouble() * 1e3));
      assertEquals(event.nanos(), Math.round(written.get("dur").asDouble() * 1e3));
      assertTrue(written.get("ts").asDouble() >= 0);
      assertEquals(1, written.get("pid").asInt());
      assertEquals(event.track().ordinal() + 1, written.get("tid").asInt());
      assertEquals(event.track() == Track.DEVICE ? "kernel" : "call", written.get("cat").asText());
      assertEquals(event.step(), written.get("args").get("step").asLong());
    }
  }
}
