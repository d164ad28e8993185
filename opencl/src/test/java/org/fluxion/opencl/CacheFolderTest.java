package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CacheFolderTest {
  private static final String HOME = Path.of("home", "ada").toAbsolutePath().toString();
  private static final Path CACHES = Path.of("caches").toAbsolutePath();

  private static Optional<Path> folder(Map<String, String> environment) {
    return CacheFolder.of(environment, HOME);
  }

  @Test
  void theUsersCachesHoldIt() {
    Path inHome = Path.of(HOME, ".cache", "fluxion");
    assertEquals(Optional.of(inHome), folder(Map.of()));
    assertEquals(
        Optional.of(CACHES.resolve("fluxion")), folder(Map.of("XDG_CACHE_HOME", "" + CACHES)));
    assertEquals(Optional.of(inHome), folder(Map.of("XDG_CACHE_HOME", "relative")));
    assertEquals(Optional.of(inHome), folder(Map.of("XDG_CACHE_HOME", "", "FLUXION_CACHE", "")));
    assertEquals(Optional.empty(), CacheFolder.of(Map.of(), "?"));
  }

  @Test
  void theEnvironmentNamesAnotherOrNone() {
    assertEquals(
        Optional.of(CACHES),
        folder(Map.of("XDG_CACHE_HOME", "/elsewhere", "FLUXION_CACHE", "" + CACHES)));
    assertEquals(
        Optional.of(Path.of("here").toAbsolutePath()), folder(Map.of("FLUXION_CACHE", "here")));
    assertEquals(Optional.empty(), folder(Map.of("FLUXION_CACHE", "off")));
    // No path can have this character.
    assertEquals(Optional.empty(), folder(Map.of("FLUXION_CACHE", "\0")));
  }
}
