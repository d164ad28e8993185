/** Samplers of flow models and of flow maps. */
package org.fluxion.meanflow.sample;
