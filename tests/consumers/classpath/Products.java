import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** What a program writes whose sums are worth compiling. */
public final class Products {
  private Products() {}

  /** Computes two products, and prints on what. */
  public static void main(String[] arguments) {
    Tensor x = RandomKey.of(1).normal(Shape.of(128, 128), DType.FLOAT32);
    x.matmul(x).sum().item();
    x.matmul(x.transpose()).sum().item();
    System.out.println(Device.cpu());
  }
}
