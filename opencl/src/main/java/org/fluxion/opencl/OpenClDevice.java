package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/** A device of an OpenCL driver, with what its driver says of it. */
final class OpenClDevice {
  /** The extensions that kernels may make use of; beyond OpenCL 1.2 nothing is assumed. */
  private static final Set<String> FEATURES =
      Set.of(
          "cl_khr_fp64",
          "cl_khr_fp16",
          "cl_khr_subgroups",
          "cl_intel_subgroups",
          "cl_khr_int64_base_atomics",
          "cl_khr_integer_dot_product",
          "cl_ext_float_atomics");

  private static final Pattern VERSION = Pattern.compile("OpenCL ([0-9]+)\\.([0-9]+)");

  /** The one part of the {@link #description} that no program hangs on. */
  static final String COMPUTE_UNITS = "computeUnits";

  static final String TRIAL = "kernel void trial(global float *a) { a[get_global_id(0)] += 1.0f; }";

  private final int number;
  private final cl_platform_id platform;
  private final cl_device_id id;
  private final String model;
  private final String version;
  private final String kind;
  private final String trial;
  private final int computeUnits;
  private final long memoryBytes;
  private final long largestAllocation;
  private final long localBytes;
  private final int mostBuffers;
  private final int largestGroup;
  private final List<String> extensions;
  private final boolean hasCompiler;
  private final boolean sharesHostMemory;
  private final MatmulLimits matmulLimits;
  private final boolean isOclgrind;
  private final boolean fuses;
  private final DeviceMemory.Count held = new DeviceMemory.Count();
  private Optional<String> obstacle;
  private Context context;

  OpenClDevice(int number, cl_platform_id platform, cl_device_id id) {
    this(number, platform, id, kind(id), TRIAL);
  }

  private static String kind(cl_device_id id) {
    long type = Info.wide(id, CL.CL_DEVICE_TYPE);
    return (type & CL.CL_DEVICE_TYPE_GPU) != 0
        ? "gpu"
        : (type & CL.CL_DEVICE_TYPE_CPU) != 0 ? "cpu" : "accelerator";
  }

