/** What a program on the module path declares. */
module consumer {
  requires org.fluxion.autodiff;
}
