package org.fluxion.meanflow.sample;

import java.util.HashMap;
import java.util.Map;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;

/**
 * Normal noise as compiled programs, one for each shape that was asked for: beside a single step of
 * a small network, noise that the reference interpreter draws would take most of the time.
 */
final class Noise implements AutoCloseable {
  private final Device device;
  private final Map<Shape, Run<Tensor, RandomKey, Tensor>> runs = new HashMap<>();

  Noise(Device device) {
    this.device = device;
  }

  /**
   * Standard normal numbers.
   *
   * @param key their key
   * @param shape their shape
   * @return float64
   */
  Tensor normal(RandomKey key, Shape shape) {
    RandomKey known = new RandomKey(key.words().detach());
    return runs.computeIfAbsent(shape, s -> compile(s, known)).step(known);
  }

  private Run<Tensor, RandomKey, Tensor> compile(Shape shape, RandomKey example) {
    // The program has no state; a number stands for it.
    Tensor nothing = Tensor.scalar(0, DType.FLOAT64);
    return Program.compile(
            (Tensor state, RandomKey key) -> new Step<>(state, key.normal(shape, DType.FLOAT64)),
            nothing,
            example,
            device)
        .start(nothing);
  }

  @Override
  public void close() {
    runs.values().forEach(Run::close);
    runs.clear();
  }
}
