package org.fluxion.meanflow.train;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much memory a program may take of the host's. */
final class AvailableMemory {
  private static final Path MEMORY_INFORMATION = Path.of("/proc/meminfo");
  private static final String AVAILABLE = "MemAvailable:";
  private static final long KIBIBYTE = 1024;

  private AvailableMemory() {}

  /**
   * The memory that is free, or could be without swapping.
   *
   * @return bytes
   */
  static long bytes() {
    // Knows of the limits of a container, but takes the file cache for used.
    var system =
        ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
    long total = system.getTotalMemorySize();
    long free = system.getFreeMemorySize();
    try {
      for (String line : Files.readAllLines(MEMORY_INFORMATION)) {
        if (line.startsWith(AVAILABLE)) {
          String[] words = line.substring(AVAILABLE.length()).strip().split(" ");
          return Math.min(total, Math.max(free, Long.parseLong(words[0]) * KIBIBYTE));
        }
      }
    } catch (IOException elsewhere) {
      // No such file on other systems than Linux.
    }
    return free;
  }
}
