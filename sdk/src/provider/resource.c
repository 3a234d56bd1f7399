/* SPDX-License-Identifier: Apache-2.0 */
/* Resources: a packed set of attributes with its unpacked, sorted list. (RES-01, RES-05, RES-08) */
#include "provider/resource.h"

#include "attributes/attribute_set.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/options.h"

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
        if (attributes.items[i].key.length == 0) {
            return true;
        }
    }
    return false;
}

int tacho_resource_create(const tacho_resource_options *options, tacho_resource **out) {
    tacho_resource_options known = {0};
    int status = out != NULL ? tachoi_options_copy(options, &known, sizeof known, sizeof known)
                             : TACHO_E_INVALID;
    if (status != TACHO_OK) {
        return status;
    }
    if (has_empty_key(known.attributes)) {
        return tachoi_error_set(known.error, TACHO_E_INVALID, "attributes",
                                "a key of the resource is empty");
    }
    status = tachoi_resource_make(known.attributes, known.schema_url, out);
    return status == TACHO_OK
               ? status
               : tachoi_error_set(known.error, status, "", "%s", tacho_status_text(status));
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
