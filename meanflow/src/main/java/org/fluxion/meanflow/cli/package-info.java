/** The command line {@code fluxion} and its subcommands. */
package org.fluxion.meanflow.cli;
