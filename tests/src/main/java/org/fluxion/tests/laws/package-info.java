/** The laws of derivatives over many random programs. */
package org.fluxion.tests.laws;
