/** Forward-mode derivatives, and reverse mode as their transpose. */
package org.fluxion.autodiff;
