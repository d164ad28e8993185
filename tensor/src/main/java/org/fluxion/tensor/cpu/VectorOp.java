package org.fluxion.tensor.cpu;

/** The vector operations that loops are generated from: each is one call of the Vector API. */
enum VectorOp {
  /** An operand of the loop; the attribute is its number. */
  LOAD(Type.FLOAT, 1),
  /** Likewise, of integers. */
  LOAD_INT(Type.INT, 1),
  /** The attribute is the value. */
  FLOAT_CONSTANT(Type.FLOAT, 0),
  /** Likewise, of integers. */
  INT_CONSTANT(Type.INT, 0),
  ADD(Type.FLOAT, 1),
  SUB(Type.FLOAT, 1),
  MUL(Type.FLOAT, 1),
  DIV(Type.FLOAT, 6),
  MAX(Type.FLOAT, 2),
  MIN(Type.FLOAT, 2),
  NEG(Type.FLOAT, 1),
  ABS(Type.FLOAT, 1),
  SQRT(Type.FLOAT, 6),
  /** a · b + c, rounded once. */
  FMA(Type.FLOAT, 1),
  LESS(Type.MASK, 1),
  LESS_EQUAL(Type.MASK, 1),
  GREATER(Type.MASK, 1),
  EQUAL(Type.MASK, 1),
  AND(Type.MASK, 1),
  OR(Type.MASK, 1),
  NOT(Type.MASK, 1),
  /** b where the mask c is set, else a. */
  BLEND(Type.FLOAT, 1),
  AS_INTS(Type.INT, 0),
  AS_FLOATS(Type.FLOAT, 0),
  INT_ADD(Type.INT, 1),
  INT_SUB(Type.INT, 1),
  INT_AND(Type.INT, 1),
  INT_OR(Type.INT, 1),
  INT_XOR(Type.INT, 1),
  INT_MIN(Type.INT, 1),
  INT_MUL(Type.INT, 2),
  INT_LESS(Type.MASK, 1),
  INT_LESS_EQUAL(Type.MASK, 1),
  INT_EQUAL(Type.MASK, 1),
  /** The value of an integer, rounded. */
  TO_FLOAT(Type.FLOAT, 1),
  /** The attribute says by how many bits. */
  SHIFT_LEFT(Type.INT, 1),
  /** The attribute says by how many bits; the sign moves in. */
  SHIFT_RIGHT(Type.INT, 1),
  /** The sum of a row, in every lane. */
  ROW_SUM(Type.FLOAT, 8),
  /** The largest of a row, in every lane. */
  ROW_MAX(Type.FLOAT, 8);

  /** What a value is. */
  enum Type {
    FLOAT,
    INT,
    MASK
  }

  final Type type;

  /** How dear it is, an addition being 1. */
  final int cost;

  VectorOp(Type type, int cost) {
    this.type = type;
    this.cost = cost;
  }

  boolean isLoad() {
    return this == LOAD || this == LOAD_INT;
  }

  boolean isReduction() {
    return this == ROW_SUM || this == ROW_MAX;
  }
}
