/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a view: copied from its options, owned by the caller, then by a provider. */
#include "pipeline/view.h"

#include <string.h>

#include "base/alloc.h"
#include "pipeline/view_parts.h"
#include "tacho/sdk/diagnostics.h"

/* --- copying --- */

/* False when memory is short. */
static bool copy_text(struct tachoi_arena *texts, const char *given, const char **out) {
    if (given != NULL) {
        *out = tachoi_arena_strndup(texts, given, strlen(given));
        return *out != NULL;
    }
    return true;
}

static bool copy_keys(struct tachoi_arena *texts, const char *const *given, size_t count,
                      struct tachoi_key_list *out) {
    if (given == NULL) {
        return true;
    }
    tacho_string *keys = tachoi_arena_alloc(texts, count, sizeof *keys);
    if (keys == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(given[i]);
        keys[i] = (tacho_string){tachoi_arena_strndup(texts, given[i], length), length};
        if (keys[i].data == NULL) {
            return false;
        }
    }
    *out = (struct tachoi_key_list){keys, count};
    return true;
}

static bool copy_selector(tacho_view *view, const tacho_view_options *options) {
    struct tachoi_view_selector *selector = &view->selector;
    struct tachoi_arena *texts = &view->texts;
    selector->instrument_types = options->instrument_types;
    return copy_text(texts, options->instrument_name, &selector->instrument_name) &&
           copy_text(texts, options->unit, &selector->unit) &&
           copy_text(texts, options->meter_name, &selector->meter_name) &&
           copy_text(texts, options->meter_version, &selector->meter_version) &&
           copy_text(texts, options->meter_schema_url, &selector->meter_schema_url);
}

static bool copy_aggregation(tacho_view *view, const tacho_view_options *options) {
    if (options->aggregation == NULL) {
        return true;
    }
    view->aggregation = tachoi_aggregation_copy(options->aggregation);
    return view->aggregation != NULL;
}

static bool copy_stream(tacho_view *view, const tacho_view_options *options) {
    view->reservoir = options->exemplar_reservoir;
    view->reservoir_user = options->exemplar_reservoir_user;
    view->cardinality_limit = options->cardinality_limit;
    view->idle_timeout_ms = options->idle_timeout_ms;
    return copy_text(&view->texts, options->name, &view->name) &&
           copy_text(&view->texts, options->description, &view->description) &&
           copy_keys(&view->texts, options->included_keys, options->included_key_count,
                     &view->included) &&
           copy_keys(&view->texts, options->excluded_keys, options->excluded_key_count,
                     &view->excluded) &&
           copy_aggregation(view, options);
}

/* --- life --- */

static tacho_view *make_view(const tacho_view_options *options) {
    tacho_view *view = tachoi_calloc(1, sizeof *view);
    if (view == NULL) {
        return NULL;
    }
    tachoi_arena_init(&view->texts, 0);
    if (!copy_selector(view, options) || !copy_stream(view, options)) {
        tachoi_view_free(view);
        return NULL;
    }
    return view;
}

int tacho_view_create(const tacho_view_options *options, tacho_view **out) {
    struct tachoi_setup setup = {
        .component = "view", .function = "tacho_view_create", .type = "tacho_view_options"};
    tacho_view_options known = {0};
    int status = tachoi_setup_copy(&setup, options, &known, sizeof known, TACHOI_FIRST_VIEW_OPTIONS,
                                   offsetof(tacho_view_options, error));
    setup.object = status == TACHO_OK ? known.instrument_name : NULL;
    if (status == TACHO_OK) {
        status = tachoi_setup_check_out(&setup, out);
    }
    if (status == TACHO_OK) {
        status = tachoi_view_check(&setup, &known);
    }
    if (status != TACHO_OK) {
        return status;
    }
    tacho_view *view = make_view(&known);
    if (view == NULL) {
        return tachoi_setup_fail_argument(&setup, TACHO_E_NO_MEMORY, "", "memory is short");
    }
    *out = view;
    return TACHO_OK;
}

int tachoi_view_claim(tacho_view *view) {
    if (view == NULL) {
        return TACHO_E_INVALID;
    }
    return atomic_exchange_explicit(&view->is_owned, true, memory_order_relaxed) ? TACHO_E_BUSY
                                                                                 : TACHO_OK;
}

void tachoi_view_free(tacho_view *view) {
    if (view == NULL) {
        return;
    }
    tachoi_free(view->aggregation);
    tachoi_arena_fini(&view->texts);
    tachoi_free(view);
}

void tacho_view_destroy(tacho_view *view) {
    if (view != NULL && atomic_load_explicit(&view->is_owned, memory_order_relaxed)) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "view", "destroy_refused",
                                 "a view that belongs to a provider is destroyed with it");
        return;
    }
    tachoi_view_free(view);
}
