/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the version of the running library. */
#include "tacho/export.h"

const char *tacho_version(void) {
    return TACHO_VERSION;
}
