/**
 * Measuring what programs do on a device: which kernels, how often, how long, how near its peak.
 */
package org.fluxion.tensor.profile;
