/** What a run leaves to look at: sample grids as PNG, {@code summary.json} and a report as HTML. */
package org.fluxion.meanflow.report;
