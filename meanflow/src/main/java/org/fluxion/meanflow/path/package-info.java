/** Paths between data and noise, and proposals of times along them. */
package org.fluxion.meanflow.path;
