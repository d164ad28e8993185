/** Compilation: from a graph to kernels that a backend can run. */
package org.fluxion.tensor.plan;
