package org.fluxion.tests.conformance;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Runs the conformance suite in a process of its own, whose error stream is then the driver's
 * alone: {@code SuiteMain DEVICE,… [METHOD…]}.
 */
public final class SuiteMain {
  private static final List<Class<?>> SUITE =
      List.of(ConformanceTest.class, DerivativesTest.class, ProgramsTest.class);

  private SuiteMain() {}

  /**
   * The names of the methods that run on each device.
   *
   * @return as {@link #main} takes them
   */
  public static List<String> names() {
    return methods().stream().map(Method::getName).toList();
  }

  private static List<Method> methods() {
    return SUITE.stream()
        .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
        .filter(method -> method.isAnnotationPresent(ParameterizedTest.class))
        .sorted((a, b) -> a.toString().compareTo(b.toString()))
        .toList();
  }

  /**
   * Runs it.
   *
   * @param arguments names of devices with commas between them, then methods
   */
  public static void main(String[] arguments) throws ReflectiveOperationException {
    List<String> wanted = List.of(arguments).subList(1, arguments.length);
    boolean failed = false;
    for (String device : arguments[0].split(",")) {
      for (Method method : methods()) {
        if (wanted.isEmpty() || wanted.contains(method.getName())) {
          long start = System.nanoTime();
          Object test = method.getDeclaringClass().getDeclaredConstructor().newInstance();
          try {
            method.invoke(test, device);
          } catch (InvocationTargetException thrown) {
            failed = true;
            System.out.println(thrown.getCause());
          }
          System.out.printf(
              "%s on %s: %.1f s%n", method.getName(), device, (System.nanoTime() - start) / 1e9);
        }
      }
    }
    System.exit(failed ? 1 : 0);
  }
}
