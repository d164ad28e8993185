package org.fluxion.opencl;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_context;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_program;

/**
 * The programs of a device that this process uses, each made once: from what an earlier process
 * kept, or else from its source. Safe to share.
 */
final class Programs {
  /**
   * The floor, beyond which things are probed and never assumed; and no warnings, which some
   * drivers print.
   */
  private static final String OPTIONS = "-cl-std=CL1.2 -w";

  /**
   * A program that has a text's kernels.
   *
   * @param program the program
   * @param suffix what its kernels are called beyond their names in the text
   * @param kept whether the cache has it, or is not to have it
   */
  private record Made(cl_program program, String suffix, boolean kept) {}

  private final OpenClDevice device;
  private final cl_context context;
  private final ProgramCache cache;
  private final LaunchGate gate = new LaunchGate();
  private final Map<String, Made> programs = new HashMap<>();

  /** Each once, though several texts may be in one. */
  private final List<cl_program> all = new ArrayList<>();

  private final Set<String> notes = new LinkedHashSet<>();
  private int compiled;

  Programs(OpenClDevice device, cl_context context, Optional<Path> cacheFolder) {
    this.device = device;
    this.context = context;
    this.cache = cache(device, cacheFolder);
  }

  /** What is kept of a device's programs. */
  static ProgramCache cache(OpenClDevice device, Optional<Path> folder) {
    return new ProgramCache(folder, device.identity() + '\n' + OPTIONS);
  }

  /**
   * A kernel of a program, which is made if it has not been.
   *
   * @param source OpenCL C
   * @param name the kernel
   * @return a kernel with arguments of its own, which the caller releases
   * @throws OpenClException if it does not compile, with what the compiler said
   * @throws CancellationException if it is to be compiled and the thread is interrupted
   */
  synchronized cl_kernel kernel(String source, String name) {
    Made made = programs.computeIfAbsent(source, this::make);
    return CL.clCreateKernel(made.program, name + made.suffix, null);
  }

  /**
   * Makes programs that will be asked for, several at once where that is faster: where the driver
   * keeps programs itself, since of what is kept here each has to be one.
   *
   * @throws CancellationException if the thread is interrupted
   */
  synchronized void prepare(Collection<String> sources) {
    if (!device.driverKeepsPrograms() || cache.keepsAnything()) {
      return;
    }
    List<String> missing =
        sources.stream().filter(source -> !programs.containsKey(source)).distinct().toList();
    for (int from = 0; from < missing.size(); from += Bundle.MOST) {
      requireWanted();
      List<String> some = missing.subList(from, Math.min(from + Bundle.MOST, missing.size()));
      Bundle bundle = Bundle.of(some);
      try {
        cl_program program = compile(bundle.source());
        for (int i = 0; i < some.size(); i++) {
          programs.put(some.get(i), new Made(program, bundle.suffixes().get(i), true));
        }
        compiled += some.size();
      } catch (OpenClException refused) {
        apart(some, refused);
      }
    }
  }

  /**
   * Compiles each alone what cannot be compiled together. Where one is at fault, whoever asks for
   * it is told; where none is, it costs time whenever the process starts, and is told by {@link
   * #notes}.
   */
  private void apart(List<String> sources, OpenClException refused) {
    try {
      sources.forEach(source -> programs.computeIfAbsent(source, this::make));
    } catch (OpenClException alone) {
      return;
    }
    notes.add(
        "opencl:%d: the compiler of %s fails to build %d kernels as one program, so that each is compiled alone, which takes longer: %s"
            .formatted(
                device.number(),
                device.model(),
                sources.size(),
                Failure.firstLine(refused.getMessage())));
  }

  /** What one might not expect of how programs are made, a line each. */
  synchronized List<String> notes() {
    return List.copyOf(notes);
  }

  /** How many programs there are. */
  synchronized int count() {
    return programs.size();
  }

  /** How many of them were compiled, and not found in the cache. */
  synchronized int compiled() {
    return compiled;
  }

  /** What launches pass until their programs have been offered to {@link #keep}. */
  LaunchGate gate() {
    return gate;
  }

  /** What stands in the way of keeping programs, as far as that is known. */
  Optional<String> obstacle() {
    return cache.obstacle();
  }

  /**
   * Keeps programs for other processes. Some drivers finish a program when it first runs, so this
   * is best done when it has. Other runs of these programs may go on: their launches, which pass
   * the {@link #gate}, wait meanwhile.
   */
  synchronized void keep(Collection<String> sources) {
    if (!cache.keepsAnything()) {
      // A driver may take as long to give a program out as to compile it.
      return;
    }
    Map<String, cl_program> asked = new LinkedHashMap<>();
    for (String source : sources) {
      Made made = programs.get(source);
      if (made != null && !made.kept) {
        programs.put(source, new Made(made.program, made.suffix, true));
        asked.put(source, made.program);
      }
    }
    if (asked.isEmpty()) {
      return;
    }
    // All at once, so that other runs are waited for once.
    Map<String, byte[]> binaries = new LinkedHashMap<>();
    gate.closed(
        () ->
            asked.forEach(
                (source, program) ->
                    binary(program).ifPresent(binary -> binaries.put(source, binary))));
    binaries.forEach(cache::keep);
    cache.tidy();
  }

  private static Optional<byte[]> binary(cl_program program) {
    try {
      byte[] binary = Info.binary(program);
      return binary.length == 0 ? Optional.empty() : Optional.of(binary);
    } catch (CLException refused) {
      return Optional.empty();
    }
  }

  /**
   * Compiling may take a minute, so that it ends where its thread is interrupted: what was compiled
   * until then is kept.
   *
   * @throws CancellationException if the thread is interrupted, which it stays
   */
  static void requireWanted() {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("interrupted while kernels were compiled");
    }
  }

  private Made make(String source) {
    requireWanted();
    Optional<cl_program> kept = cache.find(source).flatMap(this::load);
    if (kept.isPresent()) {
      return new Made(kept.get(), "", true);
    }
    compiled++;
    return new Made(compile(source), "", false);
  }

  /** What was kept may be of no use to the driver, whatever the reason. */
  private Optional<cl_program> load(byte[] binary) {
    cl_program program = null;
    try {
      program =
          CL.clCreateProgramWithBinary(
              context,
              1,
              new cl_device_id[] {device.id()},
              new long[] {binary.length},
              new byte[][] {binary},
              new int[1],
              null);
      build(program);
      all.add(program);
      return Optional.of(program);
    } catch (CLException refused) {
      if (program != null) {
        CL.clReleaseProgram(program);
      }
      return Optional.empty();
    }
  }

  private cl_program compile(String source) {
    cl_program program =
        CL.clCreateProgramWithSource(context, 1, new String[] {source}, null, null);
    try {
      build(program);
      all.add(program);
      return program;
    } catch (CLException e) {
      String log = Info.buildLog(program, device.id());
      CL.clReleaseProgram(program);
      throw new OpenClException(e.getMessage() + (log.isEmpty() ? "" : ": " + log), e);
    }
  }

  private void build(cl_program program) {
    try {
      CL.clBuildProgram(program, 1, new cl_device_id[] {device.id()}, OPTIONS, null, null);
    } finally {
      Probe.restoreSignalHandlers();
    }
  }

  synchronized void release() {
    all.forEach(program -> Failure.ignore(() -> CL.clReleaseProgram(program)));
    all.clear();
    programs.clear();
  }
}
