/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the resource: who measures (service, instance), immutable attributes joined to everything a
 * provider exports. Source: OpenTelemetry specification, resource/sdk.md (RES-01..15). */
#ifndef TACHO_SDK_RESOURCE_H
#define TACHO_SDK_RESOURCE_H

#include "tacho/attributes.h"
#include "tacho/export.h"
#include "tacho/status.h"

TACHO_BEGIN_DECLS

/** Immutable after creation; may be read from any thread. */
typedef struct tacho_resource tacho_resource;

typedef struct tacho_resource_options {
    size_t struct_size;          /**< Required. sizeof(tacho_resource_options). */
    tacho_attributes attributes; /**< Optional (count 0 = none). Copied. */
    const char *schema_url;      /**< Optional (NULL = none). Copied. */
    tacho_error *error;          /**< Optional (NULL = not wanted). Says what was wrong. */
} tacho_resource_options;

/**
 * Makes a resource of exactly these attributes. On success `*out` is the caller's; give it to a
 * provider or destroy it.
 * Returns TACHO_OK, TACHO_E_INVALID (an empty key, attributes without a pointer, no `out`),
 * TACHO_E_UNSUPPORTED, TACHO_E_NO_MEMORY. A failure is told to the diagnostics handler, too.
 */
TACHO_API int tacho_resource_create(const tacho_resource_options *options, tacho_resource **out);

/**
 * Makes a resource of the attributes of both; where both have a key, that of `updating` counts, an
 * empty value too. The schema URL is the one that is not empty; where the two differ the result has
 * none and a diagnostic tells so. Detectors of platforms are functions that return a resource to be
 * merged like this. Borrows both; NULL is an empty resource. Returns as tacho_resource_create.
 * (RES-06, RES-07, RES-12, RES-13)
 */
TACHO_API int tacho_resource_merge(const tacho_resource *old, const tacho_resource *updating,
                                   tacho_resource **out);

/** Frees a resource that no provider has taken. NULL is allowed. */
TACHO_API void tacho_resource_destroy(tacho_resource *resource);

/** The attributes, sorted by key, valid as long as the resource. NULL gives none. */
TACHO_API tacho_attributes tacho_resource_attributes(const tacho_resource *resource);

/** The schema URL, "" if none. Valid as long as the resource. */
TACHO_API const char *tacho_resource_schema_url(const tacho_resource *resource);

TACHO_END_DECLS

#endif
