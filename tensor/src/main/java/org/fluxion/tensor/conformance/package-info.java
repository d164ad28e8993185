/**
 * What every backend is held against: cases of every operation, how far each may be off, and what
 * runs them on a device. A backend's own tests can use it, and a device's passport does.
 */
package org.fluxion.tensor.conformance;
