package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.junit.jupiter.api.Test;

/**
 * What a kernel says of itself, counted point by point: its buffers, bytes and operations. And two
 * kernels have the same structure if they are the same code over other buffers and sizes.
 */
class KernelLawsTest {
  private static final int SEEDS = 600;
  private static final List<DType> DTYPES = List.of(DType.FLOAT32, DType.FLOAT64, DType.BOOL);

  private static Buffer buffer(int id, Random random) {
    return new Buffer(
        id,
        DTYPES.get(random.nextInt(DTYPES.size())),
        Shape.of(1 + random.nextInt(60)),
        Buffer.Kind.TEMPORARY,
        "b" + id);
  }

  private static Access access(Buffer buffer, int loops, Random random) {
    long[] strides = random.longs(loops, 0, 3).toArray();
    List<Access.Bound> bounds = new ArrayList<>();
    while (random.nextInt(4) == 0) {
      bounds.add(bound(loops, random));
    }
    return new Access(buffer, random.nextInt(2), strides, bounds);
  }

  private static Access.Bound bound(int loops, Random random) {
    return new Access.Bound(
        random.nextInt(2), random.longs(loops, 0, 2).toArray(), 1 + random.nextInt(2));
  }

  private static List<Long> extents(Random random) {
    return random.longs(random.nextInt(4), 2, 5).boxed().toList();
  }

  // ---- counted ----

  private static Set<Buffer> distinct(List<Access> accesses) {
    Set<Buffer> buffers = new LinkedHashSet<>();
    accesses.forEach(access -> buffers.add(access.buffer()));
    return buffers;
  }

  /** Bytes of a buffer that are needed: those of each place of each access, but not above all. */
  private static long bytes(Buffer buffer, Map<Access, List<Long>> accesses) {
    long places = 0;
    for (Map.Entry<Access, List<Long>> each : accesses.entrySet()) {
      if (!each.getKey().buffer().equals(buffer)) {
        continue;
      }
      Loops loops = new Loops(each.getValue());
      long[] strides = each.getKey().strides();
      Set<List<Long>> met = new HashSet<>();
      for (long point = 0; point < loops.elements(); point++) {
        long[] index = Walk.indices(loops, point);
        List<Long> moving = new ArrayList<>();
        for (int loop = 0; loop < index.length; loop++) {
          moving.add(strides[loop] == 0 ? 0 : index[loop]);
        }
        met.add(moving);
      }
      places += met.size();
    }
    return Math.min(places, buffer.elements()) * buffer.dtype().bytes();
  }

  // ---- loops ----

  private static Kernel.Instruction instruction(int number, int loops, Random random) {
    DType dtype = DTYPES.get(random.nextInt(2));
    int operand = number == 0 ? 0 : random.nextInt(number);
    return switch (number == 0 ? random.nextInt(3) : random.nextInt(9)) {
      case 0 -> new Kernel.Literal(HostData.allocate(dtype, 1));
      case 1 -> new Kernel.Index(dtype, 1, random.longs(loops, 0, 3).boxed().toList());
      case 2, 3 -> new Kernel.Load(access(buffer(random.nextInt(3), new Random(1)), loops, random));
      case 4 -> new Kernel.RowReduce(random.nextBoolean(), operand, dtype);
      case 5 -> new Kernel.ColumnReduce(random.nextBoolean(), operand, dtype);
      case 6 -> new Kernel.Compute(new Op.Exp(), List.of(operand), dtype);
      case 7 -> new Kernel.Compute(new Op.Neg(), List.of(operand), dtype);
      default -> new Kernel.Compute(new Op.Add(), List.of(operand, random.nextInt(number)), dtype);
    };
  }

