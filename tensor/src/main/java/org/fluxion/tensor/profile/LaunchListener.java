package org.fluxion.tensor.profile;

/** Told of the launches of a plan's kernels. */
@FunctionalInterface
public interface LaunchListener {
  /**
   * A launch has ended; perhaps some time ago, but they are told in the order in which they began.
   *
   * @param run the number of the run that it belongs to, from 0
   * @param kernel the number of the plan's kernel
   * @param part what the launch does of the kernel, if several launches share it; else empty
   * @param start when it began, on the clock of {@link System#nanoTime}
   * @param nanos how long it took
   */
  void launched(long run, int kernel, String part, long start, long nanos);
}
