/**
 * Forward-mode derivatives, and reverse mode as their transpose.
 *
 * <p>What a derivative is where mathematics leaves it open, in every mode and order:
 *
 * <table>
 * <caption>Conventions</caption>
 * <tr><th>where</th><th>derivative</th></tr>
 * <tr><td>a tie in max, min, maximum, minimum, clip</td><td>shared equally: ½ and ½ for two</td></tr>
 * <tr><td>abs and sign at 0, floor at an integer, comparisons</td><td>0</td></tr>
 * <tr><td>sort, topK</td><td>of the elements where they ended up; equal ones keep their order</td></tr>
 * <tr><td>x<sup>y</sup> in x at y = 0 where 1/x is no number (0, the smallest
 *     subnormals), in y at x = 0</td><td>0</td></tr>
 * <tr><td>norm at 0</td><td>0</td></tr>
 * <tr><td>sqrt, log at 0</td><td>∞, as the limit is</td></tr>
 * <tr><td>an argument that is not used, stopGradient, casts to integers</td><td>zeros</td></tr>
 * <tr><td>what a function captures from outside</td><td>zero: it is a constant to it</td></tr>
 * <tr><td>item(), toFloatArray(), value(), detach() inside a function</td><td>zero: what
 *     is built from the numbers no longer knows where they came from, and no error can tell. An
 *     argument without a value yet, as a program's, is an error there</td></tr>
 * <tr><td>a variable that a custom function captures</td><td>an error, unless under stopGradient: its
 *     rule has a tangent of its operands alone</td></tr>
 * <tr><td>a label outside in crossEntropy, an index outside in take and takeAlong, where only a run
 *     knows it</td><td>zero for its row</td></tr>
 * <tr><td>an integer argument</td><td>an error</td></tr>
 * <tr><td>the branch that where does not take</td><td>0 forward; backward 0 times the branch's own
 *     derivative, which is NaN where that is infinite: keep its argument in the domain with a where of
 *     its own, {@code where(x > 0, where(x > 0, x, 1).log(), 0)}</td></tr>
 * </table>
 */
package org.fluxion.autodiff;
