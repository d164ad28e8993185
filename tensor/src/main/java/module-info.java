/** The tensor graph and its backends. */
module org.fluxion.tensor {
  // Optional at run time: without it the cpu backend uses scalar loops.
  requires static jdk.incubator.vector;
  // How much memory the machine has.
  requires java.management;
  requires jdk.management;

  exports org.fluxion.tensor;
  exports org.fluxion.tensor.conformance;
  exports org.fluxion.tensor.plan;
  exports org.fluxion.tensor.profile;

  uses org.fluxion.tensor.Backend;

  provides org.fluxion.tensor.Backend with
      org.fluxion.tensor.cpu.CpuBackend,
      org.fluxion.tensor.reference.ReferenceBackend;
}
