/* SPDX-License-Identifier: Apache-2.0 */
/* The table of names and units, and the loop that turns it into instruments. */
#include "host_instruments.h"

/* The functions that create observable instruments all look like this. */
typedef tacho_observable *create_fn(tacho_meter *, const char *, const tacho_instrument_options *,
                                    tacho_observe_fn, void *);
static create_fn *const counter = tacho_meter_create_observable_counter;
static create_fn *const counter_f64 = tacho_meter_create_observable_counter_f64;
static create_fn *const up_down_counter = tacho_meter_create_observable_up_down_counter;
static create_fn *const gauge_f64 = tacho_meter_create_observable_gauge_f64;

static const struct {
    create_fn *const *create;
    const char *name;
    const char *unit;
} instruments[HOST_INSTRUMENT_COUNT] = {
    [CPU_TIME] = {&counter_f64, "system.cpu.time", "s"},
    [MEMORY_USAGE] = {&up_down_counter, "system.memory.usage", "By"},
    [MEMORY_LIMIT] = {&up_down_counter, "system.memory.limit", "By"},
    [MEMORY_AVAILABLE] = {&up_down_counter, "system.memory.linux.available", "By"},
    [LOAD_1M] = {&gauge_f64, "system.cpu.load_average.1m", "{thread}"},
    [LOAD_5M] = {&gauge_f64, "system.cpu.load_average.5m", "{thread}"},
    [LOAD_15M] = {&gauge_f64, "system.cpu.load_average.15m", "{thread}"},
    [NETWORK_IO] = {&counter, "system.network.io", "By"},
    [NETWORK_PACKETS] = {&counter, "system.network.packet.count", "{packet}"},
    [DISK_IO] = {&counter, "system.disk.io", "By"},
    [DISK_OPERATIONS] = {&counter, "system.disk.operations", "{operation}"},
    [OWN_CPU_TIME] = {&counter_f64, "process.cpu.time", "s"},
    [OWN_MEMORY] = {&up_down_counter, "process.memory.usage", "By"},
};

void host_create_instruments(tacho_meter *meter, tacho_observable *out[HOST_INSTRUMENT_COUNT]) {
    for (size_t i = 0; i < HOST_INSTRUMENT_COUNT; i++) {
        out[i] = (*instruments[i].create)(
            meter, instruments[i].name,
            TACHO_OPTIONS(tacho_instrument_options, .unit = instruments[i].unit), NULL, NULL);
    }
}
