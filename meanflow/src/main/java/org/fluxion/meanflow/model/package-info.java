/** The diffusion transformer, and the two models made of it: the flow model and the flow map. */
package org.fluxion.meanflow.model;
