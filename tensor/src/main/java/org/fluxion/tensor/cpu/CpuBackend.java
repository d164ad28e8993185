package org.fluxion.tensor.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.DeviceInfo;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.LaunchListener;
import org.fluxion.tensor.profile.Peak;

/** The host's processor: there is always one, and it can always be used. */
public final class CpuBackend implements Backend {
  private static final int MOST_THREADS = 9999;
  private static final String OPTION = "--add-modules jdk.incubator.vector";

  /** Made by the service loader. */
  public CpuBackend() {}

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String usage() {
    return "cpu or cpu:THREADS";
  }

  @Override
  public Survey survey() {
    DeviceInfo device =
        new DeviceInfo(
            "cpu",
            "cpu",
            line("/proc/cpuinfo", "model name").orElse(System.getProperty("os.arch")),
            processors(),
            line("/proc/meminfo", "MemTotal")
                .map(text -> Long.parseLong(text.replaceAll("\\D", "")) << 10)
                .orElse(0L),
            List.of(loops()),
            Optional.empty());
    return new Survey(List.of(device), List.of());
  }

  private static int processors() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** What follows "key:" in one of Linux's descriptions of the machine; elsewhere there is none. */
  private static Optional<String> line(String file, String key) {
    try (Stream<String> lines = Files.lines(Path.of(file))) {
      return lines
          .filter(l -> l.startsWith(key))
          .findFirst()
          .map(l -> l.substring(l.indexOf(':') + 1).strip());
    } catch (IOException | java.io.UncheckedIOException unreadable) {
      return Optional.empty();
    }
  }

  private static String loops() {
    if (Width.VECTORS) {
      return "vectors of " + Species.FLOAT.vectorBitSize() + " bits";
    }
    return Width.ASKED_FOR_SCALARS
        ? "scalar loops, as -Dfluxion.vectorBits=64 asks"
        : "scalar loops (java's option " + OPTION + " makes it several times faster)";
  }

  /** Says once in a process that an option is missing: when this class is initialised. */
  private static final class ScalarWarning {
    private static final boolean GIVEN = give();

    private static boolean give() {
      System.getLogger(CpuBackend.class.getName())
          .log(
              System.Logger.Level.WARNING,
              "the cpu backend runs scalar loops, several times slower than vectors: start java"
                  + " with "
                  + OPTION);
      return true;
    }

    /** Whether the warning is given, which it is from the first call on. */
    static boolean given() {
      return GIVEN;
    }
  }

  @Override
  public Device device(String selector) {
    if (selector.isEmpty()) {
      return new Processor(processors());
    }
    if (selector.matches("[0-9]{1,4}") && Integer.parseInt(selector) > 0) {
      return new Processor(Integer.parseInt(selector));
    }
    throw new TensorException(
        "device: expected %s with 1 to %d threads, got 'cpu:%s'"
            .formatted(usage(), MOST_THREADS, selector));
  }

  /** The processor with a number of threads, on which no result depends. */
  private record Processor(int threads) implements Device {
    @Override
    public String name() {
      return "cpu:" + threads;
    }

    @Override
    public String description() {
      return "cpu with %d thread%s, %s".formatted(threads, threads == 1 ? "" : "s", loops());
    }

    @Override
    public Executable prepare(Plan plan) {
      if (!Width.VECTORS && !Width.ASKED_FOR_SCALARS) {
        ScalarWarning.given();
      }
      return new CpuExecutable(plan, threads);
    }

    @Override
    public String toString() {
      return description();
    }

    @Override
    public Executable prepare(Plan plan, LaunchListener listener) {
      return new CpuExecutable(plan, threads, listener);
    }

    @Override
    public Optional<Peak> peak() {
      return Optional.of(PeakRates.measure(threads));
    }
  }
}
