/** Tensors and programs for those who test with jqwik. */
package org.fluxion.jqwik;
