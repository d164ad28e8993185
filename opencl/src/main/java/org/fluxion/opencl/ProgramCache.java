package org.fluxion.opencl;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Built programs on disk, so that a process need not build what another one has. A file is named by
 * a hash of everything that the program hangs on: device, driver, options, source. It appears under
 * that name only when it is whole, and says what it holds: whatever else lies there, of another
 * version, damaged or cut off, is as if it were not there, and is written anew. There is no lock.
 * Nothing is thrown: a folder that cannot be read or written costs time alone.
 */
final class ProgramCache {
  private static final byte[] MAGIC = "fluxion program 1\n".getBytes(StandardCharsets.US_ASCII);
  private static final String ENDING = ".program";

  /** What another process writes is finished, or its process has ended, after so long. */
  private static final Duration WRITTEN = Duration.ofHours(1);

  /** How often a file that is used is marked as such. */
  private static final Duration MARKED = Duration.ofDays(1);

  /** The most bytes that are kept, beyond which what was not used for longest goes. */
  private static final long LARGEST = 1L << 29;

  private final Optional<Path> folder;
  private final String device;
  private final long largest;
  private String obstacle = "";

  /**
   * The programs of a device.
   *
   * @param folder where; empty if nothing is to be kept
   * @param device what its programs hang on beside their source
   */
  ProgramCache(Optional<Path> folder, String device) {
    this(folder, device, LARGEST);
  }

  ProgramCache(Optional<Path> folder, String device, long largest) {
    this.folder = folder;
    this.device = device;
    this.largest = largest;
  }

  /** Whether there is a place for programs, and nothing is known to stand in the way. */
  synchronized boolean keepsAnything() {
    return folder.isPresent() && obstacle.isEmpty();
  }

  /** Why nothing can be written, as far as that is known. */
  synchronized Optional<String> obstacle() {
    if (folder.isPresent() && obstacle.isEmpty()) {
      try {
        Files.createDirectories(folder.get());
        obstacle = Files.isWritable(folder.get()) ? "" : refusal();
      } catch (IOException | SecurityException refused) {
        obstacle = refusal();
      }
    }
    return obstacle.isEmpty() ? Optional.empty() : Optional.of(obstacle);
  }

  private String refusal() {
    return "the folder %s cannot be written; the environment variable %s names another"
        .formatted(folder.orElseThrow(), CacheFolder.VARIABLE);
  }

  private byte[] key(String source) {
    return hash(device.getBytes(StandardCharsets.UTF_8), source.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] hash(byte[]... parts) {
    MessageDigest digest = Sha256.digest();
    for (byte[] part : parts) {
      digest.update(ByteBuffer.allocate(Long.BYTES).putLong(part.length).flip());
      digest.update(part);
    }
    return digest.digest();
  }

  private Optional<Path> file(String source) {
    return folder.map(f -> f.resolve(HexFormat.of().formatHex(key(source)) + ENDING));
  }

  /**
   * A program that was kept.
   *
   * @param source its source
   * @return what the driver made of it, or empty
   */
  Optional<byte[]> find(String source) {
    return file(source).flatMap(file -> read(file, key(source)));
  }

  private static Optional<byte[]> read(Path file, byte[] key) {
    try {
      byte[] all = Files.readAllBytes(file);
      int start = MAGIC.length + key.length;
      if (all.length < start) {
        return Optional.empty();
      }
      byte[] program = Arrays.copyOfRange(all, start, all.length);
      if (!Arrays.equals(header(key, program), Arrays.copyOf(all, start))) {
        return Optional.empty();
      }
      Instant now = Instant.now();
      if (Files.getLastModifiedTime(file).toInstant().isBefore(now.minus(MARKED))) {
        mark(file, now);
      }
      return Optional.of(program);
    } catch (IOException | SecurityException unreadable) {
      return Optional.empty();
    }
  }

  private static void mark(Path file, Instant now) {
    try {
      Files.setLastModifiedTime(file, FileTime.from(now));
    } catch (IOException | SecurityException notOurs) {
      // It is used all the same.
    }
  }

  /** What stands before a program: which format this is, and whose program, and whether whole. */
  private static byte[] header(byte[] key, byte[] program) {
    return ByteBuffer.allocate(MAGIC.length + key.length)
        .put(MAGIC)
        .put(hash(key, program))
        .array();
  }

  /**
   * Keeps a program.
   *
   * @param source its source
   * @param program what the driver made of it
   */
  synchronized void keep(String source, byte[] program) {
    if (!keepsAnything()) {
      return;
    }
    Path file = file(source).orElseThrow();
    try {
      CacheFolder.write(file, header(key(source), program), program);
    } catch (IOException | SecurityException | UnsupportedOperationException refused) {
      obstacle = refusal();
    }
  }

  /** Deletes what no process writes any more, and what was not used for longest. */
  synchronized void tidy() {
    if (!keepsAnything()) {
      return;
    }
    record Kept(Path file, Instant used, long bytes) {}
    List<Kept> programs = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder.get())) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Instant used = Files.getLastModifiedTime(file).toInstant();
        if (file.toString().endsWith(ENDING)) {
          programs.add(new Kept(file, used, Files.size(file)));
        } else if (file.toString().endsWith(CacheFolder.UNFINISHED)
            && used.isBefore(Instant.now().minus(WRITTEN))) {
          Files.deleteIfExists(file);
        }
      }
      programs.sort(Comparator.comparing(Kept::used));
      long bytes = programs.stream().mapToLong(Kept::bytes).sum();
      for (Kept kept : programs) {
        if (bytes > largest) {
          Files.deleteIfExists(kept.file());
          bytes -= kept.bytes();
        }
      }
    } catch (IOException | UncheckedIOException | SecurityException refused) {
      // Another process may be tidying up as well.
    }
  }
}
