/* SPDX-License-Identifier: Apache-2.0 */
/* Owns making resources: of given attributes, and what a provider says of itself when the user's
 * resource, the environment and the defaults are laid over each other. */
#ifndef TACHOI_PROVIDER_RESOURCE_H
#define TACHOI_PROVIDER_RESOURCE_H

#include "tacho/sdk/resource.h"

/** A resource of the attributes, of equal keys the last; texts are copied. TACHO_OK or
 * TACHO_E_NO_MEMORY. */
int tachoi_resource_make(tacho_attributes attributes, const char *schema_url, tacho_resource **out);

/** The user's resource (borrowed, may be NULL) over OTEL_SERVICE_NAME over
 * OTEL_RESOURCE_ATTRIBUTES over the defaults. TACHO_OK or TACHO_E_NO_MEMORY. (RES-02, RES-09) */
int tachoi_resource_detect(const tacho_resource *user, tacho_resource **out);

#endif
