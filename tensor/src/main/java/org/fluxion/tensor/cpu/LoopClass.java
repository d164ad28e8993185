package org.fluxion.tensor.cpu;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.CLASS_INIT_NAME;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static org.fluxion.tensor.cpu.VectorEmitter.FLOATS;
import static org.fluxion.tensor.cpu.VectorEmitter.INTS;
import static org.fluxion.tensor.cpu.VectorEmitter.desc;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.fluxion.tensor.cpu.VectorBody.Level;
import org.fluxion.tensor.cpu.VectorBody.Node;
import org.fluxion.tensor.cpu.VectorBody.Result;
import org.fluxion.tensor.cpu.VectorBody.Sink;
import org.fluxion.tensor.cpu.VectorPhases.Phase;

/**
 * Writes the class of a loop: one method, which calls nothing but the Vector API, with the lane
 * count a constant. Around it are loops over planes and rows; within a row one loop for each pass.
 */
final class LoopClass {
  /** HotSpot compiles no method of more than 8,000 bytes. */
  static final int MOST_BYTES = 7_500;

  private static final int LANES = Species.FLOAT.length();
  private static final long STEP = Species.FLOAT.vectorByteSize();

  /** The bytes of a row's virtual lanes. */
  private static final long ROUND = 4L * ScalarReductions.LANES;

  /** What the class file calls the class; each is a hidden class of its own. */
  static final ClassDesc NAME = ClassDesc.of(LoopClass.class.getPackageName() + ".GeneratedLoop");

  private static final ClassDesc CODE = desc(LoopCode.class);

  private final VectorBody body;
  private final VectorPhases plan;
  private final CodeBuilder code;
  private final VectorEmitter emitter;
  private final ScalarEmitter scalars;

  private final int[] addresses;
  private final int[] scratchRows;
  private int bytes;
  private int scratch;
  private int position;

  private LoopClass(VectorPhases plan, CodeBuilder code) {
    this.plan = plan;
    this.body = plan.body;
    this.code = code;
    this.emitter = new VectorEmitter(plan.body, code);
    this.scalars = new ScalarEmitter(plan.body, code);
    this.addresses = new int[body.operands()];
    this.scratchRows = new int[plan.scratchRows.size()];
  }

  /** Scratch bytes for rows of so many bytes. */
  static long scratchBytes(VectorPhases plan, long rowBytes) {
    return ROUND * mostReductions(plan) + plan.scratchRows.size() * (rowBytes + ROUND);
  }

  private static int mostReductions(VectorPhases plan) {
    return plan.phases.stream().mapToInt(p -> p.reductions.size()).max().orElse(0);
  }

  /** Generates the class of a body's passes, or null if its method would be too long. */
  static LoopCode define(VectorPhases plan) {
    MethodHandles.Lookup lookup = MethodHandles.lookup();
    byte[] file =
        ClassFile.of(
                ClassFile.ClassHierarchyResolverOption.of(
                    ClassHierarchyResolver.ofClassLoading(lookup)))
            .build(
                NAME,
                c -> {
                  c.withFlags(ClassFile.ACC_FINAL);
                  c.withInterfaceSymbols(CODE);
                  c.withMethodBody(
                      INIT_NAME,
                      MethodTypeDesc.of(CD_void),
                      0,
                      b ->
                          b.aload(0)
                              .invokespecial(CD_Object, INIT_NAME, MethodTypeDesc.of(CD_void))
                              .return_());
                  constants(c, plan.body);
                  c.withMethodBody(
                      "run",
                      MethodTypeDesc.of(CD_void, CD_long.arrayType()),
                      ClassFile.ACC_PUBLIC,
                      b -> new LoopClass(plan, b).write());
                });
    int longest =
        ClassFile.of().parse(file).methods().stream()
            .mapToInt(m -> m.findAttribute(Attributes.code()).orElseThrow().codeLength())
            .max()
            .orElse(0);
    return longest > MOST_BYTES ? null : instance(lookup, file);
  }

  /** Static fields for the constants: the JIT takes them as such. */
  private static void constants(ClassBuilder type, VectorBody body) {
    List<Integer> constants =
        IntStream.range(0, body.nodes.size()).filter(i -> isConstant(body, i)).boxed().toList();
    for (int node : constants) {
      type.withField(
          VectorEmitter.field(node),
          vectorType(body, node),
          ClassFile.ACC_STATIC | ClassFile.ACC_FINAL);
    }
    type.withMethodBody(
        CLASS_INIT_NAME,
        MethodTypeDesc.of(CD_void),
        ClassFile.ACC_STATIC,
        b -> {
          VectorEmitter vectors = new VectorEmitter(body, b);
          ScalarEmitter scalars = new ScalarEmitter(body, b);
          for (int node : constants) {
            vectors.broadcast(body.type(node), () -> scalars.push(node));
            b.putstatic(NAME, VectorEmitter.field(node), vectorType(body, node));
          }
          b.return_();
        });
  }

