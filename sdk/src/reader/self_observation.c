/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/self_observation.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"

#define METER_NAME "tacho.sdk"
#define MAX_ATTRIBUTES 3
#define NAME_COUNTERS 64

/* --- names --- */

/* How many components of a type there have been in this process. Types that share a place leave
 * gaps in each other's numbers, no more. */
static unsigned next_number(const char *type) {
    static _Atomic(unsigned) counters[NAME_COUNTERS];
    size_t place = (size_t)(tachoi_hash_bytes(type, strlen(type), 0) % NAME_COUNTERS);
    return atomic_fetch_add_explicit(&counters[place], 1, memory_order_relaxed);
}

static void name_component(struct tachoi_component *component, const char *type,
                           const char *ending) {
    (void)snprintf(component->type, sizeof component->type, "%.48s%s", type, ending);
    (void)snprintf(component->name, sizeof component->name, "%s/%u", component->type,
                   next_number(component->type));
}

/* OBS-02, OBS-03: a failure of no closer kind is `failed`, in the component's word. */
static const char *error_type(int status, const char *failed) {
    switch (status) {
    case TACHO_OK:
        return NULL;
    case TACHO_E_INVALID:
        return "invalid";
    case TACHO_E_NO_MEMORY:
        return "no_memory";
    case TACHO_E_TIMEOUT:
        return "timeout";
    case TACHO_E_UNSUPPORTED:
        return "unsupported";
    case TACHO_E_BUSY:
        return "busy";
    case TACHO_E_SHUTDOWN:
        return "shutdown";
    case TACHO_E_FORKED:
        return "forked";
    case TACHO_E_SYSTEM:
        return "system";
    case TACHO_E_NOT_FOUND:
        return "not_found";
    case TACHO_E_FAILED:
        return failed;
    default:
        return "_OTHER";
    }
}

/* Fills `items` and returns a view of them; `error` is NULL where all went well. */
static tacho_attributes describe(const struct tachoi_component *component, const char *error,
                                 tacho_attribute items[MAX_ATTRIBUTES]) {
    size_t count = 0;
    items[count++] = TACHO_STR("otel.component.name", component->name);
    items[count++] = TACHO_STR("otel.component.type", component->type);
    if (error != NULL) {
        items[count++] = TACHO_STR("error.type", error);
    }
    return tacho_attributes_from(items, count);
}

/* --- instruments --- */

static tacho_histogram *make_duration(tacho_meter *meter, const char *name,
                                      const char *description) {
    const tacho_instrument_options options = {.struct_size = sizeof options,
                                              .unit = "s",
                                              .description = description,
                                              .explicit_bucket_boundaries = TACHO_NO_BOUNDARIES};
    return tacho_meter_create_histogram(meter, name, &options);
}

static void observe_exporter(struct tachoi_self_observation *self, tacho_meter *meter,
                             bool has_account) {
    self->inflight = tacho_meter_create_up_down_counter(
        meter, "otel.sdk.exporter.metric_data_point.inflight",
        TACHO_OPTIONS(tacho_instrument_options, .unit = "{data_point}",
                      .description = "Data points that were given to the exporter and are not yet "
                                     "delivered or given up"));
    self->exported = tacho_meter_create_counter(
        meter, "otel.sdk.exporter.metric_data_point.exported",
        TACHO_OPTIONS(tacho_instrument_options, .unit = "{data_point}",
                      .description = "Data points whose export has ended, well or not"));
    if (!has_account) {
        self->export_duration = make_duration(meter, "otel.sdk.exporter.operation.duration",
                                              "How long one export took");
    }
}

void tachoi_self_observation_init(struct tachoi_self_observation *self,
                                  tacho_meter_provider *provider, const char *reader_type,
                                  const char *exporter, bool has_account) {
    tacho_meter *meter = tacho_meter_provider_get_meter(
        provider, METER_NAME, TACHO_OPTIONS(tacho_scope_options, .version = TACHO_VERSION));
    name_component(&self->reader, reader_type, "");
    self->collection_duration = make_duration(meter, "otel.sdk.metric_reader.collection.duration",
                                              "How long one collection took");
    if (exporter != NULL) {
        name_component(&self->exporter, exporter, "_metric_exporter");
        observe_exporter(self, meter, has_account);
    }
}

/* --- recording --- */

/* A provider that measures itself and has been shut down takes nothing more: that is no loss to be
 * told (OBS-01: best effort at the end). */
static void record_seconds(tacho_histogram *histogram, uint64_t duration_ns,
                           tacho_attributes attributes) {
    if (tacho_histogram_enabled(histogram, NULL)) {
        tacho_histogram_record(histogram, (double)duration_ns / TACHOI_NS_PER_S, attributes);
    }
}

void tachoi_self_observe_collection(const struct tachoi_self_observation *self,
                                    uint64_t duration_ns, int status) {
    tacho_attribute items[MAX_ATTRIBUTES];
    if (self->collection_duration != NULL) {
        record_seconds(self->collection_duration, duration_ns,
                       describe(&self->reader, error_type(status, "failed"), items));
    }
}

static void add_inflight(const struct tachoi_self_observation *self, int64_t points) {
    tacho_attribute items[MAX_ATTRIBUTES];
    if (tacho_up_down_counter_enabled(self->inflight, NULL)) {
        tacho_up_down_counter_add(self->inflight, points, describe(&self->exporter, NULL, items));
    }
}

static void add_exported(const struct tachoi_self_observation *self, uint64_t points,
                         const char *error) {
    tacho_attribute items[MAX_ATTRIBUTES];
    if (points > 0) {
        tacho_counter_add(self->exported, (int64_t)points, describe(&self->exporter, error, items));
    }
}

void tachoi_self_observe_account(struct tachoi_self_observation *self,
                                 const tacho_metric_exporter *exporter) {
    if (self->inflight == NULL || self->export_duration != NULL ||
        !(tacho_counter_enabled(self->exported, NULL) ||
          tacho_up_down_counter_enabled(self->inflight, NULL))) {
        return; /* all of it will be told when somebody listens */
    }
    tacho_delivery now;
    tacho_metric_exporter_delivery(exporter, &now);
    if (now.pending != self->told.pending) {
        add_inflight(self, (int64_t)(now.pending - self->told.pending));
    }
    add_exported(self, now.acknowledged - self->told.acknowledged, NULL);
    add_exported(self, now.failed - self->told.failed, "rejected");
    add_exported(self, now.dropped - self->told.dropped, "dropped");
    self->told = now;
}

void tachoi_self_observe_export_begin(const struct tachoi_self_observation *self, size_t points) {
    if (self->export_duration != NULL) {
        add_inflight(self, (int64_t)points);
    }
}

void tachoi_self_observe_export_end(const struct tachoi_self_observation *self, size_t points,
                                    uint64_t begin_ns, int status) {
    tacho_attribute items[MAX_ATTRIBUTES];
    if (self->export_duration == NULL) {
        return;
    }
    tacho_attributes outcome = describe(&self->exporter, error_type(status, "rejected"), items);
    add_inflight(self, -(int64_t)points);
    if (tacho_counter_enabled(self->exported, NULL)) {
        tacho_counter_add(self->exported, (int64_t)points, outcome);
    }
    record_seconds(self->export_duration, tachoi_monotonic_ns() - begin_ns, outcome);
}
