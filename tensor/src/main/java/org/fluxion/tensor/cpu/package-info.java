/** The cpu backend: block operations over native memory, and what runs programs with them. */
package org.fluxion.tensor.cpu;