  private static ClassDesc vectorType(VectorBody body, int node) {
    return body.type(node) == VectorOp.Type.FLOAT ? FLOATS : INTS;
  }

  private static boolean isConstant(VectorBody body, int node) {
    VectorOp op = body.nodes.get(node).op();
    return op == VectorOp.FLOAT_CONSTANT || op == VectorOp.INT_CONSTANT;
  }

  private static LoopCode instance(MethodHandles.Lookup lookup, byte[] file) {
    try {
      MethodHandles.Lookup hidden = lookup.defineHiddenClass(file, true);
      return (LoopCode)
          hidden
              .findConstructor(
                  hidden.lookupClass(), java.lang.invoke.MethodType.methodType(void.class))
              .invoke();
    } catch (Throwable failure) {
      throw new IllegalStateException("a generated loop was refused: " + failure, failure);
    }
  }

  /** Values of rows, or the same everywhere, that the elements of a pass meet. */
  private Set<Integer> shared(Phase phase, int number) {
    Set<Integer> used = new TreeSet<>();
    for (int node : phase.elementNodes) {
      if (!plan.isReloaded(node, number)) {
        for (int operand : body.nodes.get(node).operands()) {
          used.add(operand);
        }
      }
    }
    phase.results.forEach(r -> used.add(r.node()));
    phase.reductions.forEach(r -> used.add(body.nodes.get(r).a()));
    used.removeIf(node -> body.level(node) == Level.ELEMENT || isConstant(body, node));
    return used;
  }

  /**
   * Makes vectors of shared numbers. Where a row has several passes that happens within their
   * loops, from which the JIT moves it again: vectors that outlive a loop it may put on the heap.
   */
  private void share(Phase phase, int number, Level level) {
    for (int node : shared(phase, number)) {
      if (level == null || body.level(node) == level) {
        emitter.broadcast(body.type(node), () -> scalars.push(node));
        code.astore(emitter.own(node));
      }
    }
  }

  private void argument(int index) {
    code.aload(1).loadConstant(index).laload();
  }

  private static int operand(int number) {
    return LoopCode.OPERANDS + LoopCode.OPERAND * number;
  }

  /** Whether an operand's address moves from row to row. */
  private boolean moves(int operand) {
    for (Result result : body.results) {
      if (result.operand() == operand) {
        return result.sink() != Sink.COLUMN_SUM && result.sink() != Sink.COLUMN_MAX;
      }
    }
    return true;
  }

  private boolean isUniform(int operand) {
    return body.nodes.stream()
        .anyMatch(
            n -> n.op().isLoad() && n.level() == Level.UNIFORM && n.attribute().equals(operand));
  }

