package org.fluxion.nn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  @TempDir Path folder;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theNewFileTakesTheOldOnesPlace() throws IOException {
    Path file = folder.resolve("file");
    for (String text : List.of("old", "new", "")) {
      WholeFile.write(file, bytes(text));
      assertEquals(text, Files.readString(file));
      assertEquals(List.of("file"), files());
    }
  }

  @Test
  void whatFailsHalfWayLeavesTheOldFileAndNoOther() throws IOException {
    Path file = folder.resolve("file");
    WholeFile.write(file, bytes("old"));
    IOException full =
        assertThrows(
            IOException.class,
            () ->
                WholeFile.write(
                    file,
                    channel -> {
                      WholeFile.writeFully(channel, StandardCharsets.UTF_8.encode("ne"));
                      throw new IOException("No space left on device");
                    }));
    assertEquals(file + ": No space left on device", full.getMessage());
    assertEquals("old", Files.readString(file));
    assertEquals(List.of("file"), files());
  }

  @Test
  void anInterruptIsNoFaultOfTheFile() throws IOException {
    Path file = folder.resolve("file");
    Thread.currentThread().interrupt();
    try {
      assertThrows(ClosedByInterruptException.class, () -> WholeFile.write(file, bytes("text")));
    } finally {
      assertTrue(Thread.interrupted(), "the interrupt is still known");
    }
    assertEquals(List.of(), files());
  }

  @Test
  void whatSaysNothingIsToldByItsClass() throws IOException {
    Path file = folder.resolve("file");
    for (IOException silent : List.of(new EOFException(), new DirectoryNotEmptyException("x"))) {
      IOException told =
          assertThrows(
              IOException.class,
              () ->
                  WholeFile.write(
                      file,
                      channel -> {
                        throw silent;
                      }));
      boolean ofFiles = silent instanceof FileSystemException;
      assertEquals(ofFiles, told instanceof FileSystemException);
      assertEquals(file + (ofFiles ? ": directory not empty" : ": eof"), told.getMessage());
      assertSame(silent, told.getCause());
    }
    assertEquals(List.of(), files());
  }

  @Test
  void anErrorNamesTheFileThatWasAskedFor() throws IOException {
    Path absent = folder.resolve("none").resolve("file");
    String message =
        assertThrows(NoSuchFileException.class, () -> WholeFile.write(absent, bytes("text")))
            .getMessage();
    assertEquals(
        "%s: there is no folder %s to write to; make it first"
            .formatted(absent, absent.getParent()),
        message);
    Path taken = folder.resolve("taken");
    Files.createDirectories(taken.resolve("inside"));
    // Allowed itself, but not with anything added.
    Path longest = folder.resolve("f".repeat(250));
    for (Path file : List.of(taken, longest)) {
      String said =
          assertThrows(IOException.class, () -> WholeFile.write(file, bytes("text"))).getMessage();
      assertTrue(said.startsWith(file + ": "), said);
      assertFalse(said.contains(".tmp"), said);
    }
    assertEquals(List.of("taken"), files());
  }
}
