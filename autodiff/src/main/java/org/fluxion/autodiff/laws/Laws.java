package org.fluxion.autodiff.laws;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.fluxion.autodiff.laws.LawReport.Tally;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.conformance.Widened;

/**
 * Holds a function to the laws of derivatives, at random arguments, under any test engine:
 *
 * <pre>{@code
 * Laws.of(SOFTPLUS::apply).over(tensors().rank(0, 4)).order(3).devices("cpu").seed(42).check();
 * }</pre>
 *
 * <p>Immutable: each method returns another. The derivatives are compared by the reference
 * interpreter, within a tolerance that follows from the operations of both sides: in float64, or in
 * what else the arguments are drawn in, each operation rounded to its own dtype. What breaks a law
 * is made as small as it can be before it is reported.
 */
public final class Laws {
  private static final int TRIES = 100;

  /** If none of so many elements tells anything, no others will. */
  private static final int MANY = 20;

  private final Function<List<Tensor>, List<Tensor>> function;
  private final Function<Random, List<Tensor>> arguments;
  private final Predicate<List<Tensor>> admits;
  private final List<Law> laws;
  private final List<String> devices;
  private final int tries;
  private final long seed;

  private Laws(
      Function<List<Tensor>, List<Tensor>> function,
      Function<Random, List<Tensor>> arguments,
      Predicate<List<Tensor>> admits,
      List<Law> laws,
      List<String> devices,
      int tries,
      long seed) {
    this.function = function;
    this.arguments = arguments;
    this.admits = admits;
    this.laws = List.copyOf(laws);
    this.devices = List.copyOf(devices);
    this.tries = tries;
    this.seed = seed;
  }

  /**
   * Of a function of one tensor: at {@link TensorGenerator#tensors}, to second order, in {@value
   * #TRIES} tries, unless told otherwise.
   *
   * @param f the function
   * @return its laws
   */
  public static Laws of(UnaryOperator<Tensor> f) {
    return ofMany(x -> List.of(f.apply(x.get(0)))).over(TensorGenerator.tensors());
  }

  /**
   * Of a function of several tensors, with several results.
   *
   * @param f the function
   * @return its laws; {@link #over} has to say of which tensors
   */
  public static Laws ofMany(Function<List<Tensor>, List<Tensor>> f) {
    return new Laws(f, random -> unsaid(), any -> true, Law.upTo(2), List.of(), TRIES, 0);
  }

  private static List<Tensor> unsaid() {
    throw new TensorException(
        "laws: a function of several tensors; say with over(…) of which, such as"
            + " over(tensors().shape(2, 3), tensors().shape(3, 4))");
  }

  /**
   * Of a function of a tree, such as a layer of its parameters and input, around an example whose
   * structure and shapes it takes, and near whose values it is tried. A counterexample, whose
   * shapes may be smaller, has the leaves in their order, and says what the tree calls them.
   *
   * @param f the function
   * @param example the example; its floating point tensors are moved by up to 1 at random
   * @param <A> what f takes
   * @param <B> what f returns
   * @return its laws
   */
  public static <A extends Tree<A>, B extends Tree<B>> Laws near(Function<A, B> f, A example) {
    return ofMany(OfTree.of(f, example))
        .over(random -> example.leaves().stream().map(leaf -> moved(leaf, random)).toList());
  }

  private static Tensor moved(Tensor leaf, Random random) {
    if (!leaf.dtype().isFloating()) {
      return leaf.detach();
    }
    double[] by = random.doubles(leaf.shape().elements(), -1, 1).toArray();
    Tensor moved = Widened.wide(leaf).add(Tensor.of(by, leaf.shape().extents()));
    return moved.cast(leaf.dtype()).detach();
  }

  /**
   * The same over other arguments. A counterexample may have shorter axes than what is drawn, but
   * no other elements.
   *
   * @param generators one for each argument
   * @return the laws
   */
  public Laws over(TensorGenerator... generators) {
    List<TensorGenerator> each = List.of(generators);
    return over(
        random -> each.stream().map(g -> g.draw(random)).toList(),
        x -> IntStream.range(0, each.size()).allMatch(i -> each.get(i).holds(x.get(i))));
  }

  /**
   * The same over arguments that hang on each other, as shapes do.
   *
   * @param drawn draws the arguments
   * @return the laws
   */
  public Laws over(Function<Random, List<Tensor>> drawn) {
    return over(drawn, any -> true);
  }

  private Laws over(Function<Random, List<Tensor>> drawn, Predicate<List<Tensor>> admitted) {
    return new Laws(function, drawn, admitted, laws, devices, tries, seed);
  }

