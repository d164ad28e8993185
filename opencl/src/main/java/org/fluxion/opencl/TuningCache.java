package org.fluxion.opencl;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.zip.CRC32;

/**
 * How products are cut on a device, as it was measured: a {@link TunedFile} in the user's folder
 * for caches. It is read once in a process, so that programs are cut alike for as long as it runs.
 * What cannot be used, since it is damaged or was measured with other kernels or another driver, is
 * a note and otherwise as if it were not there; the same is true of a file that is deleted. A file
 * appears under its name when it is whole, and there is no lock: of two processes that write at
 * once, the later one may undo what the other found. Safe to share.
 */
final class TuningCache {
  /** What says which device it is; the rest of its description is versions. */
  private static final Set<String> IDENTITY =
      Set.of("platform", "vendor", "name", OpenClDevice.COMPUTE_UNITS);

  /** Some thousand classes. */
  private static final long LARGEST = 1 << 20;

  private final Optional<Path> file;
  private final SequencedMap<String, String> device;
  private final Supplier<String> kernels;
  private final Set<String> notes = new LinkedHashSet<>();

  /** What this process found; empty for what it found the usual tile to be best for. */
  private final Map<String, Optional<TunedFile.Product>> own = new TreeMap<>();

  private Optional<Map<String, TunedFile.Product>> products = Optional.empty();
  private String obstacle = "";

  /**
   * What was measured of a device.
   *
   * @param folder where it is kept; empty if it is forgotten with the process
   * @param device what the device and its driver say they are
   * @param kernels tells the version of the kernels, if there is a file or will be one
   */
  TuningCache(
      Optional<Path> folder, SequencedMap<String, String> device, Supplier<String> kernels) {
    this.file = folder.map(f -> f.resolve(fileName(device)));
    this.device = new LinkedHashMap<>(device);
    this.kernels = kernels;
  }

  /** A name that people recognise, and a number for devices of like names. */
  private static String fileName(Map<String, String> device) {
    String name =
        device
            .getOrDefault("name", "")
            .toLowerCase(Locale.ROOT)
            .replaceAll("[^a-z0-9]+", "-")
            .replaceAll("^-|-$", "");
    CRC32 number = new CRC32();
    device.forEach(
        (key, value) -> {
          if (IDENTITY.contains(key)) {
            number.update((key + '\0' + value + '\0').getBytes(StandardCharsets.UTF_8));
          }
        });
    String shortened = name.substring(0, Math.min(40, name.length()));
    return "tiles-%s-%s.json"
        .formatted(shortened, HexFormat.of().toHexDigits((int) number.getValue()));
  }

  /** Where it is kept, if anywhere. */
  Optional<Path> file() {
    return file;
  }

  /** What one might not expect of it, a line each, once something was looked for. */
  synchronized List<String> notes() {
    return new ArrayList<>(notes);
  }

  /** Why nothing can be kept; before anything was found that is tried. */
  synchronized Optional<String> obstacle() {
    if (own.isEmpty()) {
      file.ifPresent(path -> attempt(path, () -> CacheFolder.requireWritable(path)));
    }
    return obstacle.isEmpty() ? Optional.empty() : Optional.of(obstacle);
  }

  /**
   * What was found of a class of products.
   *
   * @param name the class
   * @return the fastest tile, or empty if nothing was measured, or the usual tile is
   */
  synchronized Optional<TunedFile.Product> find(String name) {
    if (products.isEmpty()) {
      Map<String, TunedFile.Product> read = new TreeMap<>();
      try {
        read.putAll(read());
      } catch (OpenClException unusable) {
        note(unusable.getMessage());
      }
      products = Optional.of(read);
    }
    return Optional.ofNullable(products.get().get(name));
  }

  /** Notes that what was found of a class cannot be used. */
  synchronized void refuse(String name, String why) {
    note("of '%s' it has a tile that %s".formatted(name, why));
  }

  private void note(String why) {
    notes.add(
        "the tuned tiles in %s are not used, the usual ones are: %s; 'fluxion tune' measures again, and the file may be deleted"
            .formatted(file.map(Path::toString).orElse("memory"), why));
  }

  /** What the file has; nothing if there is none. */
  private Map<String, TunedFile.Product> read() {
    if (file.isEmpty()) {
      return Map.of();
    }
    try {
      // What is no file, such as a pipe, might never end.
      if (!Files.isRegularFile(file.get())) {
        if (Files.exists(file.get(), LinkOption.NOFOLLOW_LINKS)) {
          throw new OpenClException("it is no regular file");
        }
        return Map.of();
      }
      if (Files.size(file.get()) > LARGEST) {
        throw new OpenClException("it is longer than %,d bytes".formatted(LARGEST));
      }
      TunedFile found = TunedFile.parse(Files.readAllBytes(file.get()));
      requireSame(found);
      return found.products();
    } catch (NoSuchFileException gone) {
      return Map.of();
    } catch (IOException | SecurityException unreadable) {
      throw new OpenClException("it cannot be read", unreadable);
    }
  }

  private void requireSame(TunedFile found) {
    if (!found.kernels().equals(kernels.get())) {
      throw new OpenClException("they were measured with another version's kernels");
    }
    if (!found.device().equals(device)) {
      String differs =
          device.keySet().stream()
              .filter(key -> !device.get(key).equals(found.device().get(key)))
              .map(
                  key ->
                      "%s was '%s' and is '%s'"
                          .formatted(
                              key,
                              TunedFile.shown("" + found.device().get(key)),
                              TunedFile.shown(device.get(key))))
              .findFirst()
              .orElse("the device was described otherwise");
      throw new OpenClException("they were measured on another device or driver: " + differs);
    }
  }

  /**
   * Keeps what was found of a class of products, beside what other processes found meanwhile.
   *
   * @param name the class
   * @param product the fastest tile; empty if the usual one is
   */
  synchronized void keep(String name, Optional<TunedFile.Product> product) {
    own.put(name, product);
    Map<String, TunedFile.Product> all = new TreeMap<>();
    try {
      all.putAll(read());
    } catch (OpenClException unusable) {
      // It is written anew.
      notes.clear();
    }
    own.forEach(
        (key, found) -> found.ifPresentOrElse(it -> all.put(key, it), () -> all.remove(key)));
    products = Optional.of(all);
    file.ifPresent(
        path -> {
          byte[] bytes = new TunedFile(kernels.get(), device, all).bytes();
          attempt(path, () -> CacheFolder.write(path, bytes));
        });
  }

  /** What needs the file system's leave. */
  private interface Writing {
    void run() throws IOException;
  }

  private void attempt(Path path, Writing writing) {
    try {
      writing.run();
      obstacle = "";
    } catch (IOException | SecurityException | UnsupportedOperationException refused) {
      obstacle =
          "%s cannot be written; the environment variable %s names another folder"
              .formatted(path, CacheFolder.VARIABLE);
    }
  }
}
