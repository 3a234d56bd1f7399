/* SPDX-License-Identifier: Apache-2.0 */
/* Resources: a packed set of attributes with its unpacked, sorted list. (RES-01, RES-05, RES-08) */
#include "provider/resource.h"

#include <string.h>

#include "attributes/attribute_set.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "pipeline/report.h"
#include "pipeline/setup.h"

struct tacho_resource {
    struct tachoi_attribute_set *set;
    struct tachoi_arena arena; /* the list; its texts lie in the set */
    tacho_attributes attributes;
    char *schema_url;
};

int tachoi_resource_make(tacho_attributes attributes, const char *schema_url,
                         tacho_resource **out) {
    tacho_resource *resource = tachoi_calloc(1, sizeof *resource);
    if (resource == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    tachoi_arena_init(&resource->arena, 0);
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, attributes);
    resource->set = tachoi_attribute_set_create(&key);
    resource->schema_url = tachoi_strdup(schema_url);
    if (resource->set == NULL || resource->schema_url == NULL ||
        !tachoi_attributes_unpack(resource->set->bytes, resource->set->size, &resource->arena,
                                  &resource->attributes)) {
        tacho_resource_destroy(resource);
        return TACHO_E_NO_MEMORY;
    }
    *out = resource;
    return TACHO_OK;
}

static bool has_empty_key(tacho_attributes attributes) {
    for (size_t i = 0; i < attributes.count; i++) {
        tacho_string key = attributes.items[i].key;
        if (key.length == 0 || key.data == NULL) {
            return true;
        }
    }
    return false;
}

static int judge_attributes(const struct tachoi_setup *setup, tacho_attributes attributes) {
    if (attributes.items == NULL && attributes.count > 0) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "attributes",
                                 "there is a number of them, %zu, but no pointer",
                                 attributes.count);
    }
    if (has_empty_key(attributes)) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "attributes",
                                 "a key is empty; name every attribute");
    }
    return TACHO_OK;
}

int tacho_resource_create(const tacho_resource_options *options, tacho_resource **out) {
    struct tachoi_setup setup = {.component = "resource",
                                 .function = "tacho_resource_create",
                                 .type = "tacho_resource_options"};
    tacho_resource_options known = {0};
    int status =
        tachoi_setup_copy(&setup, options, &known, sizeof known, TACHOI_FIRST_RESOURCE_OPTIONS,
                          offsetof(tacho_resource_options, error));
    if (status == TACHO_OK) {
        status = tachoi_setup_check_out(&setup, out);
    }
    if (status == TACHO_OK) {
        status = judge_attributes(&setup, known.attributes);
    }
    if (status != TACHO_OK) {
        return status;
    }
    status = tachoi_resource_make(known.attributes, known.schema_url, out);
    return status == TACHO_OK ? status
                              : tachoi_setup_fail_argument(&setup, status, "", "memory is short");
}

/* RES-07; NULL where the two contradict each other. */
static const char *merge_schema_urls(const char *old, const char *updating) {
    if (old[0] == '\0' || strcmp(old, updating) == 0) {
        return updating;
    }
    return updating[0] == '\0' ? old : NULL;
}

static int merge(const struct tachoi_setup *setup, const tacho_resource *old,
                 const tacho_resource *updating, tacho_resource **out) {
    tacho_attributes parts[] = {tacho_resource_attributes(old),
                                tacho_resource_attributes(updating)};
    const char *urls[] = {tacho_resource_schema_url(old), tacho_resource_schema_url(updating)};
    const char *schema_url = merge_schema_urls(urls[0], urls[1]);
    size_t count = parts[0].count + parts[1].count;
    tacho_attribute *items = tachoi_calloc(count, sizeof items[0]);
    int status = TACHO_E_NO_MEMORY;
    if (items != NULL) {
        for (size_t i = 0; i < count; i++) { /* of equal keys the last one counts (RES-06) */
            items[i] = i < parts[0].count ? parts[0].items[i] : parts[1].items[i - parts[0].count];
        }
        status = tachoi_resource_make(tacho_attributes_from(items, count), schema_url, out);
    }
    tachoi_free(items);
    if (status != TACHO_OK) {
        return tachoi_setup_fail_argument(setup, status, "", "memory is short");
    }
    if (schema_url == NULL) {
        tachoi_report(TACHO_SEVERITY_ERROR, "resource", "schema_url_conflict", urls[1],
                      "resources of the schema URLs %.200s and %.200s were merged; the result has "
                      "no schema URL",
                      urls[0], urls[1]);
    }
    return TACHO_OK;
}

int tacho_resource_merge(const tacho_resource *old, const tacho_resource *updating,
                         tacho_resource **out) {
    const struct tachoi_setup setup = {
        .component = "resource", .function = "tacho_resource_merge", .type = ""};
    int status = tachoi_setup_check_out(&setup, out);
    return status == TACHO_OK ? merge(&setup, old, updating, out) : status;
}

void tacho_resource_destroy(tacho_resource *resource) {
    if (resource == NULL) {
        return;
    }
    tachoi_arena_fini(&resource->arena);
    tachoi_free(resource->set);
    tachoi_free(resource->schema_url);
    tachoi_free(resource);
}

tacho_attributes tacho_resource_attributes(const tacho_resource *resource) {
    return resource != NULL ? resource->attributes : TACHO_NO_ATTRS;
}

const char *tacho_resource_schema_url(const tacho_resource *resource) {
    return resource != NULL ? resource->schema_url : "";
}
