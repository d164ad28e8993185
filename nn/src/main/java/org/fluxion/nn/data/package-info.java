/** Data sets in memory, and batches of them as pure functions of a seed and a step. */
package org.fluxion.nn.data;
