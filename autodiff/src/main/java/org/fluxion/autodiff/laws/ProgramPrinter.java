package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.OpTable;

/** Programs as Java that can be put into a test. */
final class ProgramPrinter {
  /** More equal elements than these are told apart by nobody. */
  private static final int MANY = 12;

  /** More elements than these are read by nobody. */
  private static final int TOO_MANY = 1000;

  private final int inputs;

  private ProgramPrinter(int inputs) {
    this.inputs = inputs;
  }

  static String print(RandomProgram program) {
    ProgramPrinter printer = new ProgramPrinter(program.values().size());
    StringJoiner lines = new StringJoiner("\n");
    for (int i = 0; i < printer.inputs; i++) {
      lines.add(Text.of("Tensor x%d = %s;", i, literal(program.values().get(i))));
    }
    for (int i = 0; i < program.lines().size(); i++) {
      lines.add(
          Text.of(
              "Tensor %s = %s;",
              printer.name(printer.inputs + i), printer.expression(program.lines().get(i))));
    }
    lines.add(
        Text.of(
            "return List.of(%s);",
            program.outputs().stream().map(printer::name).collect(Collectors.joining(", "))));
    return lines.toString();
  }

  private String name(int number) {
    return number < inputs ? "x" + number : "t" + (number - inputs);
  }

  private String expression(Line line) {
    List<String> in = line.operands().stream().map(this::name).toList();
    return switch (line.op()) {
      case Op.Not o -> Text.of("%s.not()", in.get(0));
      case Op.Unary o -> Text.of("%s.%s()", in.get(0), method(o));
      case Op.Equal o -> Text.of("%s.equal(%s)", in.get(0), in.get(1));
      case Op.Max o -> Text.of("%s.maximum(%s)", in.get(0), in.get(1));
      case Op.Min o -> Text.of("%s.minimum(%s)", in.get(0), in.get(1));
      case Op.Binary o -> Text.of("%s.%s(%s)", in.get(0), method(o), in.get(1));
      case Op.Select o -> Text.of("Tensor.where(%s)", String.join(", ", in));
      case Op.Cast o -> Text.of("%s.cast(DType.%s)", in.get(0), o.dtype().name());
      case Op.Sum o when !o.axes().isEmpty() -> Text.of("%s.sum(%s)", in.get(0), list(o.axes()));
      case Op.ReduceMax o when !o.axes().isEmpty() ->
          Text.of("%s.max(%s)", in.get(0), list(o.axes()));
      case Op.ArgMax o -> Text.of("%s.argMax(%d)", in.get(0), o.axis());
      case Op.Reshape o -> Text.of("%s.reshape(%s)", in.get(0), extents(o.shape()));
      case Op.Permute o -> Text.of("%s.permute(%s)", in.get(0), list(o.axes()));
      case Op.Broadcast o -> Text.of("%s.broadcastTo(%s)", in.get(0), shape(o.shape()));
      case Op.Concat o -> Text.of("Tensor.concat(%d, %s)", o.axis(), String.join(", ", in));
      case Op.Flip o when !o.axes().isEmpty() -> Text.of("%s.flip(%s)", in.get(0), list(o.axes()));
      case Op.Matmul o -> Text.of("%s.matmul(%s)", in.get(0), in.get(1));
      case Op.StopGradient o -> Text.of("Autodiff.stopGradient(%s)", in.get(0));
      case Op.Constant o -> literal(Tensor.of(o.data(), o.shape()));
      default ->
          Text.of("Tensor.apply(%s, List.of(%s))", constructor(line.op()), String.join(", ", in));
    };
  }

  private static String method(Op op) {
    String name = op.getClass().getSimpleName();
    return Character.toLowerCase(name.charAt(0)) + name.substring(1);
  }

  private static String list(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }

  private static String extents(Shape shape) {
    return IntStream.of(shape.extents())
        .mapToObj(String::valueOf)
        .collect(Collectors.joining(", "));
  }

  private static String shape(Shape shape) {
    return shape.rank() == 0 ? "Shape.SCALAR" : Text.of("Shape.of(%s)", extents(shape));
  }

  private static String of(List<Integer> numbers) {
    return Text.of("List.of(%s)", list(numbers));
  }

  private static String window(Op.Window w) {
    return Text.of(
        "new Op.Window(%d, %d, %d, %d)",
        w.kernelHeight(), w.kernelWidth(), w.stride(), w.padding());
  }

