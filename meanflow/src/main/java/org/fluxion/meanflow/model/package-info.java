/**
 * The diffusion transformer, the two models made of it, the flow model and the flow map, and what
 * losses ask of any network and of any teacher.
 */
package org.fluxion.meanflow.model;
