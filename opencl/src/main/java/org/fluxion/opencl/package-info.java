/**
 * The OpenCL backend: programs on any vendor's device.
 *
 * <ul>
 *   <li>{@link org.fluxion.opencl.Probe} finds the drivers and devices once, and says what is
 *       missing; {@link org.fluxion.opencl.OpenClDevice} describes one and tries its compiler;
 *       {@link org.fluxion.opencl.OpenClBackend} shows them to the rest of the library.
 *   <li>The classes named {@code …Source} write a plan's kernels as OpenCL C, in the form of a
 *       {@link org.fluxion.opencl.Family}, and give the {@linkplain org.fluxion.opencl.Launch
 *       launches} that run them.
 *   <li>{@link org.fluxion.opencl.OpenClExecutable} runs a plan: in a {@link
 *       org.fluxion.opencl.Context}, with {@link org.fluxion.opencl.ProgramMemory} that {@link
 *       org.fluxion.opencl.DeviceMemory} counts, and {@link org.fluxion.opencl.Programs} that a
 *       {@link org.fluxion.opencl.ProgramCache} keeps between processes. What a driver refuses
 *       becomes a {@link org.fluxion.opencl.Failure}.
 *   <li>How products are cut is a {@link org.fluxion.opencl.MatmulTile}: by {@link
 *       org.fluxion.opencl.MatmulDefaults}, or as a {@link org.fluxion.opencl.MatmulTuner} has
 *       measured and a {@link org.fluxion.opencl.TuningCache} remembers. {@link
 *       org.fluxion.opencl.TileSearch} races tiles on a {@link org.fluxion.opencl.ProductBench}.
 * </ul>
 */
package org.fluxion.opencl;
