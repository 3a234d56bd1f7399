/* SPDX-License-Identifier: Apache-2.0 */
/* The API's way to meters and instruments: requests are judged here and problems are told, then the
 * pipeline makes what was asked for. A name that breaks the rule gives no instrument: its data
 * could not be told from that of others (INST-09 leaves the choice). (SDK-04..06, INST-01..13) */
#include <string.h>

#include "aggregation/explicit_histogram.h"
#include "base/options.h"
#include "pipeline/callback.h"
#include "pipeline/scope.h"
#include "provider/provider.h"
#include "tacho/sdk/diagnostics.h"

#define NAME_MAX_LENGTH 255

/* --- meters --- */

static tacho_scope scope_identity(const char *name, const tacho_scope_options *options) {
    tacho_scope_options known = {0};
    int status = tachoi_options_copy(options, &known, sizeof known, sizeof known);
    if (status != TACHO_OK) {
        known = (tacho_scope_options){0};
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "meter_provider", "scope_options_invalid",
                                 "the options of meter `%.64s` are ignored: struct_size: %s",
                                 name != NULL ? name : "", tacho_status_text(status));
    }
    if (name == NULL || name[0] == '\0') {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "meter_provider", "meter_name_empty",
                                 "a meter was asked for with an empty name; give the name of the "
                                 "measuring library");
    }
    return (tacho_scope){.name = tacho_string_from(name),
                         .version = tacho_string_from(known.version),
                         .schema_url = tacho_string_from(known.schema_url),
                         .attributes = known.attributes};
}

static tacho_spi_meter *get_meter(void *self, const char *name,
                                  const tacho_scope_options *options) {
    const tacho_meter_provider *provider = self;
    if (provider->is_disabled || !tachoi_pipeline_is_open(provider->pipeline)) {
        return NULL;
    }
    tacho_scope identity = scope_identity(name, options);
    struct tachoi_scope *scope = tachoi_pipeline_scope(provider->pipeline, &identity);
    if (scope == NULL) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "meter_provider", "no_meter",
                                 "no memory for meter `%.64s`; it does nothing",
                                 name != NULL ? name : "");
        return NULL;
    }
    return &scope->handle;
}

const tacho_spi_provider_ops tachoi_provider_ops = {
    .struct_size = sizeof(tacho_spi_provider_ops),
    .get_meter = get_meter,
};

/* --- requests for instruments --- */

static bool is_letter(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

static bool is_name_character(char character) {
    return is_letter(character) || (character >= '0' && character <= '9') || character == '_' ||
           character == '.' || character == '-' || character == '/';
}

/* API-14; NULL if the name is good, else what is wrong with it. */
static const char *name_fault(const char *name) {
    if (name == NULL || name[0] == '\0') {
        return "it is empty";
    }
    if (!is_letter(name[0])) {
        return "it does not begin with an ASCII letter";
    }
    size_t length = 0;
    while (length <= NAME_MAX_LENGTH && name[length] != '\0') {
        if (!is_name_character(name[length])) {
            return "it has a character that is no ASCII letter, digit, _ . - or /";
        }
        length++;
    }
    return length > NAME_MAX_LENGTH ? "it has more than 255 characters" : NULL;
}

/* INST-12: advice that is wrong counts as absent. */
static void read_bounds(const char *name, const tacho_instrument_options *options,
                        struct tachoi_instrument_about *about) {
    const double *bounds = options->explicit_bucket_boundaries;
    size_t count = options->explicit_bucket_boundary_count;
    const char *fault = NULL;
    if (bounds == NULL) {
        fault = count > 0 ? "there is a number of them, but no pointer" : NULL;
    } else if (about->kind != TACHO_INSTRUMENT_HISTOGRAM) {
        fault = "only histograms have buckets";
    } else if (!tachoi_bounds_are_valid(bounds, count)) {
        fault = "they are not finite and strictly increasing";
    } else {
        about->bounds = bounds;
        about->bound_count = count;
    }
    if (fault != NULL) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "meter", "boundaries_invalid",
                                 "instrument `%.64s`: explicit_bucket_boundaries are ignored: %s",
                                 name, fault);
    }
}

