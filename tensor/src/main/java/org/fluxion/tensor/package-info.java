/**
 * Shapes, dtypes, the immutable tensor graph, its sealed operations and the interpreter that
 * defines them.
 */
package org.fluxion.tensor;
