package consumer;

import static org.fluxion.autodiff.Autodiff.grad;

import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Tensor;

/** What a program in a module writes to compute a gradient. */
public final class Gradient {
  private Gradient() {}

  /** Prints the gradient of the sum of squares, and the backends that could run programs. */
  public static void main(String[] arguments) {
    Tensor x = Tensor.tensor(0.5f, 1f, 2f);
    System.out.println(grad(a -> a.square().sum()).apply(x));
    System.out.println(Backend.all().stream().map(Backend::name).toList());
  }
}
