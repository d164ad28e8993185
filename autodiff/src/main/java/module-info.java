/** Derivatives of tensor functions, in both modes, to any order. */
module org.fluxion.autodiff {
  requires transitive org.fluxion.tensor;

  exports org.fluxion.autodiff;
  exports org.fluxion.autodiff.conformance;
  exports org.fluxion.autodiff.laws;
}
