package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Runs a plan as its kernels are described, one element after another, in memory that remembers
 * what was never written: slow, and without any of what makes a backend fast.
 */
final class SlowRun {
  /** An element's place: a byte in the arena, whose owner is −1, or in a buffer of its own. */
  private record Cell(int owner, long start) {}

  private final Plan plan;
  private final Map<Cell, Double> memory = new HashMap<>();

  private SlowRun(Plan plan) {
    this.plan = plan;
  }

  /**
   * Runs a plan.
   *
   * @param plan the plan
   * @param inputs a value for each input
   * @return a value of each output, floating point unrounded
   */
  static List<HostData> of(Plan plan, List<HostData> inputs) {
    SlowRun run = new SlowRun(plan);
    plan.constants().forEach(run::put);
    for (int i = 0; i < inputs.size(); i++) {
      run.put(plan.inputs().get(i), inputs.get(i));
    }
    plan.kernels().forEach(run::run);
    return plan.outputs().stream().map(run::whole).toList();
  }

  // ---- memory ----

  private Cell cell(Buffer buffer, long element) {
    if (element < 0 || element >= buffer.elements()) {
      throw new AssertionError("element %d of %s".formatted(element, buffer.describe()));
    }
    Buffer own = plan.donated().getOrDefault(buffer, buffer);
    boolean shared = own.kind() == Buffer.Kind.TEMPORARY;
    long first = shared ? plan.arena().offsets().get(own) : 0;
    return new Cell(shared ? -1 : own.id(), first + element * own.dtype().bytes());
  }

  private double get(Buffer buffer, long element) {
    Double value = memory.get(cell(buffer, element));
    if (value == null) {
      throw new AssertionError("%s is read before it is written".formatted(buffer.describe()));
    }
    return value;
  }

  private void put(Buffer buffer, long element, double value) {
    memory.put(cell(buffer, element), value);
  }

  private void put(Buffer buffer, HostData data) {
    for (long i = 0; i < data.elements(); i++) {
      put(buffer, i, data.getDouble(i));
    }
  }

  private HostData whole(Buffer buffer) {
    HostData data = data(buffer.dtype(), buffer.elements());
    for (long i = 0; i < data.elements(); i++) {
      data.setDouble(i, get(buffer, i));
    }
    return data;
  }

  /** Floating point is computed in doubles. */
  private static HostData data(DType dtype, long elements) {
    return HostData.allocate(dtype.isFloating() ? DType.FLOAT64 : dtype, elements);
  }

  private static HostData apply(Op op, List<Tensor> operands, List<HostData> values) {
    return ReferenceInterpreter.apply(Tensor.apply(op, operands), values);
  }

  // ---- kernels ----

  private void run(Kernel kernel) {
    switch (kernel) {
      case Kernel.LoopKernel loops -> run(loops);
      case Kernel.MatmulKernel matmul -> run(matmul);
      case Kernel.AttentionKernel attention -> run(attention);
      case Kernel.OperationKernel operation -> run(operation);
    }
  }

  private void run(Kernel.LoopKernel kernel) {
    Loops loops = new Loops(kernel.loops());
    int points = Math.toIntExact(loops.elements());
    List<HostData> values = new ArrayList<>();
    for (Kernel.Instruction instruction : kernel.body()) {
      HostData value = data(instruction.dtype(), points);
      switch (instruction) {
        case Kernel.Load load -> {
          for (int point = 0; point < points; point++) {
            value.setDouble(point, read(load.access(), Walk.indices(loops, point)));
          }
        }
        case Kernel.Literal literal -> {
          for (int point = 0; point < points; point++) {
            value.setDouble(point, literal.value().getDouble(0));
          }
        }
        case Kernel.Index index -> {
          long[] strides = index.strides().stream().mapToLong(s -> s).toArray();
          for (int point = 0; point < points; point++) {
            long[] at = Walk.indices(loops, point);
            value.setDouble(point, Walk.sum(index.offset(), strides, at));
          }
        }
        case Kernel.Compute compute -> {
          List<Tensor> operands = new ArrayList<>();
          for (int operand : compute.operands()) {
            DType dtype = kernel.body().get(operand).dtype();
            operands.add(Tensor.input("operand", Shape.of(points), dtype));
          }
          value =
              apply(compute.op(), operands, compute.operands().stream().map(values::get).toList());
        }
        case Kernel.RowReduce reduce -> {
          HostData operand = values.get(reduce.operand());
          for (int point = 0; point < points; point++) {
            int first = (int) (point / kernel.row() * kernel.row());
            value.setDouble(point, folded(operand, reduce.maximum(), first, kernel.row(), 1));
          }
        }
        case Kernel.ColumnReduce reduce -> {
          HostData operand = values.get(reduce.operand());
          long group = kernel.row() * kernel.folded();
          for (int point = 0; point < points; point++) {
            int first = (int) (point / group * group + point % kernel.row());
            value.setDouble(
                point, folded(operand, reduce.maximum(), first, kernel.folded(), kernel.row()));
          }
        }
      }
      values.add(value);
    }
    for (Kernel.Store store : kernel.stores()) {
      store(kernel, store, values.get(store.value()));
    }
  }

  private double read(Access access, long[] index) {
    for (Access.Bound bound : access.bounds()) {
      long value = Walk.sum(bound.offset(), bound.strides(), index);
      if (value < 0 || value >= bound.extent()) {
        return 0;
      }
    }
    return get(access.buffer(), Walk.sum(access.offset(), access.strides(), index));
  }

  private static double folded(HostData data, boolean maximum, int first, long count, long step) {
    double result = maximum ? Double.NEGATIVE_INFINITY : 0;
    for (long i = 0; i < count; i++) {
      double value = data.getDouble(first + i * step);
      result = maximum ? Math.max(result, value) : result + value;
    }
    return result;
  }

