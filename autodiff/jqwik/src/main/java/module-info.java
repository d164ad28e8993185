/** Tensors and programs as jqwik's arbitraries. */
module org.fluxion.jqwik {
  requires transitive org.fluxion.autodiff;
  requires transitive net.jqwik.api;

  exports org.fluxion.jqwik;
}
