/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a view holds. For the view's own files; others see pipeline/view.h. */
#ifndef TACHOI_PIPELINE_VIEW_PARTS_H
#define TACHOI_PIPELINE_VIEW_PARTS_H

#include <stdatomic.h>

#include "base/arena.h"
#include "pipeline/setup.h"
#include "pipeline/view.h"
#include "pipeline/view_match.h"

/** What is not given is NULL, or zero as in tacho_view_options. */
struct tacho_view {
    /* immutable after create */
    struct tachoi_view_selector selector;
    const char *name;
    const char *description;
    struct tachoi_key_list included;
    struct tachoi_key_list excluded;
    tacho_aggregation *aggregation;
    const tacho_exemplar_reservoir_ops *reservoir;
    void *reservoir_user;
    uint32_t cardinality_limit;
    uint32_t idle_timeout_ms;
    struct tachoi_arena texts; /* names and keys */

    /* atomic */
    _Atomic(bool) is_owned; /* by a provider; relaxed: handing over a view orders nothing else */
};

/** Whether the options, whose struct_size is good, make a view; tells what is wrong. TACHO_OK,
 * TACHO_E_INVALID, TACHO_E_UNSUPPORTED. */
int tachoi_view_check(const struct tachoi_setup *setup, const tacho_view_options *options);

#endif
