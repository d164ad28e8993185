/**
 * The laws that every derivative obeys, and what it takes to hold a function to them: random
 * programs and tensors, a tolerance that follows from the arithmetic, and a search for the smallest
 * counterexample. Needs no test engine.
 */
package org.fluxion.autodiff.laws;
