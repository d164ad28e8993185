package org.fluxion.tests.conformance.oclgrind;

/** Kernels as for cards. A few hundred elements keep several groups of lanes busy. */
class CardOnOclgrindTest extends SuiteOnOclgrind {
  CardOnOclgrindTest() {
    super("opencl:/card", 307);
  }
}
