/* SPDX-License-Identifier: Apache-2.0 */
/* host_metrics: an agent that pushes this machine's figures out of /proc every second.
 *
 *     host_metrics [--endpoint URL] [--interval-ms N] [--duration-s N]
 *
 * The lesson: what exists anyway is not recorded but observed. No loop here copies numbers about;
 * an observable instrument is asked at each collection. One callback reads one file of /proc, once,
 * and serves all instruments that live on it, so that their values belong together. A callback that
 * cannot read its file observes nothing, and the series have no value in that collection.
 *
 * In Prometheus: rate(system_cpu_time_seconds_total{cpu_mode!="idle"}[1m]), and so on. Ends on
 * SIGINT, SIGTERM or after --duration-s; the last figures are delivered. */
#include <stdio.h>

#include <tacho/tacho.h>

#include "common.h"
#include "host_instruments.h"
#include "host_proc.h"

enum { MAX_DEVICES = 64, DEADLINE_MS = 5000 };

static tacho_observable *host[HOST_INSTRUMENT_COUNT]; /* complete before a callback is registered */

static void observe_cpu(tacho_observer *observer, void *user) {
    (void)user;
    double seconds[HOST_CPU_MODE_COUNT];
    if (!host_read_cpu(seconds)) {
        return;
    }
    for (size_t i = 0; i < HOST_CPU_MODE_COUNT; i++) {
        tacho_observe_f64(observer, host[CPU_TIME], seconds[i],
                          TACHO_ATTRS(TACHO_STR("cpu.mode", host_cpu_modes[i])));
    }
}

static void observe_memory_state(tacho_observer *observer, const char *state, int64_t bytes) {
    tacho_observe_i64(observer, host[MEMORY_USAGE], bytes,
                      TACHO_ATTRS(TACHO_STR("system.memory.state", state)));
}

static void observe_memory(tacho_observer *observer, void *user) {
    (void)user;
    struct host_memory now;
    if (!host_read_memory(&now)) {
        return;
    }
    observe_memory_state(observer, "free", now.free);
    observe_memory_state(observer, "buffers", now.buffers);
    observe_memory_state(observer, "cached", now.cached);
    observe_memory_state(observer, "used", now.total - now.free - now.buffers - now.cached);
    tacho_observe_i64(observer, host[MEMORY_LIMIT], now.total, TACHO_NO_ATTRS);
    tacho_observe_i64(observer, host[MEMORY_AVAILABLE], now.available, TACHO_NO_ATTRS);
}

static void observe_load(tacho_observer *observer, void *user) {
    (void)user;
    double loads[3];
    if (host_read_load(loads)) {
        tacho_observe_f64(observer, host[LOAD_1M], loads[0], TACHO_NO_ATTRS);
        tacho_observe_f64(observer, host[LOAD_5M], loads[1], TACHO_NO_ATTRS);
        tacho_observe_f64(observer, host[LOAD_15M], loads[2], TACHO_NO_ATTRS);
    }
}

/* Networks and disks differ in their words only: `user` is how one callback serves both. */
struct device_kind {
    size_t (*read)(struct host_device *devices, size_t max);
    enum host_instrument io, operations;
    const char *name_key, *direction_key, *in, *out;
};

static void observe_devices(tacho_observer *observer, void *user) {
    const struct device_kind *kind = user;
    struct host_device devices[MAX_DEVICES];
    size_t count = kind->read(devices, MAX_DEVICES);
    for (size_t i = 0; i < count; i++) {
        tacho_attribute name = TACHO_STR(kind->name_key, devices[i].name);
        tacho_attributes in = TACHO_ATTRS(name, TACHO_STR(kind->direction_key, kind->in));
        tacho_attributes out = TACHO_ATTRS(name, TACHO_STR(kind->direction_key, kind->out));
        tacho_observe_i64(observer, host[kind->io], devices[i].bytes_in, in);
        tacho_observe_i64(observer, host[kind->io], devices[i].bytes_out, out);
        tacho_observe_i64(observer, host[kind->operations], devices[i].operations_in, in);
        tacho_observe_i64(observer, host[kind->operations], devices[i].operations_out, out);
    }
}

static void observe_process(tacho_observer *observer, void *user) {
    (void)user;
    struct host_process self;
    if (host_read_process(&self)) {
        tacho_observe_f64(observer, host[OWN_CPU_TIME], self.user_seconds,
                          TACHO_ATTRS(TACHO_STR("cpu.mode", "user")));
        tacho_observe_f64(observer, host[OWN_CPU_TIME], self.system_seconds,
                          TACHO_ATTRS(TACHO_STR("cpu.mode", "system")));
        tacho_observe_i64(observer, host[OWN_MEMORY], self.resident_bytes, TACHO_NO_ATTRS);
    }
}

static struct device_kind networks = {
    host_read_networks,     NETWORK_IO, NETWORK_PACKETS, "network.interface.name",
    "network.io.direction", "receive",  "transmit"};
static struct device_kind disks = {host_read_disks,     DISK_IO, DISK_OPERATIONS, "system.device",
                                   "disk.io.direction", "read",  "write"};

static const struct {
    tacho_observe_fn observe;
    void *user;
    enum host_instrument first;
    size_t count;
} sources[] = {
    {observe_cpu, NULL, CPU_TIME, 2},      {observe_memory, NULL, MEMORY_USAGE, 3},
    {observe_load, NULL, LOAD_1M, 3},      {observe_devices, &networks, NETWORK_IO, 2},
    {observe_devices, &disks, DISK_IO, 2}, {observe_process, NULL, OWN_CPU_TIME, 2},
};

static bool observe_host(tacho_meter *meter) {
    host_create_instruments(meter, host);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        int rc = tacho_meter_register_callback(meter, sources[i].observe, sources[i].user,
                                               &host[sources[i].first], sources[i].count, NULL);
        if (rc != TACHO_OK) {
            (void)fprintf(stderr, "cannot register a callback: %s\n", tacho_status_text(rc));
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv) {
    const char *endpoint = example_endpoint();
    uint32_t interval_ms = 1000;
    uint32_t duration_s = 0;
    (void)example_parse(argc, argv,
                        (const struct example_option[]){{"endpoint", &endpoint, NULL},
                                                        {"interval-ms", NULL, &interval_ms},
                                                        {"duration-s", NULL, &duration_s},
                                                        {0}},
                        "host_metrics [--endpoint URL] [--interval-ms N] [--duration-s N]");
    sigset_t signals;
    example_block_signals(&signals);
    tacho_meter_provider *provider = example_start("host_metrics", endpoint, interval_ms);
    if (provider == NULL) {
        return 2;
    }
    bool is_observing = observe_host(
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "host_metrics", NULL));
    if (is_observing) {
        example_wait(&signals, duration_s);
    }
    return example_stop(provider, DEADLINE_MS) && is_observing ? 0 : 1;
}
