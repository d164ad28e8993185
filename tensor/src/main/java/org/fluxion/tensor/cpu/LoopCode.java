package org.fluxion.tensor.cpu;

/** A loop generated at run time. */
interface LoopCode {
  /** Where the operands begin in the arguments; before them: planes, rows, row bytes, scratch. */
  int OPERANDS = 4;

  /** What an operand takes of the arguments: its address, then bytes per plane and per row. */
  int OPERAND = 3;

  /**
   * Runs over planes of rows. Rows are multiples of 64 bytes.
   *
   * @param arguments sizes, addresses and strides; addresses are moved on
   */
  void run(long[] arguments);
}
