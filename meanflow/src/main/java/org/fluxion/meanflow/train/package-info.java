/** Training: configurations, run folders, checkpoints, model files and the trainer itself. */
package org.fluxion.meanflow.train;