  /** The same taken for another kind, or with another program that is tried. */
  OpenClDevice(int number, cl_platform_id platform, cl_device_id id, String kind, String trial) {
    this.number = number;
    this.platform = platform;
    this.id = id;
    this.model = Info.text(id, CL.CL_DEVICE_NAME);
    this.version = Info.text(id, CL.CL_DEVICE_VERSION);
    this.kind = kind;
    this.trial = trial;
    this.computeUnits = Info.integer(id, CL.CL_DEVICE_MAX_COMPUTE_UNITS);
    this.memoryBytes = Info.wide(id, CL.CL_DEVICE_GLOBAL_MEM_SIZE);
    this.largestAllocation = Info.wide(id, CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    this.localBytes = Info.wide(id, CL.CL_DEVICE_LOCAL_MEM_SIZE);
    this.mostBuffers =
        mostBuffers(
            Info.wide(id, CL.CL_DEVICE_MAX_PARAMETER_SIZE),
            Info.integer(id, CL.CL_DEVICE_ADDRESS_BITS) / Byte.SIZE);
    this.largestGroup = largestGroup(id);
    this.extensions = List.of(Info.text(id, CL.CL_DEVICE_EXTENSIONS).split(" +"));
    this.hasCompiler = Info.integer(id, CL.CL_DEVICE_COMPILER_AVAILABLE) != 0;
    this.sharesHostMemory = sharesHostMemory(id);
    this.isOclgrind = Info.text(platform, CL.CL_PLATFORM_NAME).equals("Oclgrind");
    this.fuses = isOclgrind || fuses(Info.wide(id, CL.CL_DEVICE_SINGLE_FP_CONFIG));
    this.matmulLimits =
        new MatmulLimits(
            Info.wide(id, CL.CL_DEVICE_LOCAL_MEM_SIZE),
            Math.min(1024, largestGroup),
            Math.clamp(Info.integer(id, CL.CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT), 1, 16));
  }

  /** All work-items of a group lie along the first dimension, which may have a limit of its own. */
  private static int largestGroup(cl_device_id id) {
    long inAll = Info.wide(id, CL.CL_DEVICE_MAX_WORK_GROUP_SIZE);
    return Math.clamp(Math.min(inAll, Info.largestFirst(id)), 1, Integer.MAX_VALUE);
  }

  /**
   * How many buffers a kernel of loops may have, so that its arguments are no larger than they may
   * be: each is a pointer, and so are scratch memory and the numbers; there is room for two more
   * numbers, of which one is an argument and the other lies where it is aligned.
   *
   * @param bytes the most bytes of a kernel's arguments, at least the 256 of OpenCL's embedded
   *     profile; 1,024 in the full one
   * @param pointer bytes of a pointer
   */
  static int mostBuffers(long bytes, int pointer) {
    return (int) Math.min((bytes - 2 * Long.BYTES) / pointer - 2, Integer.MAX_VALUE);
  }

  /**
   * Whether a fused multiply-add is an instruction: a device without it has fma as a function all
   * the same, as slow as all else in a loop together. The macro FP_FAST_FMAF would say it as well,
   * but PoCL never defines it. Oclgrind, with which nobody waits, has it as a function, and is to
   * see the kernels that others run.
   */
  static boolean fuses(long singleConfig) {
    return (singleConfig & CL.CL_FP_FMA) != 0;
  }

  /** OpenCL 2.0 asks another way, which 1.2 does not know. */
  @SuppressWarnings("deprecation")
  private static boolean sharesHostMemory(cl_device_id id) {
    return Info.integer(id, CL.CL_DEVICE_HOST_UNIFIED_MEMORY) != 0;
  }

  /** Its place among all devices of all drivers, from 0. */
  int number() {
    return number;
  }

  cl_platform_id platform() {
    return platform;
  }

  cl_device_id id() {
    return id;
  }

  String model() {
    return model;
  }

  /**
   * Whether its driver runs what was enqueued on whichever thread waits, and takes no lock:
   * Oclgrind does. JOCL waits for every transfer that its caller does not wait for on a thread of
   * its own.
   */
  boolean runsWhereItIsWaitedFor() {
    return isOclgrind;
  }

  /**
   * Whether it watches every piece of memory, as Oclgrind does, which looks for faults. There a
   * buffer has a piece of its own, or one that was written beyond, or not at all, would go
   * unnoticed among its neighbours; and no piece is given back. For what Oclgrind 21.10 knows of a
   * piece outlives it, and is taken for the next piece's of the same number; and of a piece that
   * the host writes or copies to in part, it forgets the rest.
   */
  boolean watchesMemory() {
    return isOclgrind;
  }

  /** Whatever a built program may hang on: the device, its driver, and their versions. */
  String identity() {
    SequencedMap<String, String> description = description();
    description.remove(COMPUTE_UNITS);
    return String.join("\n", description.values());
  }

  /** What the fastest way to compute hangs on, by name: the device, its driver, their versions. */
  SequencedMap<String, String> description() {
    SequencedMap<String, String> description = new LinkedHashMap<>();
    description.put("platform", Info.text(platform, CL.CL_PLATFORM_NAME));
    description.put("platformVersion", Info.text(platform, CL.CL_PLATFORM_VERSION));
    description.put("vendor", Info.text(id, CL.CL_DEVICE_VENDOR));
    description.put("name", model);
    description.put("deviceVersion", version);
    description.put("driver", Info.text(id, CL.CL_DRIVER_VERSION));
    description.put(COMPUTE_UNITS, Integer.toString(computeUnits));
    return description;
  }

  /** "cpu", "gpu" or "accelerator". */
  String kind() {
    return kind;
  }

  int computeUnits() {
    return computeUnits;
  }

  long memoryBytes() {
    return memoryBytes;
  }

  /** Its memory, unless that is the host's as well. */
  OptionalLong ownMemoryBytes() {
    return sharesHostMemory ? OptionalLong.empty() : OptionalLong.of(memoryBytes);
  }

  /**
   * Whether its driver has a cache of its own for every kernel, as PoCL has, for which giving a
   * program out is as much work as compiling it.
   */
  boolean driverKeepsPrograms() {
    return version.contains("PoCL");
  }

  /** The local memory of a work-group. */
  long localBytes() {
    return localBytes;
  }

  /** How many buffers a kernel of loops may have: each is an argument. */
  int mostBuffers() {
    return mostBuffers;
  }

  /** The most work-items of a group, if a kernel does not take too much of what they share. */
  int largestGroup() {
    return largestGroup;
  }

  /** The largest piece of memory that can be had at once. */
  long largestAllocation() {
    return largestAllocation;
  }

  /** What it sets the tiles of a product. */
  MatmulLimits matmulLimits() {
    return matmulLimits;
  }

  /** Whether its memory is the host's. */
  boolean sharesHostMemory() {
    return sharesHostMemory;
  }

  /** How products are cut for it where nothing was measured. */
  MatmulDefaults matmulTiles(Family family) {
    return new MatmulDefaults(family, matmulLimits);
  }

  /** How kernels are cut for it. */
  Family family() {
    return kind.equals("cpu") ? processorFamily() : cardFamily();
  }

  /** How kernels are cut for it if it is taken for a card. */
  Family cardFamily() {
    return Family.card(computeUnits).within(largestGroup).withFusing(fuses);
  }

  /** How kernels are cut for it if it is taken for a processor. */
  Family processorFamily() {
    return Family.processor(computeUnits, matmulLimits.width()).withFusing(fuses);
  }

  /** Its context, made when it is first asked for and kept until its driver has ended it. */
  synchronized Context context() {
    if (context == null) {
      context = new Context(this, held);
    }
    return context;
  }

  /**
   * Makes a context the last use of which were the runs that have it: a driver that has stopped a
   * kernel may refuse whatever is asked of its context from then on.
   */
  synchronized void abandon(Context ended) {
    if (context == ended) {
      context = null;
    }
  }

  boolean has(String extension) {
    return extensions.contains(extension);
  }

  /** What matters to programs, for people to read. */
  List<String> features() {
    List<String> features = new ArrayList<>();
    // "OpenCL 3.0 PoCL HSTR: …" in all but its first two words is the driver's business.
    features.add(String.join(" ", Arrays.stream(version.split(" +")).limit(2).toList()));
    extensions.stream()
        .filter(FEATURES::contains)
        .map(e -> e.replaceFirst("^cl_(khr|ext)_", "").replaceFirst("^cl_", ""))
        .distinct()
        .forEach(features::add);
    features.add("allocations up to %.1f GiB".formatted(largestAllocation / 0x1p30));
    if (sharesHostMemory) {
      features.add("shares the host's memory");
    }
    return features;
  }

  /**
   * Why no kernel can be built for it, which is tried once; or again where the driver lacked what
   * it may have later.
   *
   * @return one line, or empty if kernels build
   */
  Optional<String> obstacle() {
    return obstacle(() -> CL.clReleaseKernel(context().programs().kernel(trial, "trial")));
  }

  /** The same with something else that is tried. */
  synchronized Optional<String> obstacle(Runnable build) {
    if (obstacle != null) {
      return obstacle;
    }
    Optional<String> found = lacking(version, hasCompiler);
    if (found.isEmpty()) {
      try {
        build.run();
      } catch (CLException | OpenClException refused) {
        // A compiler's refusal has the driver's as its cause.
        Throwable driver = refused instanceof OpenClException ? refused.getCause() : refused;
        Optional<String> passing =
            driver instanceof CLException said ? Failure.passing(said) : Optional.empty();
        if (driver instanceof CLException said && Failure.endsContext(said)) {
          context = null;
        }
        if (passing.isPresent()) {
          return passing;
        }
        found = Optional.of(buildFailure(refused));
      }
    }
    obstacle = found;
    return found;
  }

  private static String buildFailure(RuntimeException refused) {
    return Text.of(
        "its driver fails to build a kernel: %s (install another version of it, or its compiler)",
        Failure.firstLine(refused.getMessage()));
  }

  /**
   * What a device lacks that every kernel needs.
   *
   * @param version as its driver says it, "OpenCL 1.2" and more
   * @param hasCompiler whether it has one
   * @return one line, or empty if it has all
   */
  static Optional<String> lacking(String version, boolean hasCompiler) {
    Matcher parts = VERSION.matcher(version);
    if (parts.lookingAt()
        && (parts.group(1).equals("0")
            || parts.group(1).equals("1") && parts.group(2).matches("[01]"))) {
      return Optional.of(
          Text.of(
              "it needs OpenCL 1.2, its driver offers %s.%s (install a newer version of it)",
              parts.group(1), parts.group(2)));
    }
    return hasCompiler ? Optional.empty() : Optional.of("its driver has no compiler");
  }

  @Override
  public String toString() {
    return Text.of("opencl:%d, %s", number, model);
  }
}
