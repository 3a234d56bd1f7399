/* SPDX-License-Identifier: Apache-2.0 */
/* The API's way to meters and instruments: requests are judged here and problems are told, then the
 * pipeline makes what was asked for. A name that breaks the rule gives no instrument: its data
 * could not be told from that of others (INST-09 leaves the choice). (SDK-04..06, INST-01..13) */
#include <string.h>

#include "aggregation/explicit_histogram.h"
#include "base/alloc.h"
#include "base/options.h"
#include "pipeline/callback.h"
#include "pipeline/report.h"
#include "pipeline/scope.h"
#include "pipeline/setup.h"
#include "provider/duplicate.h"
#include "provider/provider.h"

#define NAME_MAX_LENGTH 255

/* Names in messages end in NUL: they are the caller's C strings or the pipeline's copies. */

/* --- meters --- */

static const char *text(const char *given) {
    return given != NULL ? given : "";
}

static tacho_scope scope_identity(const char *name, const tacho_scope_options *options) {
    tacho_scope_options known = {0};
    int status = tachoi_options_copy(options, &known, sizeof known, TACHOI_FIRST_SCOPE_OPTIONS);
    if (status != TACHO_OK) {
        char why[TACHOI_SIZE_TEXT_BYTES];
        tachoi_setup_describe_size(why, sizeof why, status, options, sizeof known,
                                   "tacho_scope_options");
        known = (tacho_scope_options){0};
        tachoi_report(TACHO_SEVERITY_ERROR, "meter_provider", "scope_options_invalid", text(name),
                      "the options of meter `%.64s` are ignored: tacho_scope_options.struct_size: "
                      "%s",
                      text(name), why);
    }
    if (name == NULL || name[0] == '\0') {
        tachoi_report(TACHO_SEVERITY_WARNING, "meter_provider", "meter_name_empty", NULL,
                      "a meter was asked for with an empty name; give the name of the measuring "
                      "library");
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
        tachoi_report(TACHO_SEVERITY_ERROR, "meter_provider", "no_meter", text(name),
                      "no memory for meter `%.64s`; it does nothing", text(name));
        return NULL;
    }
    return &scope->handle;
}

static void installed(void *self) {
    tacho_meter_provider *provider = self;
    atomic_store_explicit(&provider->was_installed, true, memory_order_relaxed);
}

const tacho_spi_provider_ops tachoi_provider_ops = {
    .struct_size = sizeof(tacho_spi_provider_ops),
    .get_meter = get_meter,
    .installed = installed,
};

/* --- requests for instruments --- */

static bool is_letter(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

static bool is_name_character(char character) {
    return is_letter(character) || (character >= '0' && character <= '9') || character == '_' ||
           character == '.' || character == '-' || character == '/';
}

/* API-14; NULL if the name, which is not empty, is good, else what is wrong with it. */
static const char *name_fault(const char *name) {
    if (!is_letter(name[0])) {
        return "does not begin with an ASCII letter";
    }
    size_t length = 0;
    while (length <= NAME_MAX_LENGTH && name[length] != '\0') {
        if (!is_name_character(name[length])) {
            return "has a character that is no ASCII letter, digit, _ . - or /";
        }
        length++;
    }
    return length > NAME_MAX_LENGTH ? "has more than 255 characters" : NULL;
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
        tachoi_report(TACHO_SEVERITY_WARNING, "meter", "boundaries_invalid", name,
                      "instrument `%.64s`: explicit_bucket_boundaries are ignored: %s", name,
                      fault);
    }
}

static const char *keys_fault(const char *const *keys, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (keys == NULL) {
            return "there is a number of them, but no pointer";
        }
        if (keys[i] == NULL || keys[i][0] == '\0') {
            return keys[i] == NULL ? "one of them is NULL" : "one of them is empty";
        }
    }
    return NULL;
}

/* The same for the keys, which go to `*owned`, the caller's to free; false if memory is short. */
static bool read_keys(const char *name, const tacho_instrument_options *options,
                      struct tachoi_instrument_about *about, tacho_string **owned) {
    const char *const *keys = options->attribute_keys;
    size_t count = options->attribute_key_count;
    const char *fault = keys_fault(keys, count);
    if (fault != NULL) {
        tachoi_report(TACHO_SEVERITY_WARNING, "meter", "attribute_keys_invalid", name,
                      "instrument `%.64s`: attribute_keys are ignored: %s", name, fault);
    }
    if (fault != NULL || keys == NULL) {
        return true;
    }
    *owned = tachoi_calloc(count, sizeof **owned);
    if (*owned == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        (*owned)[i] = tacho_string_from(keys[i]);
    }
    about->attribute_keys = *owned;
    about->attribute_key_count = count;
    return true;
}

static bool judge_name(const char *name) {
    if (text(name)[0] == '\0') {
        tachoi_report(TACHO_SEVERITY_ERROR, "meter", "instrument_name_invalid", "",
                      "instrument name is empty; the instrument does nothing");
        return false;
    }
    const char *fault = name_fault(name);
    if (fault != NULL) {
        tachoi_report(TACHO_SEVERITY_ERROR, "meter", "instrument_name_invalid", name,
                      "instrument name `%.64s` %s; the instrument does nothing", name, fault);
    }
    return fault == NULL;
}