  private void write() {
    bytes = code.allocateLocal(TypeKind.LONG);
    scratch = code.allocateLocal(TypeKind.LONG);
    position = code.allocateLocal(TypeKind.LONG);
    argument(2);
    code.lstore(bytes);
    argument(3);
    code.lstore(scratch);
    for (int i = 0; i < scratchRows.length; i++) {
      scratchRows[i] = code.allocateLocal(TypeKind.LONG);
      if (i == 0) {
        code.lload(scratch).loadConstant(ROUND * mostReductions(plan)).ladd();
      } else {
        code.lload(scratchRows[i - 1]).lload(bytes).ladd().loadConstant(ROUND).ladd();
      }
      code.lstore(scratchRows[i]);
    }
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = isUniform(i) ? -1 : code.allocateLocal(TypeKind.LONG);
    }
    for (int node : plan.uniformNodes) {
      number(node);
    }
    if (plan.phases.size() == 1) {
      share(plan.phases.get(0), 0, Level.UNIFORM);
    }
    int planes = code.allocateLocal(TypeKind.INT);
    int rows = code.allocateLocal(TypeKind.INT);
    argument(0);
    code.l2i().istore(planes);
    argument(1);
    code.l2i().istore(rows);
    counted(
        planes,
        () -> {
          forEachAddress(
              (i, address) -> {
                argument(operand(i));
                code.lstore(address);
              });
          counted(rows, this::row);
          forEachAddress(
              (i, address) -> {
                if (moves(i)) {
                  code.aload(1).loadConstant(operand(i));
                  code.dup2().laload();
                  argument(operand(i) + 1);
                  code.ladd().lastore();
                }
              });
        });
    code.return_();
  }

  private interface AddressAction {
    void apply(int operand, int local);
  }

  private void forEachAddress(AddressAction action) {
    for (int i = 0; i < addresses.length; i++) {
      if (addresses[i] >= 0) {
        action.apply(i, addresses[i]);
      }
    }
  }

  private void counted(int count, Runnable inner) {
    int i = code.allocateLocal(TypeKind.INT);
    code.iconst_0().istore(i);
    Label test = code.newBoundLabel();
    Label end = code.newLabel();
    code.iload(i).iload(count).if_icmpge(end);
    inner.run();
    code.iinc(i, 1).goto_(test).labelBinding(end);
  }

  /** for (long at = first; at &lt; end; at += step). */
  private void stepped(int at, Runnable first, Runnable end, long step, Runnable inner) {
    first.run();
    code.lstore(at);
    Label test = code.newBoundLabel();
    Label out = code.newLabel();
    code.lload(at);
    end.run();
    code.lcmp().ifge(out);
    inner.run();
    code.lload(at).loadConstant(step).ladd().lstore(at);
    code.goto_(test).labelBinding(out);
  }

  private void row() {
    for (int p = 0; p < plan.phases.size(); p++) {
      Phase phase = plan.phases.get(p);
      for (int node : phase.rowNodes) {
        if (!body.nodes.get(node).op().isReduction()) {
          number(node);
        }
      }
      for (Result result : phase.rowResults) {
        emitter.storeNumber(
            () -> scalars.push(result.node()), () -> code.lload(addresses[result.operand()]));
      }
      if (phase.hasElements()) {
        if (plan.phases.size() == 1) {
          share(phase, p, Level.ROW);
        }
        pass(phase, p);
      }
    }
    forEachAddress(
        (i, address) -> {
          if (moves(i)) {
            code.lload(address);
            argument(operand(i) + 2);
            code.ladd().lstore(address);
          }
        });
  }

  private void pass(Phase phase, int number) {
    int parts = ScalarReductions.LANES / LANES;
    if (phase.reductions.isEmpty()) {
      elements(phase, number, code::lconst_0, STEP);
      return;
    }
    if (parts == 1) {
      identities(phase);
      elements(phase, number, code::lconst_0, STEP);
    } else {
      // Each part of the virtual lanes has its own walk over the row, so that one accumulator does.
      int part = code.allocateLocal(TypeKind.LONG);
      stepped(
          part,
          code::lconst_0,
          () -> code.loadConstant(ROUND),
          STEP,
          () -> {
            identities(phase);
            elements(phase, number, () -> code.lload(part), ROUND);
            for (int r = 0; r < phase.reductions.size(); r++) {
              long lanes = r * ROUND;
              code.aload(emitter.own(phase.reductions.get(r)));
              emitter.store(
                  () -> code.lload(scratch).loadConstant(lanes).ladd().lload(part).ladd());
            }
          });
    }
    for (int r = 0; r < phase.reductions.size(); r++) {
      combine(phase.reductions.get(r), r, parts);
    }
  }

  private void identities(Phase phase) {
    for (int reduction : phase.reductions) {
      boolean sum = body.nodes.get(reduction).op() == VectorOp.ROW_SUM;
      emitter.identity(sum);
      code.astore(emitter.own(reduction));
    }
  }

  /** Folds the virtual lanes, half of them apart, then a quarter and so on; all lanes get it. */
  private void combine(int reduction, int number, int parts) {
    String name = body.nodes.get(reduction).op() == VectorOp.ROW_SUM ? "add" : "max";
    int slot = emitter.own(reduction);
    if (parts == 1) {
      code.aload(slot);
    } else if (parts == 2) {
      part(number, 0);
      part(number, 1);
      emitter.binary(FLOATS, name);
    } else {
      part(number, 0);
      part(number, 2);
      emitter.binary(FLOATS, name);
      part(number, 1);
      part(number, 3);
      emitter.binary(FLOATS, name);
      emitter.binary(FLOATS, name);
    }
    for (int apart = Math.min(8, LANES / 2); apart >= 1; apart /= 2) {
      code.dup();
      emitter.rotate(apart);
      emitter.binary(FLOATS, name);
    }
    emitter.firstLane();
    scalars.keep(reduction);
  }

  private void part(int number, int part) {
    emitter.load(() -> code.lload(scratch).loadConstant(number * ROUND + part * STEP).ladd());
  }

  private void elements(Phase phase, int number, Runnable first, long step) {
    stepped(
        position, first, () -> code.lload(bytes), step, () -> new Region(phase, number).write());
  }

  /** The straight code for one vector of elements. */
  private final class Region {
    private final Phase phase;
    private final int number;
    private final Map<Integer, Integer> uses = new HashMap<>();

    Region(Phase phase, int number) {
      this.phase = phase;
      this.number = number;
      for (int node : phase.elementNodes) {
        if (!plan.isReloaded(node, number)) {
          for (int operand : body.nodes.get(node).operands()) {
            uses.merge(operand, 1, Integer::sum);
          }
        }
      }
      phase.results.forEach(r -> uses.merge(r.node(), 1, Integer::sum));
      phase.kept.forEach(k -> uses.merge(k, 1, Integer::sum));
      phase.reductions.forEach(r -> uses.merge(body.nodes.get(r).a(), 1, Integer::sum));
    }

    void write() {
      if (plan.phases.size() > 1) {
        share(phase, number, null);
      }
      for (int node : phase.elementNodes) {
        boolean reloaded = plan.isReloaded(node, number);
        compute(node, number);
        if (!reloaded) {
          for (int operand : body.nodes.get(node).operands()) {
            used(operand);
          }
          if (phase.kept.contains(node)) {
            emitter.push(node);
            emitter.store(
                () -> code.lload(scratchRows[plan.scratchRows.get(node)]).lload(position).ladd());
            used(node);
          }
        }
        leave(node);
      }
      for (Result result : phase.results) {
        if (body.level(result.node()) != Level.ELEMENT || result.sink() == Sink.IN_PLACE) {
          sink(result);
        }
      }
      for (int reduction : phase.reductions) {
        if (body.level(body.nodes.get(reduction).a()) != Level.ELEMENT) {
          accumulate(reduction);
        }
      }
      // Values that leave last.
      phase.elementNodes.forEach(
          node -> {
            if (uses.getOrDefault(node, 0) > 0) {
              uses.put(node, 1);
              used(node);
            }
          });
    }

    private void leave(int node) {
      for (Result result : phase.results) {
        if (result.node() == node && result.sink() != Sink.IN_PLACE) {
          sink(result);
          used(node);
        }
      }
      for (int reduction : phase.reductions) {
        if (body.nodes.get(reduction).a() == node) {
          accumulate(reduction);
          used(node);
        }
      }
    }

    private void accumulate(int reduction) {
      boolean sum = body.nodes.get(reduction).op() == VectorOp.ROW_SUM;
      int slot = emitter.own(reduction);
      code.aload(slot);
      emitter.push(body.nodes.get(reduction).a());
      emitter.binary(FLOATS, sum ? "add" : "max");
      code.astore(slot);
    }

    private void sink(Result result) {
      int address = addresses[result.operand()];
      if (VectorPhases.isStore(result.sink())) {
        emitter.push(result.node());
      } else {
        emitter.load(() -> code.lload(address).lload(position).ladd());
        emitter.push(result.node());
        emitter.binary(FLOATS, result.sink() == Sink.COLUMN_SUM ? "add" : "max");
      }
      emitter.store(() -> code.lload(address).lload(position).ladd());
    }

    private void used(int node) {
      if (body.level(node) == Level.ELEMENT && uses.merge(node, -1, Integer::sum) == 0) {
        emitter.release(node);
      }
    }
  }

  /** Computes a value that every lane has. */
  private void number(int node) {
    Node n = body.nodes.get(node);
    if (isConstant(body, node)) {
      return;
    }
    if (n.op().isLoad()) {
      int operand = (Integer) n.attribute();
      emitter.loadElement(
          n.op().type,
          () -> {
            if (n.level() == Level.ROW) {
              code.lload(addresses[operand]);
            } else {
              argument(operand(operand));
            }
          });
    } else {
      scalars.operation(n);
    }
    scalars.keep(node);
  }

  /** Computes a value of an element, to a local variable until its last use. */
  private void compute(int node, int phase) {
    Node n = body.nodes.get(node);
    if (n.op().isLoad()) {
      int operand = (Integer) n.attribute();
      emitter.load(
          vectorType(body, node), () -> code.lload(addresses[operand]).lload(position).ladd());
    } else if (plan.isReloaded(node, phase)) {
      Integer stored = plan.storedIn.get(node);
      int row = stored == null ? scratchRows[plan.scratchRows.get(node)] : addresses[stored];
      emitter.load(() -> code.lload(row).lload(position).ladd());
    } else {
      emitter.operation(n);
    }
    emitter.keep(node);
  }
}
