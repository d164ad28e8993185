/**
 * Benchmarks: each figure is the ratio of a subject to its peer, measured in turns in one process,
 * because machines differ and change speed, and a ratio taken in one run is what survives that.
 */
package org.fluxion.tests.bench;
