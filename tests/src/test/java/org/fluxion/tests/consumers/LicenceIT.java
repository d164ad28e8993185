package org.fluxion.tests.consumers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is passed on carries its licence, and what came from others names them. */
class LicenceIT {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  private static String entry(String module, String name) throws IOException {
    try (Stream<Path> files = Files.list(ROOT.resolve(module).resolve("target"))) {
      List<Path> jars =
          files.filter(f -> f.getFileName().toString().matches("fluxion-.*\\.jar")).toList();
      assertEquals(1, jars.size(), jars::toString);
      try (JarFile jar = new JarFile(jars.get(0).toFile())) {
        ZipEntry entry = jar.getEntry(name);
        assertNotNull(entry, () -> jars.get(0) + " has no " + name);
        try (InputStream in = jar.getInputStream(entry)) {
          return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tensor", "autodiff", "autodiff/jqwik", "opencl", "nn", "meanflow"})
  void everyJarCarriesTheLicence(String module) throws IOException {
    String licence = Files.readString(ROOT.resolve("tensor/LICENSE"));
    assertEquals(licence, entry(module, "META-INF/LICENSE"));
  }

  @Test
  void theDigitsNameTheirAuthors() throws IOException {
    String text = entry("nn", "org/fluxion/nn/data/mnist/ATTRIBUTION.md");
    assertTrue(text.contains("LeCun") && text.contains("Attribution-Share Alike"), text);
  }
}