/* What can be read of the options; nothing of those that are of a wrong size. */
static tacho_instrument_options read_options(const tacho_spi_instrument_request *request) {
    tacho_instrument_options known = {0};
    int status = tachoi_options_copy(request->options, &known, sizeof known,
                                     TACHOI_FIRST_INSTRUMENT_OPTIONS);
    if (status != TACHO_OK) {
        char why[TACHOI_SIZE_TEXT_BYTES];
        tachoi_setup_describe_size(why, sizeof why, status, request->options, sizeof known,
                                   "tacho_instrument_options");
        known = (tacho_instrument_options){0};
        tachoi_report(TACHO_SEVERITY_ERROR, "meter", "instrument_options_invalid", request->name,
                      "the options of instrument `%.64s` are ignored: "
                      "tacho_instrument_options.struct_size: %s",
                      request->name, why);
    }
    return known;
}

static void tell_no_memory(const char *name) {
    tachoi_report(TACHO_SEVERITY_ERROR, "meter", "no_instrument", name,
                  "no memory for instrument `%s`; it does nothing", name);
}

static void tell_conflicts(const struct tachoi_instrument_about *about,
                           const struct tachoi_instrument_verdict *verdict) {
    const struct tachoi_instrument_about *seen =
        verdict->seen != NULL ? &verdict->seen->about : about;
    if ((verdict->conflicts & TACHOI_CONFLICT_CASING) != 0) {
        tachoi_report(TACHO_SEVERITY_WARNING, "meter", "name_casing", about->name.data,
                      "instrument `%s` exists as `%s`; that spelling is used", about->name.data,
                      seen->name.data);
    }
    for (size_t i = 0; i < verdict->stream_count; i++) {
        tachoi_duplicate_tell(&verdict->streams[i]);
    }
    if ((verdict->conflicts & TACHOI_CONFLICT_ADVISORY) != 0) {
        tachoi_report(TACHO_SEVERITY_WARNING, "meter", "duplicate_advice", seen->name.data,
                      "instrument `%s` was made before with other advice (%s); the first is used",
                      seen->name.data,
                      about->kind == TACHO_INSTRUMENT_HISTOGRAM ? "boundaries or attribute_keys"
                                                                : "attribute_keys");
    }
}

static struct tachoi_instrument *make_instrument(struct tachoi_scope *scope,
                                                 const struct tachoi_instrument_about *about) {
    struct tachoi_instrument_verdict verdict;
    struct tachoi_instrument *instrument = tachoi_scope_instrument(scope, about, &verdict);
    if (instrument != NULL) {
        tell_conflicts(about, &verdict);
    } else if (tachoi_pipeline_is_open(scope->pipeline)) {
        tell_no_memory(about->name.data);
    }
    return instrument;
}

static tacho_spi_instrument *create_instrument(void *self,
                                               const tacho_spi_instrument_request *request) {
    struct tachoi_scope *scope = self;
    if (!tachoi_pipeline_is_open(scope->pipeline) || !judge_name(request->name)) {
        return NULL;
    }
    const tacho_instrument_options options = read_options(request);
    struct tachoi_instrument_about about = {
        .kind = request->kind,
        .number_type =
            request->kind == TACHO_INSTRUMENT_HISTOGRAM ? TACHO_NUMBER_F64 : request->number_type,
        .name = tacho_string_from(request->name),
        .unit = tacho_string_from(options.unit),
        .description = tacho_string_from(options.description),
    };
    tacho_string *keys = NULL;
    struct tachoi_instrument *instrument = NULL;
    read_bounds(request->name, &options, &about);
    if (read_keys(request->name, &options, &about, &keys)) {
        instrument = make_instrument(scope, &about);
    } else {
        tell_no_memory(request->name);
    }
    tachoi_free(keys);
    return instrument != NULL ? &instrument->handle : NULL;
}

static int register_callback(void *self, tacho_observe_fn callback, void *user,
                             const tacho_spi_instrument *const *observables, size_t count,
                             tacho_spi_callback **out) {
    const struct tachoi_scope *scope = self;
    int status = tachoi_scope_register_callback(self, callback, user, observables, count, out);
    if (status != TACHO_OK) {
        tachoi_report(TACHO_SEVERITY_ERROR, "meter", "callback_refused", scope->identity.name.data,
                      "a callback of meter `%.64s` is not registered: %s",
                      scope->identity.name.data,
                      status == TACHO_E_INVALID
                          ? "it needs a function and observable instruments of this very meter"
                          : tacho_status_text(status));
    }
    return status;
}

const tacho_spi_meter_ops tachoi_meter_ops = {
    .struct_size = sizeof(tacho_spi_meter_ops),
    .create_instrument = create_instrument,
    .register_callback = register_callback,
};
