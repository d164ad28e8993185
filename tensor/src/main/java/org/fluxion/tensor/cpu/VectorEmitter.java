package org.fluxion.tensor.cpu;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.fluxion.tensor.cpu.VectorBody.Node;

/** Writes vector operations as calls of the Vector API; values lie in local variables. */
final class VectorEmitter {
  static final ClassDesc REDUCTIONS = desc(FloatReductions.class);
  static final ClassDesc SPECIES = desc(Species.class);
  static final ClassDesc MEMORY = desc(Memory.class);
  static final ClassDesc SEGMENT = desc(MemorySegment.class);
  static final ClassDesc LAYOUT = desc(ValueLayout.class);
  static final ClassDesc FLOAT_LAYOUT = desc(ValueLayout.OfFloat.class);
  static final ClassDesc INT_LAYOUT = desc(ValueLayout.OfInt.class);
  static final ClassDesc ORDER = desc(ByteOrder.class);
  static final ClassDesc VECTOR = vector("Vector");
  static final ClassDesc FLOATS = vector("FloatVector");
  static final ClassDesc INTS = vector("IntVector");
  static final ClassDesc MASK = vector("VectorMask");
  static final ClassDesc SHUFFLE = vector("VectorShuffle");
  static final ClassDesc VECTOR_SPECIES = vector("VectorSpecies");
  static final ClassDesc OPERATORS = vector("VectorOperators");
  static final ClassDesc COMPARISON = vector("VectorOperators$Comparison");
  static final ClassDesc UNARY = vector("VectorOperators$Unary");
  static final ClassDesc BINARY = vector("VectorOperators$Binary");
  static final ClassDesc CONVERSION = vector("VectorOperators$Conversion");
  static final ClassDesc ASSOCIATIVE = vector("VectorOperators$Associative");

  final CodeBuilder code;
  private final VectorBody body;
  private final Map<Integer, Integer> slots = new HashMap<>();
  private final Map<VectorOp.Type, Deque<Integer>> free = new EnumMap<>(VectorOp.Type.class);

  VectorEmitter(VectorBody body, CodeBuilder code) {
    this.body = body;
    this.code = code;
    for (VectorOp.Type type : VectorOp.Type.values()) {
      free.put(type, new ArrayDeque<>());
    }
  }

  static ClassDesc desc(Class<?> type) {
    return type.describeConstable().orElseThrow();
  }

  private static ClassDesc vector(String name) {
    return ClassDesc.of("jdk.incubator.vector." + name);
  }

  /** A local variable that stays a value's own. */
  int own(int node) {
    return slots.computeIfAbsent(node, n -> code.allocateLocal(TypeKind.REFERENCE));
  }

  /** Takes a value from the stack to a local variable that it keeps until it is released. */
  void keep(int node) {
    Deque<Integer> pool = free.get(body.type(node));
    int slot = pool.isEmpty() ? code.allocateLocal(TypeKind.REFERENCE) : pool.pop();
    slots.put(node, slot);
    code.astore(slot);
  }

  void release(int node) {
    free.get(body.type(node)).push(slots.remove(node));
  }

  /** Pushes a value as a vector. */
  void push(int node) {
    Node n = body.nodes.get(node);
    switch (n.op()) {
      case FLOAT_CONSTANT -> code.getstatic(LoopClass.NAME, field(node), FLOATS);
      case INT_CONSTANT -> code.getstatic(LoopClass.NAME, field(node), INTS);
      default -> code.aload(slots.get(node));
    }
  }

  /** The static field that holds a constant as a vector. */
  static String field(int node) {
    return "C" + node;
  }

