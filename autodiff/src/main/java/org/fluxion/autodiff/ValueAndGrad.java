package org.fluxion.autodiff;

import org.fluxion.tensor.Tensor;

/**
 * A scalar value and its gradient.
 *
 * @param value the function's value, of shape []
 * @param gradient its gradient: structure, shapes and dtypes of the argument
 * @param <A> what the function takes
 */
public record ValueAndGrad<A>(Tensor value, A gradient) {}