  private static String constructor(Op op) {
    String name = "new Op." + op.getClass().getSimpleName();
    return switch (op) {
      case Op.Sum o -> name + "(" + of(o.axes()) + ")";
      case Op.ReduceMax o -> name + "(" + of(o.axes()) + ")";
      case Op.Flip o -> name + "(" + of(o.axes()) + ")";
      case Op.Iota o ->
          Text.of("%s(%s, %d, DType.%s)", name, shape(o.shape()), o.axis(), o.dtype().name());
      case Op.RandomBits o -> Text.of("%s(%s, %dL)", name, shape(o.shape()), o.offset());
      case Op.Pad o -> Text.of("%s(%s, %s, %s)", name, of(o.low()), of(o.high()), of(o.interior()));
      case Op.Slice o ->
          Text.of("%s(%s, %s, %s)", name, of(o.start()), of(o.end()), of(o.stride()));
      case Op.ScatterAdd o -> Text.of("%s(%d)", name, o.rows());
      case Op.Unfold o -> Text.of("%s(%s)", name, window(o.window()));
      case Op.Fold o -> Text.of("%s(%s, %d, %d)", name, window(o.window()), o.height(), o.width());
      case Op.AttentionOutput o -> attention(name, o.scale(), o.causal());
      case Op.AttentionLogSumExp o -> attention(name, o.scale(), o.causal());
      case Op.AttentionTangent o -> attention(name, o.scale(), o.causal());
      case Op.AttentionQueryCotangent o -> attention(name, o.scale(), o.causal());
      case Op.AttentionKeyCotangent o -> attention(name, o.scale(), o.causal());
      case Op.AttentionValueCotangent o -> attention(name, o.scale(), o.causal());
      case Op.Custom o -> Text.of("%s(%s)", name, custom(o.function()));
      default -> name + "()";
    };
  }

  /** The table's own by its name in Java; of another nobody knows that, so that a comment asks. */
  private static String custom(CustomOp function) {
    return function == OpTable.PRODUCT
        ? "OpTable.PRODUCT"
        : Text.of("/* your custom function '%s' */", function.name().replace("*/", "*"));
  }

  private static String attention(String name, double scale, boolean causal) {
    return Text.of("%s(%s, %s)", name, scale, causal);
  }

  /** A tensor with its elements. */
  static String literal(Tensor value) {
    HostData data = value.value();
    DType dtype = value.dtype();
    if (data.elements() > MANY && isUniform(data)) {
      double element = data.getDouble(0);
      return Text.of(
          "Tensor.full(%s, %s, DType.%s)",
          number(element, DType.FLOAT64), shape(value.shape()), dtype.name());
    }
    String java =
        switch (dtype) {
          case INT64 -> "long";
          case INT32, BOOL -> "int";
          case FLOAT32, FLOAT16, BFLOAT16 -> "float";
          case FLOAT64 -> "double";
        };
    StringJoiner elements = new StringJoiner(", ");
    long shown = data.elements() > TOO_MANY ? MANY : data.elements();
    for (long i = 0; i < shown; i++) {
      elements.add(
          dtype.isFloating() ? number(data.getDouble(i), dtype) : integer(data.getLong(i), dtype));
    }
    if (shown < data.elements()) {
      elements.add(Text.of("/* %,d more: the seed draws them */", data.elements() - shown));
    }
    String extents = extents(value.shape());
    String whole =
        Text.of(
            "Tensor.of(new %s[] {%s}%s)", java, elements, extents.isEmpty() ? "" : ", " + extents);
    boolean cast = dtype == DType.BOOL || dtype.isStorageOnly();
    return cast ? whole + ".cast(DType." + dtype.name() + ")" : whole;
  }

  private static boolean isUniform(HostData data) {
    for (long i = 1; i < data.elements(); i++) {
      if (Double.compare(data.getDouble(i), data.getDouble(0)) != 0) {
        return false;
      }
    }
    return true;
  }

  private static String integer(long value, DType dtype) {
    return dtype == DType.INT64 ? value + "L" : String.valueOf(value);
  }

  private static String number(double value, DType dtype) {
    String type = dtype == DType.FLOAT64 ? "Double" : "Float";
    if (Double.isNaN(value)) {
      return type + ".NaN";
    }
    if (Double.isInfinite(value)) {
      return type + (value > 0 ? ".POSITIVE_INFINITY" : ".NEGATIVE_INFINITY");
    }
    if (value == Math.rint(value) && Math.abs(value) < 1e6 && Double.compare(value, -0.0) != 0) {
      return String.valueOf((long) value);
    }
    return dtype == DType.FLOAT64 ? String.valueOf(value) : (float) value + "f";
  }
}