  /**
   * The same up to another derivative.
   *
   * @param most 1, 2 or 3
   * @return the laws
   * @throws TensorException if it is another number
   */
  public Laws order(int most) {
    if (most < 1 || most > 3) {
      throw new TensorException("laws: expected an order from 1 to 3, got " + most);
    }
    return new Laws(function, arguments, admits, Law.upTo(most), devices, tries, seed);
  }

  /**
   * Only some of the laws.
   *
   * @param some the laws; none of them if only devices are to be checked
   * @return these
   */
  public Laws only(Law... some) {
    return new Laws(function, arguments, admits, List.of(some), devices, tries, seed);
  }

  /**
   * Besides, the function and its derivatives run as programs on some devices, where they are to
   * agree with the reference as nearly as the device's arithmetic allows.
   *
   * @param names what {@link Device#of} takes
   * @return the laws
   */
  public Laws devices(String... names) {
    return new Laws(function, arguments, admits, laws, Arrays.asList(names), tries, seed);
  }

  /**
   * The same with another number of tries.
   *
   * @param number how many arguments are drawn
   * @return the laws
   * @throws TensorException if it is less than 1, which would hold the function to nothing
   */
  public Laws tries(int number) {
    if (number < 1) {
      throw new TensorException("laws: expected 1 try at least, got " + number);
    }
    return new Laws(function, arguments, admits, laws, devices, number, seed);
  }

  /**
   * The same with other draws; the same seed draws the same. Each try has the next seed, which a
   * report names: {@code seed(number).tries(1)} repeats that try alone.
   *
   * @param number the first try's seed, 0 unless told
   * @return the laws
   */
  public Laws seed(long number) {
    return new Laws(function, arguments, admits, laws, devices, tries, number);
  }

  /**
   * Tries the function.
   *
   * @return how much was compared
   * @throws LawBroken if it breaks a law, or throws; with the smallest arguments found for which it
   *     does
   * @throws TensorException if {@link #ofMany} was not told of which tensors; and if of {@value
   *     #MANY} elements or more none could be compared under one of the laws, or if there were none
   *     at all, or none on one of the devices: that would say nothing of the function
   */
  public LawReport check() {
    List<DeviceLaw> onDevices =
        devices.stream().map(name -> DeviceLaw.of(Device.of(name))).toList();
    Set<DeviceLaw> telling = new HashSet<>();
    Tally tally = new Tally();
    for (int i = 0; i < tries; i++) {
      long each = seed + i;
      Random random = Seeds.spread(each);
      Example example = new FunctionExample(function, arguments.apply(random), admits);
      tally.example();
      Examination examination = new Examination(example, each);
      for (Law law : laws) {
        tally.add(examination.check(law));
      }
      for (DeviceLaw device : onDevices) {
        device.check(example, each);
        if (!telling.contains(device) && device.takes(example)) {
          telling.add(device);
        }
      }
    }
    for (DeviceLaw device : onDevices) {
      requireTelling(device, telling);
    }
    return telling(tally.report(), !onDevices.isEmpty());
  }

  private static void requireTelling(DeviceLaw device, Set<DeviceLaw> telling) {
    if (!telling.contains(device)) {
      throw new TensorException(
          Text.of(
              "laws: %s does not compute in float64, as the function does, so that nothing was"
                  + " compared; draw its arguments in float32: tensors().dtype(DType.FLOAT32)",
              device.device().name()));
    }
  }

  /** A report, if it says something under every law that speaks of the function. */
  private LawReport telling(LawReport report, boolean wasOnDevices) {
    long all = 0;
    for (Law law : laws) {
      long certified = report.certified().get(law);
      long excused = report.excused().get(law);
      if (certified == 0 && excused >= MANY) {
        throw new TensorException(
            Text.of(
                "laws: of %,d elements none could be compared under %s: all are infinite, no"
                    + " numbers, or off by a tenth of themselves for rounding alone; draw other"
                    + " arguments, such as tensors().between(0.1, 3)",
                excused, law));
      }
      all += certified;
    }
    if (all == 0 && !wasOnDevices) {
      throw new TensorException(
          laws.isEmpty()
              ? "laws: there are neither laws nor devices to check; name one of them"
              : "laws: there was nothing to compare; a derivative is of floating point arguments"
                  + " and results, that are not empty");
    }
    return report;
  }

  /**
   * Holds an example to a law; to several, {@link Examination} does it in less time.
   *
   * @param example the example, such as a {@link RandomProgram}
   * @param law the law
   * @param seed which directions and cotangents
   * @return how much was compared
   * @throws LawBroken if it breaks the law, or throws; with the smallest example found that does
   */
  public static Verdict checked(Example example, Law law, long seed) {
    return new Examination(example, seed).check(law);
  }
}
