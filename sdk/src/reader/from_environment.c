/* SPDX-License-Identifier: Apache-2.0 */
/* Readers by name, from the list in OTEL_METRICS_EXPORTER. Which names there are is the
 * application's to say: the SDK knows no exporter. (ENV-08, ENV-18) */
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/options.h"
#include "base/text.h"
#include "pipeline/report.h"
#include "pipeline/setup.h"
#include "tacho/sdk/metric_reader.h"

#define VARIABLE "OTEL_METRICS_EXPORTER"
#define FIRST_FACTORY TACHOI_SIZE_UP_TO(tacho_reader_factory, create)

/* The call's arguments, and what was made so far. */
struct making {
    const tacho_reader_factory *const *factories;
    size_t factory_count;
    tacho_metric_reader **readers;
    size_t reader_count;
    bool *is_done; /* for each factory */
    int status;    /* the first failure */
};

/* --- arguments --- */

static int judge_factory(const struct tachoi_setup *setup, const tacho_reader_factory *factory,
                         size_t index) {
    tacho_reader_factory known = {0};
    if (factory == NULL) {
        return tachoi_setup_fail_argument(setup, TACHO_E_INVALID, "factories",
                                          "factory %zu is NULL", index);
    }
    int status = tachoi_options_copy(factory, &known, sizeof known, FIRST_FACTORY);
    if (status != TACHO_OK) {
        char why[TACHOI_SIZE_TEXT_BYTES];
        tachoi_setup_describe_size(why, sizeof why, status, factory, sizeof known,
                                   "tacho_reader_factory");
        return tachoi_setup_fail_argument(setup, status, "factories",
                                          "factory %zu: tacho_reader_factory.struct_size: %s",
                                          index, why);
    }
    if (known.name == NULL || known.name[0] == '\0' || known.create == NULL) {
        return tachoi_setup_fail_argument(setup, TACHO_E_INVALID, "factories",
                                          "factory %zu needs a name and a function", index);
    }
    return TACHO_OK;
}

/* The first argument that is missing, NULL if none is. */
static const char *missing_argument(const void *factories, const void *readers,
                                    const void *reader_count) {
    if (factories == NULL) {
        return "factories";
    }
    if (readers == NULL) {
        return "readers";
    }
    return reader_count == NULL ? "reader_count" : NULL;
}

static int judge_arguments(const struct tachoi_setup *setup,
                           const tacho_reader_factory *const *factories, size_t factory_count,
                           size_t reader_room) {
    if (reader_room < factory_count) {
        return tachoi_setup_fail_argument(setup, TACHO_E_INVALID, "reader_room",
                                          "it is %zu; there may be a reader for each of the %zu "
                                          "factories",
                                          reader_room, factory_count);
    }
    int status = TACHO_OK;
    for (size_t i = 0; i < factory_count && status == TACHO_OK; i++) {
        status = judge_factory(setup, factories[i], i);
    }
    return status;
}

/* --- making --- */

static void make_reader(struct making *making, size_t index) {
    const tacho_reader_factory *factory = making->factories[index];
    if (making->is_done[index]) {
        return;
    }
    making->is_done[index] = true;
    tacho_metric_reader *reader = NULL;
    int status = factory->create(&reader);
    if (status == TACHO_OK && reader != NULL) {
        making->readers[making->reader_count++] = reader;
        return;
    }
    status = status != TACHO_OK ? status : TACHO_E_FAILED;
    making->status = making->status != TACHO_OK ? making->status : status;
    tachoi_report(TACHO_SEVERITY_ERROR, "metric_reader", "setup_failed", factory->name,
                  "there is no reader for the exporter %s: %s", factory->name,
                  tacho_status_text(status));
}

/* The factory of the name, factory_count if there is none. */
static size_t factory_of(const struct making *making, const char *name) {
    size_t i = 0;
    while (i < making->factory_count &&
           !tachoi_ascii_equal_ignoring_case(making->factories[i]->name, name)) {
        i++;
    }
    return i;
}

/* Makes what one name stands for; whether it is known. */
static bool make_named(struct making *making, const char *name) {
    if (tachoi_ascii_equal_ignoring_case(name, "none")) {
        return true;
    }
    size_t index = factory_of(making, name);
    if (index == making->factory_count) {
        tachoi_report(TACHO_SEVERITY_WARNING, "metric_reader", "environment_invalid", name,
                      VARIABLE " names the exporter `%s`, which this program does not have; it is "
                               "ignored",
                      name);
        return false;
    }
    make_reader(making, index);
    return true;
}

/* Cuts the blanks off both ends. */
static char *trim(char *text) {
    static const char blanks[] = " \t";
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]) != NULL) {
        length--;
    }
    text[length] = '\0';
    return text;
}

/* Goes through the list, which it cuts up; whether it holds a name that is known. Empty places
 * between commas say nothing. */
static bool make_listed(struct making *making, char *list) {
    bool is_any_known = false;
    while (list != NULL) {
        char *comma = strchr(list, ',');
        if (comma != NULL) {
            *comma = '\0';
        }
        const char *name = trim(list);
        is_any_known = (name[0] != '\0' && make_named(making, name)) || is_any_known;
        list = comma != NULL ? comma + 1 : NULL;
    }
    return is_any_known;
}

int tacho_metric_readers_from_environment(const tacho_reader_factory *const *factories,
                                          size_t factory_count, tacho_metric_reader **readers,
                                          size_t reader_room, size_t *reader_count) {
    const struct tachoi_setup setup = {.component = "metric_reader",
                                       .function = "tacho_metric_readers_from_environment",
                                       .type = ""};
    const char *missing = missing_argument(factories, readers, reader_count);
    if (factories == NULL || readers == NULL || reader_count == NULL) {
        return tachoi_setup_fail_argument(&setup, TACHO_E_INVALID, missing, "it is NULL");
    }
    int status = judge_arguments(&setup, factories, factory_count, reader_room);
    if (status != TACHO_OK) {
        return status;
    }
    const char *value = tachoi_env_get(VARIABLE);
    char *list = value != NULL ? tachoi_strdup(value) : NULL;
    struct making making = {.factories = factories,
                            .factory_count = factory_count,
                            .readers = readers,
                            .is_done = tachoi_calloc(factory_count, sizeof(bool))};
    if (making.is_done == NULL || (value != NULL && list == NULL)) {
        making.status =
            tachoi_setup_fail_argument(&setup, TACHO_E_NO_MEMORY, "", "memory is short");
    } else if (!make_listed(&making, list) && factory_count > 0) {
        make_reader(&making, 0);
    }
    *reader_count = making.reader_count;
    tachoi_free(making.is_done);
    tachoi_free(list);
    return making.status;
}
