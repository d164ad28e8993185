/** The OpenCL backend. It is reached by its devices' names alone, and exports nothing. */
module org.fluxion.opencl {
  requires com.fasterxml.jackson.databind;
  requires jocl;
  requires org.fluxion.tensor;

  provides org.fluxion.tensor.Backend with
      org.fluxion.opencl.OpenClBackend;
}
