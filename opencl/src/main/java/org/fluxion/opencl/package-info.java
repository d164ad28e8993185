/** The OpenCL backend, as far as it has come: devices are found, and loop kernels become source. */
package org.fluxion.opencl;
