/** Checkpoints in the safetensors format, and how a model takes its parameters from one. */
package org.fluxion.nn.io;
