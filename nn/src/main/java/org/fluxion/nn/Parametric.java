package org.fluxion.nn;

import java.io.IOException;
import org.fluxion.nn.io.Load;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.tensor.RandomKey;

/**
 * Configuration whose parameters come from outside: a layer, or a model with a signature of its
 * own.
 */
public interface Parametric {
  /**
   * Fresh parameters. Nothing is computed until a value is asked for, so this is also the cheap way
   * to learn names and shapes.
   *
   * @param key the key of the random draws
   * @return float32 parameters, under the names that PyTorch's layer of the kind gives them
   */
  Parameters initialise(RandomKey key);

  /**
   * Parameters from a checkpoint.
   *
   * @param file the checkpoint
   * @param load how names and dtypes may differ
   * @return the stored tensors under this model's names, in its order
   * @throws IOException if the file does not fit; missing, unexpected and mis-shaped tensors are
   *     listed by name
   */
  default Parameters load(Safetensors file, Load load) throws IOException {
    return load.read(file, initialise(RandomKey.of(0)));
  }
}
