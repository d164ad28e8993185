/** The losses: flow matching, and Decoupled MeanFlow. */
package org.fluxion.meanflow.loss;
