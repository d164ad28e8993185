package org.fluxion.tensor;

/**
 * What one step of a program gives: the state that the next step starts from, and what to report.
 *
 * @param state the new state, of the old one's structure
 * @param result whatever else was computed
 * @param <S> the state
 * @param <R> the result
 */
public record Step<S extends Tree<S>, R extends Tree<R>>(S state, R result) {}