  private void store(Kernel.LoopKernel kernel, Kernel.Store store, HostData value) {
    Map<Long, Double> stored = new HashMap<>();
    for (long point = 0; point < value.elements(); point++) {
      long group = kernel.row() * kernel.folded();
      long element =
          switch (store.level()) {
            case ELEMENT -> point;
            case ROW -> point / kernel.row();
            case COLUMN -> point / group * kernel.row() + point % kernel.row();
          };
      Double before = stored.put(element, value.getDouble(point));
      if (before != null && Double.compare(before, value.getDouble(point)) != 0) {
        throw new AssertionError("several values for one element: " + store);
      }
    }
    if (stored.size() != store.buffer().elements()) {
      throw new AssertionError("%d of %s".formatted(stored.size(), store.buffer().describe()));
    }
    stored.forEach((element, each) -> put(store.buffer(), element, each));
  }

  private static long[] at(long[] batch, long row, long column) {
    long[] index = Arrays.copyOf(batch, batch.length + 2);
    index[batch.length] = row;
    index[batch.length + 1] = column;
    return index;
  }

  /** Matrices that an access describes, one after another. */
  private HostData matrices(Access access, List<Long> batch, int rows, int columns) {
    Loops loops = new Loops(batch);
    HostData data = data(access.buffer().dtype(), loops.elements() * rows * columns);
    for (long i = 0; i < data.elements(); i++) {
      long[] matrix = Walk.indices(loops, i / columns / rows);
      data.setDouble(i, read(access, at(matrix, i / columns % rows, i % columns)));
    }
    return data;
  }

  private void put(Access access, List<Long> batch, int rows, int columns, HostData data) {
    Loops loops = new Loops(batch);
    for (long i = 0; i < data.elements(); i++) {
      long[] index = at(Walk.indices(loops, i / columns / rows), i / columns % rows, i % columns);
      put(access.buffer(), Walk.sum(access.offset(), access.strides(), index), data.getDouble(i));
    }
  }

  private static Shape shape(List<Long> batch, int rows, int columns) {
    return Shape.of(Math.toIntExact(new Loops(batch).elements()), rows, columns);
  }

  private void run(Kernel.MatmulKernel kernel) {
    HostData a = matrices(kernel.a(), kernel.batch(), kernel.m(), kernel.k());
    HostData b = matrices(kernel.b(), kernel.batch(), kernel.k(), kernel.n());
    Tensor left =
        Tensor.input(
            "a", shape(kernel.batch(), kernel.m(), kernel.k()), kernel.a().buffer().dtype());
    Tensor right =
        Tensor.input(
            "b", shape(kernel.batch(), kernel.k(), kernel.n()), kernel.b().buffer().dtype());
    HostData product = apply(new Op.Matmul(), List.of(left, right), List.of(a, b));
    put(kernel.c(), kernel.batch(), kernel.m(), kernel.n(), product);
  }

  private void run(Kernel.AttentionKernel kernel) {
    List<HostData> results = new ArrayList<>();
    List<Tensor> nodes = new ArrayList<>();
    for (Op.Attention op : kernel.ops()) {
      List<Kernel.Role> roles = new ArrayList<>(Kernel.Role.of(op));
      if (kernel.operands().containsKey(Kernel.Role.MASK)) {
        roles.add(Kernel.Role.MASK);
      }
      List<Tensor> operands = new ArrayList<>();
      List<HostData> values = new ArrayList<>();
      for (Kernel.Role role : roles) {
        int[] size = size(kernel, role);
        Access access = kernel.operands().get(role);
        operands.add(
            Tensor.input(
                role.name(), shape(kernel.batch(), size[0], size[1]), access.buffer().dtype()));
        values.add(matrices(access, kernel.batch(), size[0], size[1]));
      }
      nodes.add(Tensor.apply(op, operands));
      results.add(ReferenceInterpreter.apply(nodes.getLast(), values));
    }
    for (int i = 0; i < results.size(); i++) {
      Shape shape = nodes.get(i).shape();
      put(
          kernel.results().get(i),
          kernel.batch(),
          shape.extent(1),
          shape.extent(2),
          results.get(i));
    }
  }

  /** Rows and columns of an operand. */
  static int[] size(Kernel.AttentionKernel kernel, Kernel.Role role) {
    int rows =
        switch (role) {
          case QUERIES, QUERIES_TANGENT, OUTPUT, LOG_SUM_EXP, COTANGENT, MASK -> kernel.queries();
          case KEYS, KEYS_TANGENT, VALUES, VALUES_TANGENT -> kernel.keys();
        };
    int columns =
        switch (role) {
          case QUERIES, QUERIES_TANGENT, KEYS, KEYS_TANGENT -> kernel.headSize();
          case VALUES, VALUES_TANGENT, OUTPUT, COTANGENT -> kernel.valueSize();
          case LOG_SUM_EXP -> 1;
          case MASK -> kernel.keys();
        };
    return new int[] {rows, columns};
  }

  private void run(Kernel.OperationKernel kernel) {
    List<Tensor> operands = new ArrayList<>();
    for (int i = 0; i < kernel.operands().size(); i++) {
      operands.add(
          Tensor.input("operand", kernel.shapes().get(i), kernel.operands().get(i).dtype()));
    }
    Tensor node = Tensor.apply(kernel.op(), operands);
    if (!node.shape().equals(kernel.shape())) {
      throw new AssertionError("%s, and not %s".formatted(kernel.shape(), node.shape()));
    }
    List<HostData> values = kernel.operands().stream().map(this::whole).toList();
    put(kernel.result(), ReferenceInterpreter.apply(node, values));
  }
}
