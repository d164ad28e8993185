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
 * a small network, noise that the reference interpreter draws would take most of the time. It is
 * float64, which a device may lack, and the start of a sample: so it is drawn on the host's
 * processor wherever the network runs, and is the same for all devices.
 */
final class Noise implements AutoCloseable {
  private static final String HOST = "cpu";

  private final Device device;
  private final Map<Shape, Run<Tensor, RandomKey, Tensor>> runs = new HashMap<>();

  /**
   * Noise for a sampler.
   *
   * @param device where its network runs
   */
  Noise(Device device) {
    this.device = isHost(device) ? device : Device.cpu();
  }

  /** The processor, with the number of threads that was asked for. */
  private static boolean isHost(Device device) {
    return device.name().equals(HOST) || device.name().startsWith(HOST + ":");
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
