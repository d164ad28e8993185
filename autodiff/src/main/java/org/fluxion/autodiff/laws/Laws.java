package org.fluxion.autodiff.laws;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
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
  private final Arguments arguments;
  private final List<Law> laws;
  private final List<String> devices;
  private final int tries;
  private final long seed;

  /**
   * Which arguments a function is tried at.
   *
   * @param drawn draws them
   * @param admits which simpler ones a counterexample may have
   * @param haveSlopes whether differences are to be taken at some, where the function has any
   */
  private record Arguments(
      Function<Random, List<Tensor>> drawn,
      Predicate<List<Tensor>> admits,
      Predicate<List<Tensor>> haveSlopes) {}

  private Laws(
      Function<List<Tensor>, List<Tensor>> function,
      Arguments arguments,
      List<Law> laws,
      List<String> devices,
      int tries,
      long seed) {
    this.function = function;
    this.arguments = arguments;
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
    return ofMany(new OfOne(f)).over(TensorGenerator.tensors());
  }

  /** A function of one tensor as one of a list, which has but one. */
  private record OfOne(UnaryOperator<Tensor> f) implements Function<List<Tensor>, List<Tensor>> {
    @Override
    public List<Tensor> apply(List<Tensor> x) {
      return List.of(f.apply(x.get(0)));
    }
  }

  /**
   * Of a function of several tensors, with several results.
   *
   * @param f the function
   * @return its laws; {@link #over} has to say of which tensors
   */
  public static Laws ofMany(Function<List<Tensor>, List<Tensor>> f) {
    Arguments unsaid = new Arguments(random -> unsaid(), any -> true, any -> true);
    return new Laws(f, unsaid, Law.upTo(2), List.of(), TRIES, 0);
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
    return near(f, example, 1);
  }

  /**
   * The same, nearer to the example or farther from it: near where a moved parameter would leave
   * what the function is meant for, far where it is too smooth to show much.
   *
   * @param f the function
   * @param example the example
   * @param by by how much its floating point tensors are moved at most, at random
   * @param <A> what f takes
   * @param <B> what f returns
   * @return its laws
   * @throws TensorException if they are not to be moved at all
   */
  public static <A extends Tree<A>, B extends Tree<B>> Laws near(
      Function<A, B> f, A example, double by) {
    if (!(by > 0 && by < Double.POSITIVE_INFINITY)) {
      throw new TensorException(
          Text.of(
              "laws: expected a finite distance from the example above 0, got %s; to try the"
                  + " example alone, say near(f, example).at(…) with its leaves",
              by));
    }
    return ofMany(OfTree.of(f, example))
        .over(random -> example.leaves().stream().map(leaf -> moved(leaf, random, by)).toList());
  }

  private static Tensor moved(Tensor leaf, Random random, double most) {
    if (!leaf.dtype().isFloating()) {
      return leaf.detach();
    }
    double[] by = random.doubles(leaf.shape().elements(), -most, most).toArray();
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
    return over(ArgumentsGenerator.each(generators));
  }

  /**
   * The same over arguments of which the shapes hang on each other as a generator has it. Those of
   * a counterexample do so too.
   *
   * @param generator of all arguments, such as {@link ArgumentsGenerator#broadcasting}
   * @return the laws
   */
  public Laws over(ArgumentsGenerator generator) {
    return over(new Arguments(generator::draw, generator::holds, Laws::areFinite));
  }

  /**
   * The same over arguments that hang on each other in another way.
   *
   * @param drawn draws the arguments
   * @return the laws
   */
  public Laws over(Function<Random, List<Tensor>> drawn) {
    return over(new Arguments(drawn, any -> true, any -> true));
  }

  /**
   * The same at these arguments alone, as a counterexample prints them, along other directions in
   * each try. What breaks a law there is reported at them, and not at simpler ones.
   *
   * @param x the arguments; of a tree, its leaves
   * @return the laws
   * @throws TensorException if there are none
   */
  public Laws at(Tensor... x) {
    if (x.length == 0) {
      throw new TensorException("laws: expected the arguments to try, got none");
    }
    List<Tensor> values = Stream.of(x).map(Tensor::detach).toList();
    return over(new Arguments(random -> values, simpler -> false, Laws::areFinite));
  }

  private Laws over(Arguments others) {
    return new Laws(function, others, laws, devices, tries, seed);
  }

  /** At infinities and at what is no number there are no slopes. */
  private static boolean areFinite(List<Tensor> arguments) {
    return arguments.stream()
        .filter(x -> x.dtype().isFloating())
        .allMatch(x -> DoubleStream.of(x.toDoubleArray()).allMatch(Double::isFinite));
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
    return new Laws(function, arguments, Law.upTo(most), devices, tries, seed);
  }

  /**
   * Only some of the laws.
   *
   * @param some the laws; none of them if only devices are to be checked
   * @return these
   */
  public Laws only(Law... some) {
    return new Laws(function, arguments, List.of(some), devices, tries, seed);
  }

  /**
   * Besides, the function and its derivatives run as programs on some devices, where they are to
   * agree with the reference as nearly as the device's arithmetic allows.
   *
   * @param names what {@link Device#of} takes
   * @return the laws
   */
  public Laws devices(String... names) {
    return new Laws(function, arguments, laws, Arrays.asList(names), tries, seed);
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
    return new Laws(function, arguments, laws, devices, number, seed);
  }

  /**
   * The same with other draws; the same seed draws the same. Each try has the next seed, which a
   * report names: {@code seed(number).tries(1)} repeats that try alone.
   *
   * @param number the first try's seed, 0 unless told
   * @return the laws
   */
  public Laws seed(long number) {
    return new Laws(function, arguments, laws, devices, tries, number);
  }

  /**
   * Tries the function.
   *
   * @return how much was compared
   * @throws LawBroken if it breaks a law, or throws; with the smallest arguments found for which it
   *     does
   * @throws TensorException if {@link #ofMany} was not told of which tensors, or {@link #of} of
   *     more than one; and if of {@value #MANY} elements or more none could be compared under one
   *     of the laws or on one of the devices, or if there were none at all: that would say nothing
   *     of the function. A single try may be of an empty tensor, so that a seed can be repeated
   */
  public LawReport check() {
    Map<String, DeviceLaw> onDevices = new LinkedHashMap<>();
    devices.forEach(name -> onDevices.put(name, DeviceLaw.of(Device.of(name))));
    Tally tally = new Tally();
    for (int i = 0; i < tries; i++) {
      long each = seed + i;
      Example example = new FunctionExample(function, drawn(each), arguments.admits());
      tally.example();
      Examination examination = new Examination(example, each);
      boolean hasSlopes = arguments.haveSlopes().test(example.values());
      for (Law law : laws) {
        if (law.takesDifferences() && !hasSlopes) {
          tally.nothing(law);
        } else {
          tally.add(examination.check(law));
        }
      }
      onDevices.forEach((name, device) -> tally.add(name, device.check(example, each)));
    }
    LawReport report = tally.report();
    report.devices().forEach(Laws::requireTelling);
    return telling(report);
  }

  /** The arguments of a try. */
  private List<Tensor> drawn(long each) {
    List<Tensor> drawn = arguments.drawn().apply(Seeds.spread(each));
    if (function instanceof OfOne && drawn.size() != 1) {
      throw new TensorException(
          Text.of(
              "laws: expected one tensor for a function of one, got %d; a function of several is"
                  + " Laws.ofMany(…)",
              drawn.size()));
    }
    return drawn;
  }

  private static void requireTelling(String device, LawReport.OnDevice seen) {
    if (seen.examples() == 0) {
      throw new TensorException(
          Text.of(
              "laws: %s does not compute in float64, as the function does, so that nothing was"
                  + " compared; draw its arguments in float32: tensors().dtype(DType.FLOAT32)",
              device));
    }
    if (seen.certified() == 0 && seen.excused() >= MANY) {
      throw new TensorException(
          Text.of(
              "laws: of %,d elements none could be compared on %s: nothing is known of any; draw"
                  + " other arguments, such as tensors().between(0.1, 3)",
              seen.excused(), device));
    }
  }

  /** A report, if it says something under every law that speaks of the function. */
  private LawReport telling(LawReport report) {
    long all = 0;
    for (Law law : laws) {
      long certified = report.certified().get(law);
      long excused = report.excused().get(law);
      if (certified == 0 && excused >= MANY) {
        throw new TensorException(
            Text.of(
                "laws: of %,d elements none could be compared under %s: all are infinite, no"
                    + " numbers, or off by a tenth of themselves for rounding alone; try other"
                    + " arguments, such as over(tensors().between(0.1, 3))",
                excused, law));
      }
      all += certified;
    }
    if (all == 0 && devices.isEmpty() && !isOneWithoutElements()) {
      throw new TensorException(
          laws.isEmpty()
              ? "laws: there are neither laws nor devices to check; name one of them"
              : "laws: there was nothing to compare; a derivative is of floating point arguments"
                  + " and results, that are not empty");
    }
    return report;
  }

  /**
   * Whether there is one try, of which nothing comes: as where the seed of a check of many, some of
   * them empty, is repeated.
   */
  private boolean isOneWithoutElements() {
    return tries == 1
        && !laws.isEmpty()
        && function.apply(drawn(seed)).stream().allMatch(y -> y.shape().elements() == 0);
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
