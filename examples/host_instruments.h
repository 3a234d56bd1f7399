/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the instruments of host_metrics: names and units, those of OpenTelemetry's semantic
 * conventions. Knows nothing of where the figures come from. */
#ifndef EXAMPLES_HOST_INSTRUMENTS_H
#define EXAMPLES_HOST_INSTRUMENTS_H

#include <tacho/tacho.h>

/* Instruments that one callback serves stand together. */
enum host_instrument {
    CPU_TIME,
    MEMORY_USAGE,
    MEMORY_LIMIT,
    MEMORY_AVAILABLE,
    LOAD_1M,
    LOAD_5M,
    LOAD_15M,
    NETWORK_IO,
    NETWORK_PACKETS,
    DISK_IO,
    DISK_OPERATIONS,
    OWN_CPU_TIME,
    OWN_MEMORY,
    HOST_INSTRUMENT_COUNT
};

/** Creates all of them, without callbacks. */
void host_create_instruments(tacho_meter *meter, tacho_observable *out[HOST_INSTRUMENT_COUNT]);

#endif
