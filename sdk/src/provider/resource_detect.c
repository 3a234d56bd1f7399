/* SPDX-License-Identifier: Apache-2.0 */
/* Resource detection. All sources are written one after the other into one list; as the last of
 * equal keys wins, the order of writing is the order of precedence. (RES-02..15, ENV-10, ENV-11) */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/random.h"
#include "pipeline/report.h"
#include "provider/resource.h"
#include "tacho/export.h"

#define DEFAULT_COUNT 5 /* telemetry.sdk.* (3), service.name, service.instance.id */

struct list {
    struct tachoi_arena arena;
    tacho_attribute *items;
    size_t count;
    size_t capacity;
    bool has_failed; /* memory was short */
};

static void add(struct list *list, tacho_attribute attr) {
    if (!list->has_failed && list->count < list->capacity) {
        list->items[list->count++] = attr;
    }
}

/* With copies of both texts. */
static bool add_copy(const char *key, size_t key_length, const char *value, size_t value_length,
                     void *user) {
    struct list *list = user;
    char *key_copy = tachoi_arena_strndup(&list->arena, key, key_length);
    char *value_copy = tachoi_arena_strndup(&list->arena, value, value_length);
    if (key_copy == NULL || value_copy == NULL) {
        list->has_failed = true;
        return false;
    }
    tacho_attribute attr = TACHO_STRN("", value_copy, value_length);
    attr.key = (tacho_string){.data = key_copy, .length = key_length};
    add(list, attr);
    return true;
}

static void add_defaults(struct list *list, char instance_id[37]) {
    static const char unknown[] = "unknown_service";
    const char *program = program_invocation_short_name;
    size_t program_length = program != NULL ? strlen(program) : 0;
    char *name = tachoi_arena_alloc(&list->arena, sizeof unknown + 1 + program_length, 1);
    if (name == NULL) {
        list->has_failed = true;
        return;
    }
    memcpy(name, unknown, sizeof unknown);
    if (program_length > 0) {
        name[sizeof unknown - 1] = ':';
        memcpy(name + sizeof unknown, program, program_length + 1);
    }
    add(list, TACHO_STR("telemetry.sdk.name", "tacho"));
    add(list, TACHO_STR("telemetry.sdk.language", "c"));
    add(list, TACHO_STR("telemetry.sdk.version", TACHO_VERSION));
    add(list, TACHO_STR("service.name", name));
    if (tachoi_uuid_v4(instance_id)) {
        add(list, TACHO_STR("service.instance.id", instance_id));
    } else {
        tachoi_report(TACHO_SEVERITY_WARNING, "meter_provider", "no_randomness", NULL,
                      "the resource has no service.instance.id, because the system gives no random "
                      "numbers");
    }
}

static void add_environment(struct list *list) {
    const char *pairs = tachoi_env_get("OTEL_RESOURCE_ATTRIBUTES");
    size_t count = list->count;
    int status = pairs != NULL ? tachoi_parse_pairs(pairs, add_copy, list) : TACHO_OK;
    list->has_failed = list->has_failed || status == TACHO_E_NO_MEMORY;
    if (status == TACHO_E_INVALID && !list->has_failed) {
        list->count = count; /* RES-11: all or nothing */
        tachoi_report(TACHO_SEVERITY_ERROR, "meter_provider", "environment_invalid",
                      "OTEL_RESOURCE_ATTRIBUTES",
                      "OTEL_RESOURCE_ATTRIBUTES is not a list key=value,key=value with "
                      "percent-encoding; it is ignored");
    }
    const char *service_name = tachoi_env_get("OTEL_SERVICE_NAME");
    if (service_name != NULL) {
        add(list, TACHO_STR("service.name", service_name));
    }
}

static size_t pairs_in_environment(void) {
    const char *pairs = tachoi_env_get("OTEL_RESOURCE_ATTRIBUTES");
    size_t count = 1;
    for (; pairs != NULL && *pairs != '\0'; pairs++) {
        count += *pairs == ',';
    }
    return count;
}

int tachoi_resource_detect(const tacho_resource *user, tacho_resource **out) {
    tacho_attributes given = tacho_resource_attributes(user);
    struct list list = {.capacity = DEFAULT_COUNT + pairs_in_environment() + 1 + given.count};
    char instance_id[37];
    tachoi_arena_init(&list.arena, 0);
    list.items = tachoi_arena_alloc(&list.arena, list.capacity, sizeof list.items[0]);
    list.has_failed = list.items == NULL;
    if (!list.has_failed) {
        add_defaults(&list, instance_id);
        add_environment(&list);
    }
    for (size_t i = 0; i < given.count; i++) {
        add(&list, given.items[i]);
    }
    int status = list.has_failed
                     ? TACHO_E_NO_MEMORY
                     : tachoi_resource_make(tacho_attributes_from(list.items, list.count),
                                            tacho_resource_schema_url(user), out);
    tachoi_arena_fini(&list.arena);
    return status;
}
