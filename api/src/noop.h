/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the objects that do nothing: static, immortal, without state, safe from any thread
 * (NOOP-01..09). Every failure to create something answers with one of them. */
#ifndef TACHOI_NOOP_H
#define TACHOI_NOOP_H

#include "tacho/spi.h"

/** Tables of objects that do nothing; proxies without a target use them too. */
extern const tacho_spi_instrument_ops tachoi_noop_instrument_ops;
extern const tacho_spi_bound_ops tachoi_noop_bound_ops;

tacho_spi_meter *tachoi_noop_meter(void);
/** One per kind. */
tacho_spi_instrument *tachoi_noop_instrument(tacho_instrument_kind kind);
tacho_spi_bound *tachoi_noop_bound(void);

/** Whether the handle is one of the static objects (a proxy is not, even while it does nothing). */
bool tachoi_noop_is_instrument(const tacho_spi_instrument *instrument);

#endif
