/** Layers, optimizers, checkpoints and data sets: pure functions of tensors. */
module org.fluxion.nn {
  requires transitive org.fluxion.tensor;
  requires com.fasterxml.jackson.core;

  exports org.fluxion.nn;
  exports org.fluxion.nn.data;
  exports org.fluxion.nn.io;
}
