package org.fluxion.tensor.cpu;

import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.HashMap;
import java.util.Map;
import org.fluxion.tensor.cpu.VectorBody.Node;

/**
 * Writes the operations of values that are the same in every lane, one number each: that costs the
 * JIT far less than vectors do, and has the same bits.
 */
final class ScalarEmitter {
  private static final ClassDesc MATH = VectorEmitter.desc(Math.class);
  private static final ClassDesc FLOAT = ConstantDescs.CD_Float;

  private final VectorBody body;
  private final CodeBuilder code;
  private final Map<Integer, Integer> slots = new HashMap<>();

  ScalarEmitter(VectorBody body, CodeBuilder code) {
    this.body = body;
    this.code = code;
  }

  /** Pushes a value. */
  void push(int node) {
    Node n = body.nodes.get(node);
    switch (n.op()) {
      case FLOAT_CONSTANT -> code.loadConstant((float) (Float) n.attribute());
      case INT_CONSTANT -> code.loadConstant((int) (Integer) n.attribute());
      default -> {
        if (n.op().type == VectorOp.Type.FLOAT) {
          code.fload(slots.get(node));
        } else {
          code.iload(slots.get(node));
        }
      }
    }
  }

  /** Takes a value from the stack to a local variable of its own. */
  void keep(int node) {
    boolean floats = body.type(node) == VectorOp.Type.FLOAT;
    TypeKind kind = floats ? TypeKind.FLOAT : TypeKind.INT;
    int slot = slots.computeIfAbsent(node, n -> code.allocateLocal(kind));
    if (floats) {
      code.fstore(slot);
    } else {
      code.istore(slot);
    }
  }

  /** Pushes the result of an operation. */
  void operation(Node n) {
    if (n.op() == VectorOp.BLEND) {
      push(n.c());
      code.ifThenElse(Opcode.IFNE, then -> push(n.b(), then), otherwise -> push(n.a(), otherwise));
      return;
    }
    push(n.a());
    if (n.b() >= 0) {
      push(n.b());
    }
    switch (n.op()) {
      case ADD -> code.fadd();
      case SUB -> code.fsub();
      case MUL -> code.fmul();
      case DIV -> code.fdiv();
      case MAX -> code.invokestatic(MATH, "max", MethodTypeDesc.of(CD_float, CD_float, CD_float));
      case MIN -> code.invokestatic(MATH, "min", MethodTypeDesc.of(CD_float, CD_float, CD_float));
      case NEG -> code.fneg();
      case ABS -> code.invokestatic(MATH, "abs", MethodTypeDesc.of(CD_float, CD_float));
      case SQRT ->
          code.f2d().invokestatic(MATH, "sqrt", MethodTypeDesc.of(CD_double, CD_double)).d2f();
      case FMA -> {
        push(n.c());
        code.invokestatic(MATH, "fma", MethodTypeDesc.of(CD_float, CD_float, CD_float, CD_float));
      }
      case LESS -> truth(() -> code.fcmpg(), Opcode.IFLT);
      case LESS_EQUAL -> truth(() -> code.fcmpg(), Opcode.IFLE);
      case GREATER -> truth(() -> code.fcmpl(), Opcode.IFGT);
      case EQUAL -> truth(() -> code.fcmpl(), Opcode.IFEQ);
      case AND -> code.iand();
      case OR -> code.ior();
      case NOT -> code.iconst_1().ixor();
      case AS_INTS ->
          code.invokestatic(FLOAT, "floatToRawIntBits", MethodTypeDesc.of(CD_int, CD_float));
      case AS_FLOATS ->
          code.invokestatic(FLOAT, "intBitsToFloat", MethodTypeDesc.of(CD_float, CD_int));
      case INT_ADD -> code.iadd();
      case INT_SUB -> code.isub();
      case INT_MUL -> code.imul();
      case INT_AND -> code.iand();
      case INT_OR -> code.ior();
      case INT_XOR -> code.ixor();
      case INT_MIN -> code.invokestatic(MATH, "min", MethodTypeDesc.of(CD_int, CD_int, CD_int));
      case INT_LESS -> truth(() -> {}, Opcode.IF_ICMPLT);
      case INT_LESS_EQUAL -> truth(() -> {}, Opcode.IF_ICMPLE);
      case INT_EQUAL -> truth(() -> {}, Opcode.IF_ICMPEQ);
      case TO_FLOAT -> code.i2f();
      case SHIFT_LEFT -> code.loadConstant((int) (Integer) n.attribute()).ishl();
      case SHIFT_RIGHT -> code.loadConstant((int) (Integer) n.attribute()).ishr();
      case BLEND, LOAD, LOAD_INT, FLOAT_CONSTANT, INT_CONSTANT, ROW_SUM, ROW_MAX ->
          throw new IllegalStateException("no operation: " + n.op());
    }
  }

  private void push(int node, CodeBuilder branch) {
    new ScalarEmitter(body, branch, slots).push(node);
  }

  private ScalarEmitter(VectorBody body, CodeBuilder code, Map<Integer, Integer> slots) {
    this.body = body;
    this.code = code;
    this.slots.putAll(slots);
  }

  private void truth(Runnable comparison, Opcode holds) {
    comparison.run();
    code.ifThenElse(holds, CodeBuilder::iconst_1, CodeBuilder::iconst_0);
  }
}
