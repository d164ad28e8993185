/** How derivatives on a device are held against the reference, and the passport that says so. */
package org.fluxion.autodiff.conformance;
