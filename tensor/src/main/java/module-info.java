/** The tensor graph and its backends. */
module org.fluxion.tensor {
  // Optional at run time: without it the cpu backend uses scalar loops.
  requires static jdk.incubator.vector;

  exports org.fluxion.tensor;
  exports org.fluxion.tensor.plan;
}
