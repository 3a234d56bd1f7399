/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/provider_options.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/options.h"
#include "base/text.h"
#include "pipeline/report.h"
#include "pipeline/setup.h"
#include "pipeline/view.h"
#include "reader/reader.h"

/* --- the clock --- */

static uint64_t system_unix_ns(void *user) {
    (void)user;
    return tachoi_unix_ns();
}

static uint64_t system_monotonic_ns(void *user) {
    (void)user;
    return tachoi_monotonic_ns();
}

static int read_clock(const struct tachoi_setup *setup, const tacho_clock *given,
                      tacho_clock *clock) {
    *clock = (tacho_clock){.struct_size = sizeof *clock,
                           .unix_ns = system_unix_ns,
                           .monotonic_ns = system_monotonic_ns};
    int status = tachoi_options_copy(given, clock, sizeof *clock, TACHOI_FIRST_CLOCK);
    if (status != TACHO_OK) {
        char why[TACHOI_SIZE_TEXT_BYTES];
        tachoi_setup_describe_size(why, sizeof why, status, given, sizeof *clock, "tacho_clock");
        return tachoi_setup_fail(setup, status, "clock", "tacho_clock.struct_size: %s", why);
    }
    if (clock->unix_ns == NULL || clock->monotonic_ns == NULL) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "clock",
                                 "%s is NULL; a clock needs both functions",
                                 clock->unix_ns == NULL ? "unix_ns" : "monotonic_ns");
    }
    return TACHO_OK;
}

/* --- readers and views --- */

static const char *fault_text(const void *part, int status, bool is_twice) {
    if (part == NULL) {
        return "is NULL; look at what its create function returned";
    }
    if (is_twice) {
        return "is in the list twice; make one for each place";
    }
    return status == TACHO_E_BUSY ? "belongs to a provider already; make one for each"
                                  : tacho_status_text(status);
}

static int fail_list(const struct tachoi_setup *setup, const char *field, size_t count) {
    return tachoi_setup_fail(setup, TACHO_E_INVALID, field,
                             "there is a number of them, %zu, but no pointer", count);
}

static bool reader_is_before(const tacho_meter_provider_options *options, size_t end) {
    bool is_found = false;
    for (size_t i = 0; i < end; i++) {
        is_found = is_found || options->readers[i] == options->readers[end];
    }
    return is_found;
}

static bool view_is_before(const tacho_meter_provider_options *options, size_t end) {
    bool is_found = false;
    for (size_t i = 0; i < end; i++) {
        is_found = is_found || options->views[i] == options->views[end];
    }
    return is_found;
}

/* RDR-05 */
static int take_readers(tacho_meter_provider *provider, const struct tachoi_setup *setup,
                        const tacho_meter_provider_options *options) {
    int status = TACHO_OK;
    if (options->readers == NULL && options->reader_count > 0) {
        return fail_list(setup, "readers", options->reader_count);
    }
    for (size_t i = 0; i < options->reader_count; i++) {
        tacho_metric_reader *reader = options->readers[i];
        int claimed = reader != NULL ? tachoi_reader_claim(reader) : TACHO_E_INVALID;
        if (claimed == TACHO_OK) {
            provider->readers[provider->reader_count++] = reader;
        } else if (status == TACHO_OK) {
            bool is_twice = reader_is_before(options, i);
            status = tachoi_setup_fail(setup, claimed, "readers", "reader %zu %s", i,
                                       fault_text(reader, claimed, is_twice));
        }
    }
    return status;
}

static int take_views(tacho_meter_provider *provider, const struct tachoi_setup *setup,
                      const tacho_meter_provider_options *options) {
    int status = TACHO_OK;
    if (options->views == NULL && options->view_count > 0) {
        return fail_list(setup, "views", options->view_count);
    }
    for (size_t i = 0; i < options->view_count; i++) {
        tacho_view *view = options->views[i];
        int claimed = tachoi_view_claim(view);
        if (claimed == TACHO_OK) {
            provider->views[provider->view_count++] = view;
        } else if (status == TACHO_OK) {
            bool is_twice = view_is_before(options, i);
            status = tachoi_setup_fail(setup, claimed, "views", "view %zu %s", i,
                                       fault_text(view, claimed, is_twice));
        }
    }
    return status;
}