  /** Pushes the result of an operation. */
  void operation(Node n) {
    push(n.a());
    switch (n.op()) {
      case ADD -> second(n, FLOATS, "add");
      case SUB -> second(n, FLOATS, "sub");
      case MUL -> second(n, FLOATS, "mul");
      case DIV -> second(n, FLOATS, "div");
      case MAX -> second(n, FLOATS, "max");
      case MIN -> second(n, FLOATS, "min");
      case INT_ADD -> second(n, INTS, "add");
      case INT_SUB -> second(n, INTS, "sub");
      case INT_AND -> second(n, INTS, "and");
      case INT_OR -> second(n, INTS, "or");
      case INT_MIN -> second(n, INTS, "min");
      case INT_MUL -> second(n, INTS, "mul");
      case TO_FLOAT -> {
        code.getstatic(OPERATORS, "I2F", CONVERSION).iconst_0();
        code.invokevirtual(INTS, "convert", MethodTypeDesc.of(VECTOR, CONVERSION, CD_int));
        code.checkcast(FLOATS);
      }
      case INT_LESS -> compareInts(n, "LT");
      case INT_LESS_EQUAL -> compareInts(n, "LE");
      case INT_EQUAL -> compareInts(n, "EQ");
      case NEG -> code.invokevirtual(FLOATS, "neg", MethodTypeDesc.of(FLOATS));
      case ABS -> code.invokevirtual(FLOATS, "abs", MethodTypeDesc.of(FLOATS));
      case SQRT -> {
        code.getstatic(OPERATORS, "SQRT", UNARY);
        code.invokevirtual(FLOATS, "lanewise", MethodTypeDesc.of(FLOATS, UNARY));
      }
      case FMA -> {
        push(n.b());
        push(n.c());
        code.invokevirtual(FLOATS, "fma", MethodTypeDesc.of(FLOATS, VECTOR, VECTOR));
      }
      case LESS -> compare(n, "LT");
      case LESS_EQUAL -> compare(n, "LE");
      case GREATER -> compare(n, "GT");
      case EQUAL -> compare(n, "EQ");
      case AND -> mask(n, "and");
      case OR -> mask(n, "or");
      case NOT -> code.invokevirtual(MASK, "not", MethodTypeDesc.of(MASK));
      case BLEND -> {
        push(n.b());
        push(n.c());
        code.invokevirtual(FLOATS, "blend", MethodTypeDesc.of(FLOATS, VECTOR, MASK));
      }
      case AS_INTS -> code.invokevirtual(FLOATS, "reinterpretAsInts", MethodTypeDesc.of(INTS));
      case AS_FLOATS -> code.invokevirtual(INTS, "reinterpretAsFloats", MethodTypeDesc.of(FLOATS));
      case INT_XOR -> {
        code.getstatic(OPERATORS, "XOR", ASSOCIATIVE);
        push(n.b());
        code.invokevirtual(INTS, "lanewise", MethodTypeDesc.of(INTS, BINARY, VECTOR));
      }
      case SHIFT_LEFT -> shift(n, "LSHL");
      case SHIFT_RIGHT -> shift(n, "ASHR");
      case LOAD, LOAD_INT, FLOAT_CONSTANT, INT_CONSTANT, ROW_SUM, ROW_MAX ->
          throw new IllegalStateException("no operation: " + n.op());
    }
  }

  private void second(Node n, ClassDesc type, String name) {
    push(n.b());
    binary(type, name);
  }

  void binary(ClassDesc type, String name) {
    code.invokevirtual(type, name, MethodTypeDesc.of(type, VECTOR));
  }

  private void compare(Node n, String comparison) {
    code.getstatic(OPERATORS, comparison, COMPARISON);
    push(n.b());
    code.invokevirtual(FLOATS, "compare", MethodTypeDesc.of(MASK, COMPARISON, VECTOR));
  }

  private void compareInts(Node n, String comparison) {
    code.getstatic(OPERATORS, comparison, COMPARISON);
    push(n.b());
    code.invokevirtual(INTS, "compare", MethodTypeDesc.of(MASK, COMPARISON, VECTOR));
    code.getstatic(SPECIES, "FLOAT", VECTOR_SPECIES);
    code.invokevirtual(MASK, "cast", MethodTypeDesc.of(MASK, VECTOR_SPECIES));
  }

  private void mask(Node n, String name) {
    push(n.b());
    code.invokevirtual(MASK, name, MethodTypeDesc.of(MASK, MASK));
  }

