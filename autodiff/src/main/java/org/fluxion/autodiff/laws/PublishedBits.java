package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.Optional;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Random bits are those of Philox 4×32-10 as its authors published them (Random123, kat_vectors).
 * That a backend agrees with the reference does not say so: whoever copies a mistake agrees.
 */
public final class PublishedBits {
  /**
   * A known answer.
   *
   * @param counter four words
   * @param key two words
   * @param bits four words
   */
  private record Known(int[] counter, int[] key, int[] bits) {
    RandomProgram program() {
      long block = counter[0] & 0xFFFF_FFFFL | (long) counter[1] << 32;
      Tensor words = Tensor.of(new int[] {key[0], key[1], counter[2], counter[3]}, 4);
      Op op = new Op.RandomBits(Shape.of(4), block);
      return new RandomProgram(List.of(words), List.of(new Line(op, List.of(0))), List.of(1));
    }

    Optional<String> difference(HostData actual) {
      for (int i = 0; i < bits.length; i++) {
        if (bits[i] != (int) actual.getLong(i)) {
          return Optional.of(
              Text.of("word %d is %08x, published is %08x", i, (int) actual.getLong(i), bits[i]));
        }
      }
      return Optional.empty();
    }
  }

  private static final List<Known> KNOWN =
      List.of(
          new Known(
              new int[] {0, 0, 0, 0},
              new int[] {0, 0},
              new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}),
          new Known(
              new int[] {-1, -1, -1, -1},
              new int[] {-1, -1},
              new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}),
          new Known(
              new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
              new int[] {0xa4093822, 0x299f31d0},
              new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));

  private PublishedBits() {}

  /**
   * Holds a device to them.
   *
   * @param device the device
   * @throws LawBroken if its bits are others
   */
  public static void check(Device device) {
    for (Known known : KNOWN) {
      RandomProgram program = known.program();
      Optional<String> difference =
          known.difference(program.trial("published bits").run(device).get(0));
      if (difference.isPresent()) {
        throw new LawBroken(
            "PUBLISHED BITS",
            program,
            Text.of(
                "on %s random bits are not those of Philox 4×32-10%n%s%nat%n%s",
                device.name(), difference.get(), program.print()),
            null);
      }
    }
  }
}
