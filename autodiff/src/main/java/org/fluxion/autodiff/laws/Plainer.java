package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;

/** Plainer numbers in a tensor's place: all at once, then one after the other. */
final class Plainer {
  private static final int MOST_ELEMENTS = 24;

  /** Of more elements than these nobody reads single ones. */
  private static final int TOO_MANY = 1000;

  private Plainer() {}

  static Stream<Tensor> of(Tensor value) {
    if (!value.dtype().isFloating()) {
      return value.dtype() == DType.BOOL ? Stream.empty() : changed(value, v -> 0).stream();
    }
    Stream<Tensor> whole =
        Stream.<DoubleUnaryOperator>of(
                v -> 0,
                v -> 1,
                Math::signum,
                Math::rint,
                v -> Math.rint(v * 4) / 4,
                v -> Math.rint(v * 100) / 100)
            .flatMap(f -> changed(value, f).stream());
    long all = value.shape().elements();
    int elements = all > TOO_MANY ? 0 : (int) Math.min(MOST_ELEMENTS, all);
    Stream<Tensor> single =
        IntStream.range(0, elements)
            .boxed()
            .flatMap(
                i ->
                    Stream.<DoubleUnaryOperator>of(v -> 0, v -> 1, Math::signum, Math::rint)
                        .flatMap(f -> changed(value, i, f).stream()));
    return Stream.concat(whole, single);
  }

  /** Several tensors, of which one is plainer. */
  static Stream<List<Tensor>> ofOne(List<Tensor> values) {
    return IntStream.range(0, values.size())
        .boxed()
        .flatMap(
            i ->
                of(values.get(i))
                    .map(
                        value -> {
                          List<Tensor> changed = new ArrayList<>(values);
                          changed.set(i, value);
                          return changed;
                        }));
  }

  private static Optional<Tensor> changed(Tensor value, DoubleUnaryOperator f) {
    return changed(value, -1, f);
  }

  /** Empty if nothing changes, or if an element becomes no plainer. */
  private static Optional<Tensor> changed(Tensor value, int only, DoubleUnaryOperator f) {
    HostData old = value.value();
    HostData data = HostData.allocate(value.dtype(), value.shape().elements());
    boolean changed = false;
    for (int i = 0; i < data.elements(); i++) {
      double before = old.getDouble(i);
      double after = only < 0 || only == i ? f.applyAsDouble(before) : before;
      // Never from one plain number to another: the search would not end.
      boolean plain = before == 0 || Math.abs(before) == 1 && after != 0 && after != 1;
      data.setDouble(i, plain ? before : after);
      changed |= !plain && Double.compare(data.getDouble(i), before) != 0;
    }
    return changed ? Optional.of(Tensor.of(data, value.shape())) : Optional.empty();
  }
}
