package org.fluxion.tests.conformance.oclgrind;

/** Kernels as for processors. A group takes thousands of elements. */
class ProcessorOnOclgrindTest extends SuiteOnOclgrind {
  ProcessorOnOclgrindTest() {
    super("opencl:/processor", 6_011);
  }
}