/* False if there is nothing to make an instrument of. */
static bool read_request(const tacho_spi_instrument_request *request,
                         struct tachoi_instrument_about *about) {
    const char *fault = name_fault(request->name);
    if (fault != NULL) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "meter", "instrument_name_invalid",
                                 "an instrument does nothing because of its field name, `%.64s`: "
                                 "%s",
                                 request->name != NULL ? request->name : "", fault);
        return false;
    }
    tacho_instrument_options known = {0};
    int status = tachoi_options_copy(request->options, &known, sizeof known, sizeof known);
    if (status != TACHO_OK) {
        known = (tacho_instrument_options){0};
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "meter", "instrument_options_invalid",
                                 "the options of instrument `%.64s` are ignored: struct_size: %s",
                                 request->name, tacho_status_text(status));
    }
    *about = (struct tachoi_instrument_about){
        .kind = request->kind,
        .number_type =
            request->kind == TACHO_INSTRUMENT_HISTOGRAM ? TACHO_NUMBER_F64 : request->number_type,
        .name = tacho_string_from(request->name),
        .unit = tacho_string_from(known.unit),
        .description = tacho_string_from(known.description),
    };
    read_bounds(request->name, &known, about);
    return true;
}

static const char *kind_text(const struct tachoi_instrument_about *about) {
    static const char *const names[] = {
        "counter",         "up-down counter",    "gauge",
        "histogram",       "observable counter", "observable up-down counter",
        "observable gauge"};
    return names[about->kind];
}

static void tell_conflicts(const struct tachoi_instrument_about *about,
                           const struct tachoi_instrument_verdict *verdict) {
    const struct tachoi_instrument_about *seen =
        verdict->seen != NULL ? &verdict->seen->about : about;
    if ((verdict->conflicts & TACHOI_CONFLICT_CASING) != 0) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "meter", "name_casing",
                                 "instrument `%s` exists as `%s`; that spelling is used",
                                 about->name.data, seen->name.data);
    }
    if ((verdict->conflicts & TACHOI_CONFLICT_IDENTITY) != 0) {
        tacho_diagnostics_report(
            TACHO_SEVERITY_WARNING, "meter", "duplicate_instrument",
            "instrument `%s` (%s of %s, unit `%.63s`) was made before as %s of %s, unit `%.63s`; "
            "both are exported: make kind, number type, unit and description equal, or rename one",
            seen->name.data, kind_text(about),
            about->number_type == TACHO_NUMBER_I64 ? "integers" : "doubles", about->unit.data,
            kind_text(seen), seen->number_type == TACHO_NUMBER_I64 ? "integers" : "doubles",
            seen->unit.data);
    }
    if ((verdict->conflicts & TACHOI_CONFLICT_ADVISORY) != 0) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "meter", "duplicate_advice",
                                 "instrument `%s` was made before with other boundaries; those are "
                                 "used",
                                 seen->name.data);
    }
}

static tacho_spi_instrument *create_instrument(void *self,
                                               const tacho_spi_instrument_request *request) {
    struct tachoi_scope *scope = self;
    struct tachoi_instrument_about about;
    if (!tachoi_pipeline_is_open(scope->pipeline) || !read_request(request, &about)) {
        return NULL;
    }
    struct tachoi_instrument_verdict verdict;
    struct tachoi_instrument *instrument = tachoi_scope_instrument(scope, &about, &verdict);
    if (instrument == NULL) {
        if (tachoi_pipeline_is_open(scope->pipeline)) {
            tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "meter", "no_instrument",
                                     "no memory for instrument `%s`; it does nothing",
                                     about.name.data);
        }
        return NULL;
    }
    tell_conflicts(&about, &verdict);
    return &instrument->handle;
}

static int register_callback(void *self, tacho_observe_fn callback, void *user,
                             const tacho_spi_instrument *const *observables, size_t count,
                             tacho_spi_callback **out) {
    return tachoi_scope_register_callback(self, callback, user, observables, count, out);
}

const tacho_spi_meter_ops tachoi_meter_ops = {
    .struct_size = sizeof(tacho_spi_meter_ops),
    .create_instrument = create_instrument,
    .register_callback = register_callback,
};
