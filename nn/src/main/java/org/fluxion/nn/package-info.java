/**
 * Layers as records of configuration, parameters as immutable named trees, optimizers and schedules
 * as pure functions of them.
 */
package org.fluxion.nn;