  private static Kernel.LoopKernel loops(Random random) {
    List<Long> extents = extents(random);
    List<Kernel.Instruction> body = new ArrayList<>();
    for (int i = 1 + random.nextInt(5); i >= 0; i--) {
      body.add(instruction(body.size(), extents.size(), random));
    }
    List<Kernel.Store> stores = new ArrayList<>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      stores.add(store(body.size(), random));
    }
    return new Kernel.LoopKernel("loops", extents, 1, 1, body, stores);
  }

  private static Kernel.Store store(int values, Random random) {
    return new Kernel.Store(
        random.nextInt(values),
        buffer(3 + random.nextInt(2), new Random(2)),
        Kernel.Level.values()[random.nextInt(3)]);
  }

  /** One thing changed, or none. */
  private static Kernel.LoopKernel changed(Kernel.LoopKernel kernel, Random random) {
    List<Long> extents = new ArrayList<>(kernel.loops());
    List<Kernel.Instruction> body = new ArrayList<>(kernel.body());
    List<Kernel.Store> stores = new ArrayList<>(kernel.stores());
    int at = random.nextInt(body.size());
    int store = random.nextInt(stores.size());
    switch (random.nextInt(7)) {
      case 0 -> extents.replaceAll(extent -> extent + 1);
      case 1, 2 -> body.set(at, instruction(at, extents.size(), random));
      case 3 -> stores.set(store, store(body.size(), random));
      case 4 -> stores.add(store(body.size(), random));
      case 5 -> body.add(instruction(body.size(), extents.size(), random));
      default -> {
        // The same again.
      }
    }
    return new Kernel.LoopKernel("other", extents, 2, 3, body, stores);
  }

  /** All that code depends on. */
  private static List<Object> code(Kernel.LoopKernel kernel) {
    List<Object> code = new ArrayList<>();
    for (Kernel.Instruction instruction : kernel.body()) {
      code.add(
          switch (instruction) {
            case Kernel.Load load ->
                List.of("load", load.access().buffer().dtype(), load.access().bounds().size());
            case Kernel.Literal literal -> List.of("literal", literal.value().dtype());
            case Kernel.Index index -> List.of("index", index.dtype());
            case Kernel.Compute compute -> compute;
            case Kernel.RowReduce row -> List.of("row", row.maximum(), row.operand());
            case Kernel.ColumnReduce column ->
                List.of("column", column.maximum(), column.operand());
          });
    }
    kernel.stores().forEach(store -> code.add(List.of(store.value(), store.level())));
    return code;
  }

  @Test
  void loopsAreWhatIsCounted() {
    int same = 0;
    int other = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = RandomMoves.random(seed);
      Kernel.LoopKernel kernel = loops(random);
      Map<Access, List<Long>> accesses = new IdentityHashMap<>();
      List<Access> loads = new ArrayList<>();
      long flops = 0;
      long points = 0;
      Loops loops = new Loops(kernel.loops());
      for (long point = 0; point < loops.elements(); point++) {
        points++;
        for (Kernel.Instruction instruction : kernel.body()) {
          flops += isOperation(instruction) ? 1 : 0;
        }
      }
      for (Kernel.Instruction instruction : kernel.body()) {
        if (instruction instanceof Kernel.Load load) {
          accesses.put(load.access(), kernel.loops());
          loads.add(load.access());
          assertEquals(load.access().buffer().dtype(), load.dtype());
        }
        if (instruction instanceof Kernel.Literal literal) {
          assertEquals(literal.value().dtype(), literal.dtype());
        }
      }
      Set<Buffer> written = new LinkedHashSet<>();
      kernel.stores().forEach(store -> written.add(store.buffer()));
      long bytes = written.stream().mapToLong(KernelLawsTest::size).sum();
      for (Buffer read : distinct(loads)) {
        bytes += bytes(read, accesses);
      }
      assertEquals(points, kernel.elements());
      assertEquals(flops, kernel.flops());
      assertEquals(List.copyOf(distinct(loads)), kernel.reads());
      assertEquals(List.copyOf(written), kernel.writes());
      assertEquals(bytes, kernel.bytes(), "seed " + seed);
      Kernel.LoopKernel changed = changed(kernel, random);
      boolean alike = code(kernel).equals(code(changed));
      assertEquals(alike, kernel.structure().equals(changed.structure()), kernel::structure);
      same += alike && !kernel.equals(changed) ? 1 : 0;
      other += alike ? 0 : 1;
    }
    assertTrue(same > SEEDS / 10 && other > SEEDS / 10, same + ", " + other);
  }

  private static boolean isOperation(Kernel.Instruction instruction) {
    return instruction instanceof Kernel.Compute
        || instruction instanceof Kernel.RowReduce
        || instruction instanceof Kernel.ColumnReduce;
  }

  private static long size(Buffer buffer) {
    long bytes = buffer.dtype().bytes();
    for (int extent : buffer.shape().extents()) {
      bytes *= extent;
    }
    return bytes;
  }

  // ---- products ----

  private static Kernel.MatmulKernel product(Random random) {
    List<Long> batch = extents(random);
    int[] sizes = random.ints(3, 1, 5).toArray();
    int rank = batch.size() + 2;
    Access a = access(buffer(0, new Random(3)), rank, random);
    Access b = access(buffer(random.nextInt(2), new Random(3)), rank, random);
    Access c = access(buffer(2, random), rank, random);
    return new Kernel.MatmulKernel("matmul", batch, sizes[0], sizes[1], sizes[2], a, b, c);
  }

  private static List<Object> code(Kernel.MatmulKernel kernel) {
    int last = kernel.batch().size() + 1;
    return List.of(
        kernel.c().buffer().dtype(),
        kernel.a().strides()[last] == 1,
        kernel.b().strides()[last] == 1,
        kernel.batch().isEmpty());
  }

  private static List<Long> with(List<Long> batch, long rows, long columns) {
    List<Long> loops = new ArrayList<>(batch);
    loops.addAll(List.of(rows, columns));
    return loops;
  }

  @Test
  void productsAreWhatIsCounted() {
    int same = 0;
    Kernel.MatmulKernel before = product(new Random(1));
    for (long seed = 0; seed < SEEDS; seed++) {
      Kernel.MatmulKernel kernel = product(RandomMoves.random(seed));
      long matrices = new Loops(kernel.batch()).elements();
      long flops = 0;
      for (long matrix = 0; matrix < matrices; matrix++) {
        for (int row = 0; row < kernel.m(); row++) {
          for (int column = 0; column < kernel.n(); column++) {
            // Each sum multiplies and adds its elements.
            flops += kernel.k() + kernel.k();
          }
        }
      }
      assertEquals(matrices, kernel.matrices());
      assertEquals(flops, kernel.flops());
      Access a = kernel.a();
      Access b = kernel.b();
      Access c = kernel.c();
      assertEquals(List.copyOf(distinct(List.of(a, b))), kernel.reads());
      assertEquals(List.of(c.buffer()), kernel.writes());
      long bytes =
          bytes(a.buffer(), Map.of(a, with(kernel.batch(), kernel.m(), kernel.k())))
              + bytes(b.buffer(), Map.of(b, with(kernel.batch(), kernel.k(), kernel.n())))
              + bytes(c.buffer(), Map.of(c, with(kernel.batch(), kernel.m(), kernel.n())));
      assertEquals(bytes, kernel.bytes(), "seed " + seed);
      boolean alike = code(kernel).equals(code(before));
      assertEquals(alike, kernel.structure().equals(before.structure()));
      same += alike ? 1 : 0;
      before = kernel;
    }
    assertTrue(same > SEEDS / 20 && same < SEEDS / 2, "same: " + same);
  }

  // ---- attention ----

  private static final List<List<Class<? extends Op.Attention>>> PASSES =
      List.of(
          List.of(Op.AttentionOutput.class, Op.AttentionLogSumExp.class, Op.AttentionTangent.class),
          List.of(Op.AttentionQueryCotangent.class),
          List.of(Op.AttentionKeyCotangent.class, Op.AttentionValueCotangent.class));

  private static Op.Attention made(
      Class<? extends Op.Attention> type, double scale, boolean causal) {
    try {
      return type.getDeclaredConstructor(double.class, boolean.class).newInstance(scale, causal);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  private static Kernel.AttentionKernel attention(Random random) {
    double scale = random.nextInt(4) == 0 ? 0.25 : 0.5;
    boolean causal = random.nextInt(3) == 0;
    List<Op.Attention> ops = new ArrayList<>();
    List<Class<? extends Op.Attention>> pass = PASSES.get(random.nextInt(3));
    while (ops.isEmpty()) {
      for (Class<? extends Op.Attention> type : pass) {
        if (random.nextBoolean()) {
          ops.add(random.nextInt(ops.size() + 1), made(type, scale, causal));
        }
      }
    }
    Set<Kernel.Role> roles = new LinkedHashSet<>();
    ops.forEach(op -> roles.addAll(Kernel.Role.of(op)));
    if (random.nextInt(3) == 0) {
      roles.add(Kernel.Role.MASK);
    }
    List<Long> batch = random.longs(random.nextInt(3), 2, 4).boxed().toList();
    Map<Kernel.Role, Access> operands = new EnumMap<>(Kernel.Role.class);
    for (Kernel.Role role : roles) {
      Buffer read = buffer(random.nextInt(9), random);
      operands.put(role, access(read, batch.size() + 2, random));
    }
    DType dtype = DTYPES.get(random.nextInt(2));
    List<Access> results = new ArrayList<>();
    for (int i = 0; i < ops.size(); i++) {
      int id = 20 + (random.nextInt(4) == 0 ? 0 : i);
      Buffer written = new Buffer(id, dtype, Shape.of(99), Buffer.Kind.OUTPUT, "r" + id);
      results.add(access(written, batch.size() + 2, random));
    }
    boolean valued = roles.contains(Kernel.Role.VALUES);
    int[] sizes = random.ints(3, 1, 5).toArray();
    return new Kernel.AttentionKernel(
        ops,
        batch,
        sizes[0],
        sizes[1],
        1 + random.nextInt(2),
        valued ? 1 + random.nextInt(2) : 0,
        operands,
        results);
  }

  private static boolean has(Kernel.AttentionKernel kernel, Class<?> type) {
    return kernel.ops().stream().anyMatch(op -> op.getClass() == type);
  }

  /** The lengths of the products that are summed for one query and one key. */
  private static long lengths(Kernel.AttentionKernel kernel) {
    long head = kernel.headSize();
    long value = kernel.valueSize();
    // Scores are always computed.
    long lengths = head;
    boolean tangent = has(kernel, Op.AttentionTangent.class);
    if (tangent || has(kernel, Op.AttentionOutput.class)) {
      lengths += value;
    }
    if (tangent) {
      // Of the scores two products' tangents, of the output's two.
      lengths += head + head + value + value;
    }
    if (has(kernel, Op.AttentionQueryCotangent.class)) {
      lengths += value + head;
    }
    if (has(kernel, Op.AttentionKeyCotangent.class)) {
      lengths += value + head;
    }
    if (has(kernel, Op.AttentionValueCotangent.class)) {
      lengths += value;
    }
    return lengths;
  }

  private static long elements(Kernel.AttentionKernel kernel, Op.Attention op) {
    return switch (op) {
      case Op.AttentionOutput o -> kernel.queries() * kernel.valueSize();
      case Op.AttentionLogSumExp o -> kernel.queries();
      case Op.AttentionTangent o -> kernel.queries() * kernel.valueSize();
      case Op.AttentionQueryCotangent o -> kernel.queries() * kernel.headSize();
      case Op.AttentionKeyCotangent o -> kernel.keys() * kernel.headSize();
      case Op.AttentionValueCotangent o -> kernel.keys() * kernel.valueSize();
    };
  }

  private static List<Object> code(Kernel.AttentionKernel kernel) {
    Access mask = kernel.operands().get(Kernel.Role.MASK);
    return List.of(
        kernel.ops(),
        kernel.headSize(),
        kernel.valueSize(),
        kernel.results().get(0).buffer().dtype(),
        mask == null ? "none" : mask.buffer().dtype());
  }

  @Test
  void attentionIsWhatIsCounted() {
    int same = 0;
    List<Kernel.AttentionKernel> known = new ArrayList<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      Kernel.AttentionKernel kernel = attention(RandomMoves.random(seed));
      long matrices = new Loops(kernel.batch()).elements();
      long flops = 0;
      for (int query = 0; query < kernel.queries(); query++) {
        for (int key = 0; key < kernel.keys(); key++) {
          boolean seen = !kernel.ops().get(0).causal() || key <= query;
          flops += seen ? 2 * lengths(kernel) * matrices : 0;
        }
      }
      assertEquals(matrices, kernel.matrices());
      assertEquals(flops, kernel.flops(), "seed " + seed);
      List<Access> operands = List.copyOf(kernel.operands().values());
      assertEquals(List.copyOf(distinct(operands)), kernel.reads());
      assertEquals(List.copyOf(distinct(kernel.results())), kernel.writes());
      long bytes = 0;
      for (Map.Entry<Kernel.Role, Access> operand : kernel.operands().entrySet()) {
        int[] size = SlowRun.size(kernel, operand.getKey());
        Access access = operand.getValue();
        bytes += bytes(access.buffer(), Map.of(access, with(kernel.batch(), size[0], size[1])));
      }
      for (int i = 0; i < kernel.ops().size(); i++) {
        long elements = elements(kernel, kernel.ops().get(i)) * matrices;
        bytes += elements * kernel.results().get(i).buffer().dtype().bytes();
      }
      assertEquals(bytes, kernel.bytes(), "seed " + seed);
      StringBuilder name = new StringBuilder(kernel.ops().get(0).label());
      for (Op.Attention op : kernel.ops().subList(1, kernel.ops().size())) {
        name.append('+').append(op.label().substring("attention".length()));
      }
      assertEquals(name.toString(), kernel.name());
      for (List<Class<? extends Op.Attention>> pass : PASSES) {
        pass.forEach(type -> assertEquals(has(kernel, type), kernel.computes(type)));
      }
      for (Kernel.AttentionKernel other : known.subList(0, Math.min(known.size(), 40))) {
        boolean alike = code(kernel).equals(code(other));
        assertEquals(alike, kernel.structure().equals(other.structure()));
        same += alike ? 1 : 0;
      }
      known.add(kernel);
    }
    assertTrue(same > SEEDS / 10, "same: " + same);
  }

  /** One pass computes what needs the same rows; each operation of it has the same operands. */
  @Test
  void operationsOfOnePassHaveTheirRoles() {
    for (int pass = 0; pass < PASSES.size(); pass++) {
      for (Class<? extends Op.Attention> type : PASSES.get(pass)) {
        Op.Attention op = made(type, 1, false);
        assertEquals(pass, Kernel.Role.pass(op));
        List<Kernel.Role> roles = Kernel.Role.of(op);
        assertEquals(op.operands(), roles.size());
        List<Kernel.Role> expected =
            new ArrayList<>(List.of(Kernel.Role.QUERIES, Kernel.Role.KEYS));
        if (type != Op.AttentionLogSumExp.class) {
          expected.add(Kernel.Role.VALUES);
        }
        if (type == Op.AttentionTangent.class) {
          expected.addAll(
              List.of(
                  Kernel.Role.QUERIES_TANGENT,
                  Kernel.Role.KEYS_TANGENT,
                  Kernel.Role.VALUES_TANGENT));
        } else if (pass > 0) {
          expected.addAll(
              List.of(Kernel.Role.OUTPUT, Kernel.Role.LOG_SUM_EXP, Kernel.Role.COTANGENT));
        }
        assertEquals(expected, roles);
      }
    }
  }

  // ---- other operations, accesses and buffers ----

  @Test
  void otherOperationsReadAndWriteAll() {
    Set<String> structures = new HashSet<>();
    for (long seed = 0; seed < 60; seed++) {
      Random random = RandomMoves.random(seed);
      Buffer a = buffer(0, new Random(4));
      Buffer b = buffer(1 - random.nextInt(2), new Random(4));
      Buffer result = buffer(2, random);
      Op op = random.nextBoolean() ? new Op.Gather() : new Op.Concat(0);
      Kernel kernel =
          new Kernel.OperationKernel(
              op, List.of(a, b), List.of(a.shape(), b.shape()), result, result.shape());
      boolean twice = a.equals(b);
      assertEquals(twice ? List.of(a) : List.of(a, b), kernel.reads());
      assertEquals(List.of(result), kernel.writes());
      assertEquals(size(a) + (twice ? 0 : size(b)) + size(result), kernel.bytes());
      assertEquals(0, kernel.flops());
      assertEquals(op.label(), kernel.name());
      assertEquals(op.label() + result.dtype(), kernel.structure());
      structures.add(kernel.structure());
    }
    assertEquals(6, structures.size());
  }

  /** Equal if they say the same, whoever made them; of those that do not, few share a hash code. */
  @Test
  void accessesAreEqualIfTheySayTheSame() {
    List<Access> known = new ArrayList<>();
    Set<String> texts = new HashSet<>();
    Set<Integer> codes = new HashSet<>();
    Set<Integer> boundCodes = new HashSet<>();
    Set<String> bounds = new HashSet<>();
    for (long seed = 0; seed < 300; seed++) {
      Random random = RandomMoves.random(seed);
      Access access = access(buffer(random.nextInt(2), new Random(5)), 2, random);
      for (Access other : known) {
        boolean same = text(access).equals(text(other));
        assertEquals(same, access.equals(other), access::toString);
        assertTrue(!same || access.hashCode() == other.hashCode());
        for (Access.Bound bound : access.bounds()) {
          for (Access.Bound second : other.bounds()) {
            boolean alike = text(bound).equals(text(second));
            assertEquals(alike, bound.equals(second));
            assertTrue(!alike || bound.hashCode() == second.hashCode());
          }
        }
      }
      access.bounds().forEach(bound -> bounds.add(text(bound)));
      access.bounds().forEach(bound -> boundCodes.add(bound.hashCode()));
      access.bounds().forEach(bound -> assertFalse(bound.equals((Object) "bound")));
      assertNotEquals(access, (Object) "access");
      known.add(access);
      texts.add(access.buffer() + "" + access.offset() + Arrays.toString(access.strides()));
      codes.add(access.hashCode());
      String conditions =
          access.bounds().isEmpty() ? "" : " if " + access.bounds().size() + " bounds";
      assertEquals(
          "%%%s[%d + %s%s]"
              .formatted(
                  access.buffer().name(),
                  access.offset(),
                  Arrays.toString(access.strides()),
                  conditions),
          access.toString());
    }
    assertTrue(codes.size() > texts.size() / 2, codes.size() + " of " + texts.size());
    assertTrue(boundCodes.size() > bounds.size() / 2, boundCodes + " of " + bounds);
  }

  private static String text(Access access) {
    StringBuilder text = new StringBuilder(access.buffer() + " " + access.offset());
    text.append(Arrays.toString(access.strides()));
    access.bounds().forEach(bound -> text.append(text(bound)));
    return text.toString();
  }

  private static String text(Access.Bound bound) {
    return bound.offset() + Arrays.toString(bound.strides()) + bound.extent();
  }

  /** Nobody changes what a kernel is made of. */
  @Test
  void whatIsGivenIsCopied() {
    Buffer buffer = new Buffer(3, DType.FLOAT32, Shape.of(2, 3), Buffer.Kind.INPUT, "x");
    long[] strides = {1, 2};
    Access access = new Access(buffer, 0, strides, new ArrayList<>());
    Access.Bound bound = new Access.Bound(0, strides, 1);
    strides[0] = 9;
    assertEquals(1, access.strides()[0]);
    assertEquals(1, bound.strides()[0]);
    access.strides()[0] = 7;
    assertEquals(1, access.strides()[0]);
    assertNotSame(access.strides(), access.strides());
    assertThrows(UnsupportedOperationException.class, () -> access.bounds().add(bound));
  }

  @Test
  void buffersAreAsLargeAsTheirElements() {
    for (long seed = 0; seed < 100; seed++) {
      Random random = RandomMoves.random(seed);
      Shape shape = Shape.of(random.nextInt(3000), 1 + random.nextInt(3000));
      DType dtype = DTYPES.get(random.nextInt(3));
      int id = random.nextInt(100);
      Buffer buffer = new Buffer(id, dtype, shape, Buffer.Kind.INPUT, "x" + id);
      assertEquals((long) shape.extent(0) * shape.extent(1), buffer.elements());
      assertEquals(size(buffer), buffer.bytes());
      assertEquals(id, buffer.hashCode());
      assertEquals("%x" + id, buffer.toString());
      String[] words = buffer.describe().split(" = ");
      assertEquals("x" + id + " " + dtype + " " + shape, words[0]);
      double mebibytes = size(buffer) / (1024.0 * 1024.0);
      assertEquals(mebibytes, Double.parseDouble(words[1].replace(" MiB", "")), 0.05000001);
    }
  }
}
