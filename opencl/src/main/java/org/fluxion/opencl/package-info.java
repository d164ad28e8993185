/**
 * The OpenCL backend, as far as it has come.
 *
 * <ul>
 *   <li>{@link org.fluxion.opencl.Probe} finds the drivers and devices once, and says what is
 *       missing; {@link org.fluxion.opencl.OpenClDevice} describes one and tries its compiler;
 *       {@link org.fluxion.opencl.OpenClBackend} shows them to the rest of the library.
 *   <li>{@link org.fluxion.opencl.LoopSource} writes the plan's loop kernels, other than column
 *       reductions, as OpenCL C: the maps and the rows, such as a softmax or a layer norm with
 *       their tangents. {@link org.fluxion.opencl.Context} and {@link org.fluxion.opencl.Program}
 *       run them. Tests hold their results against the cpu backend's.
 * </ul>
 *
 * <p>Not there yet, so that no whole program runs: column reductions, matrix products, the
 * operations with kernels of their own, memory from the plan's arena, vectors of more than one
 * element for each work-item, a cache of built programs.
 */
package org.fluxion.opencl;