void tachoi_provider_dismiss(const tacho_meter_provider_options *options) {
    for (size_t i = 0; options->readers != NULL && i < options->reader_count; i++) {
        if (options->readers[i] != NULL && tachoi_reader_claim(options->readers[i]) == TACHO_OK) {
            tachoi_reader_free(options->readers[i]);
        }
    }
    for (size_t i = 0; options->views != NULL && i < options->view_count; i++) {
        if (tachoi_view_claim(options->views[i]) == TACHO_OK) {
            tachoi_view_free(options->views[i]);
        }
    }
}

/* VIEW-26 */
static bool read_matching_mode(const tacho_meter_provider_options *options) {
    tacho_view_matching_mode mode = options->view_matching_mode;
    if (mode != TACHO_VIEW_MATCHING_INDEPENDENT && mode != TACHO_VIEW_MATCHING_COMPOSABLE) {
        tachoi_report(TACHO_SEVERITY_WARNING, "meter_provider", "view_matching_mode_unknown", NULL,
                      "tacho_meter_provider_options.view_matching_mode is %d, which does not "
                      "exist; independent is used",
                      (int)mode);
    }
    return mode == TACHO_VIEW_MATCHING_COMPOSABLE;
}

/* --- exemplars --- */

/* ENV-08, ENV-17 */
static tacho_exemplar_filter exemplar_filter_from_environment(void) {
    static const struct {
        const char *name;
        tacho_exemplar_filter filter;
    } known[] = {{"trace_based", TACHO_EXEMPLAR_FILTER_TRACE_BASED},
                 {"always_on", TACHO_EXEMPLAR_FILTER_ALWAYS_ON},
                 {"always_off", TACHO_EXEMPLAR_FILTER_ALWAYS_OFF}};
    const char *value = tachoi_env_get("OTEL_METRICS_EXEMPLAR_FILTER");
    for (size_t i = 0; value != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (tachoi_ascii_equal_ignoring_case(value, known[i].name)) {
            return known[i].filter;
        }
    }
    if (value != NULL) {
        tachoi_report(TACHO_SEVERITY_WARNING, "meter_provider", "environment_invalid",
                      "OTEL_METRICS_EXEMPLAR_FILTER",
                      "OTEL_METRICS_EXEMPLAR_FILTER=%s is none of trace_based, always_on, "
                      "always_off; trace_based is used",
                      value);
    }
    return TACHO_EXEMPLAR_FILTER_TRACE_BASED;
}

static int read_exemplar_filter(const struct tachoi_setup *setup, tacho_exemplar_filter given,
                                tacho_exemplar_filter *out) {
    switch (given) {
    case TACHO_EXEMPLAR_FILTER_DEFAULT:
        *out = exemplar_filter_from_environment();
        return TACHO_OK;
    case TACHO_EXEMPLAR_FILTER_TRACE_BASED:
    case TACHO_EXEMPLAR_FILTER_ALWAYS_ON:
    case TACHO_EXEMPLAR_FILTER_ALWAYS_OFF:
        *out = given;
        return TACHO_OK;
    }
    return tachoi_setup_fail(setup, TACHO_E_INVALID, "exemplar_filter",
                             "there is none of the number %d; use a TACHO_EXEMPLAR_FILTER_*",
                             (int)given);
}

/* --- all --- */

int tachoi_provider_read_options(tacho_meter_provider *provider, const struct tachoi_setup *setup,
                                 const tacho_meter_provider_options *options,
                                 struct tachoi_provider_choices *choices) {
    int status = take_readers(provider, setup, options);
    int viewed = take_views(provider, setup, options); /* in any case */
    if (status == TACHO_OK) {
        status = viewed;
    }
    if (status == TACHO_OK) {
        status = read_clock(setup, options->clock, &choices->clock);
    }
    if (status == TACHO_OK) {
        status = read_exemplar_filter(setup, options->exemplar_filter, &choices->exemplar_filter);
    }
    if (status == TACHO_OK) {
        choices->views_are_composable = read_matching_mode(options);
    }
    return status;
}

bool tachoi_provider_is_disabled_by_environment(void) {
    bool is_disabled = false;
    if (tachoi_env_bool("OTEL_SDK_DISABLED", &is_disabled) == TACHOI_ENV_INVALID) {
        tachoi_report(TACHO_SEVERITY_WARNING, "meter_provider", "environment_invalid",
                      "OTEL_SDK_DISABLED",
                      "OTEL_SDK_DISABLED=%s is neither true nor false; false is used",
                      tachoi_env_get("OTEL_SDK_DISABLED"));
    }
    return is_disabled;
}
