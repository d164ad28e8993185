package org.fluxion.autodiff;

/**
 * A value and its derivative along a direction.
 *
 * @param value the function's value
 * @param tangent its tangent: structure, shapes and dtypes of the value
 * @param <B> what the function returns
 */
public record Jvp<B>(B value, B tangent) {}
