package org.fluxion.autodiff;

import java.util.function.Function;

/**
 * A value and the map that pulls cotangents of it back to the argument.
 *
 * @param value the function's value
 * @param pullback from a cotangent of the value to the cotangent of the argument
 * @param <A> what the function takes
 * @param <B> what the function returns
 */
public record Vjp<A, B>(B value, Function<B, A> pullback) {}
