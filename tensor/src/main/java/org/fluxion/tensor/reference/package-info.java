/** The backend that runs programs by their definition, in double precision. */
package org.fluxion.tensor.reference;
