/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the slow half of the dispatch: creating, binding, registering, removing, through any
 * meter or instrument. Recording is in dispatch_sync.c. No function here takes a lock of its own;
 * nothing returns NULL unless it says so. */
#ifndef TACHOI_DISPATCH_H
#define TACHOI_DISPATCH_H

#include "tacho/spi.h"

tacho_spi_instrument *tachoi_api_create_instrument(tacho_meter *meter,
                                                   const tacho_spi_instrument_request *request);
tacho_spi_bound *tachoi_api_bind(tacho_spi_instrument *instrument, tacho_attributes attributes);
void tachoi_api_release(tacho_spi_bound *bound);

/** As tacho_counter_remove and tacho_counter_series_count, for an instrument of any kind. */
int tachoi_api_remove(tacho_spi_instrument *instrument, tacho_attributes attributes);
size_t tachoi_api_series_count(tacho_spi_instrument *instrument);

#endif
