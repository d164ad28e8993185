/**
 * What tells good samples of digits from bad ones: the Fréchet distance over a classifier's
 * features, the share of samples that show the asked class, and the distance to the nearest
 * training image.
 */
package org.fluxion.meanflow.metrics;