  private void shift(Node n, String name) {
    code.getstatic(OPERATORS, name, BINARY);
    code.loadConstant((int) (Integer) n.attribute());
    code.invokevirtual(INTS, "lanewise", MethodTypeDesc.of(INTS, BINARY, CD_int));
  }

  void load(Runnable address) {
    load(FLOATS, address);
  }

  void load(ClassDesc type, Runnable address) {
    code.getstatic(SPECIES, type == FLOATS ? "FLOAT" : "INT", VECTOR_SPECIES);
    code.getstatic(MEMORY, "ALL", SEGMENT);
    address.run();
    code.getstatic(MEMORY, "ORDER", ORDER);
    code.invokestatic(
        type,
        "fromMemorySegment",
        MethodTypeDesc.of(type, VECTOR_SPECIES, SEGMENT, CD_long, ORDER));
  }

  /** Stores the vector on the stack. */
  void store(Runnable address) {
    code.getstatic(MEMORY, "ALL", SEGMENT);
    address.run();
    code.getstatic(MEMORY, "ORDER", ORDER);
    code.invokevirtual(
        FLOATS, "intoMemorySegment", MethodTypeDesc.of(CD_void, SEGMENT, CD_long, ORDER));
  }

  /** Stores a number. */
  void storeNumber(Runnable number, Runnable address) {
    code.getstatic(MEMORY, "ALL", SEGMENT);
    code.getstatic(LAYOUT, "JAVA_FLOAT_UNALIGNED", FLOAT_LAYOUT);
    address.run();
    number.run();
    code.invokeinterface(
        SEGMENT, "set", MethodTypeDesc.of(CD_void, FLOAT_LAYOUT, CD_long, CD_float));
  }

  /**
   * Pushes what a sum or a maximum starts from. It is no constant vector: the JIT would box an
   * accumulator that starts as one.
   */
  void identity(boolean sum) {
    code.getstatic(SPECIES, "FLOAT", VECTOR_SPECIES);
    code.loadConstant(sum ? 0f : Float.NEGATIVE_INFINITY);
    code.invokestatic(FLOATS, "broadcast", MethodTypeDesc.of(FLOATS, VECTOR_SPECIES, CD_float));
  }

  /** Moves the lanes of the vector on the stack down by a power of two, the first to the end. */
  void rotate(int lanes) {
    code.getstatic(REDUCTIONS, "BY_" + lanes, SHUFFLE);
    code.invokevirtual(FLOATS, "rearrange", MethodTypeDesc.of(FLOATS, SHUFFLE));
  }

  /** Pushes the element at an address. */
  void loadElement(VectorOp.Type type, Runnable address) {
    boolean floats = type == VectorOp.Type.FLOAT;
    ClassDesc layout = floats ? FLOAT_LAYOUT : INT_LAYOUT;
    code.getstatic(MEMORY, "ALL", SEGMENT);
    code.getstatic(LAYOUT, floats ? "JAVA_FLOAT_UNALIGNED" : "JAVA_INT_UNALIGNED", layout);
    address.run();
    code.invokeinterface(
        SEGMENT, "get", MethodTypeDesc.of(floats ? CD_float : CD_int, layout, CD_long));
  }

  /** From a number on the stack to a vector with it in every lane. */
  void broadcast(VectorOp.Type type, Runnable number) {
    boolean ints = type == VectorOp.Type.INT;
    code.getstatic(SPECIES, ints ? "INT" : "FLOAT", VECTOR_SPECIES);
    number.run();
    switch (type) {
      case FLOAT ->
          code.invokestatic(
              FLOATS, "broadcast", MethodTypeDesc.of(FLOATS, VECTOR_SPECIES, CD_float));
      case INT ->
          code.invokestatic(INTS, "broadcast", MethodTypeDesc.of(INTS, VECTOR_SPECIES, CD_int));
      case MASK ->
          code.invokeinterface(
              VECTOR_SPECIES, "maskAll", MethodTypeDesc.of(MASK, ConstantDescs.CD_boolean));
    }
  }

  /** Pushes the first lane of the vector on the stack. */
  void firstLane() {
    code.iconst_0().invokevirtual(FLOATS, "lane", MethodTypeDesc.of(CD_float, CD_int));
  }
}
