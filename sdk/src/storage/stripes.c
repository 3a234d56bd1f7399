/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the making of stripes. */
#include "storage/stripes.h"

#include <unistd.h>

#include "base/alloc.h"

size_t tachoi_stripe_count(void) {
    static _Atomic(size_t) cached; /* 0 = not asked yet; asking twice does no harm */
    size_t count = atomic_load_explicit(&cached, memory_order_relaxed);
    if (count == 0) {
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        const size_t wanted = (online > 0 ? (size_t)online : 1) + 1;
        count = 2;
        while (count < wanted && count < TACHOI_STRIPES_MAX) {
            count *= 2;
        }
        atomic_store_explicit(&cached, count, memory_order_relaxed);
    }
    return count;
}

struct tachoi_stripes *tachoi_stripes_create(const struct tachoi_aggregation *aggregation,
                                             size_t count) {
    const size_t lines = (tachoi_cell_size(aggregation) - 1) / TACHOI_CACHE_LINE_BYTES + 1;
    size_t all_lines = 0;
    if (!tachoi_size_mul(lines, count, &all_lines) || !tachoi_size_add(all_lines, 1, &all_lines)) {
        return NULL;
    }
    struct tachoi_stripes *stripes = tachoi_calloc_aligned(all_lines, TACHOI_CACHE_LINE_BYTES);
    if (stripes == NULL) {
        return NULL;
    }
    stripes->count = count;
    stripes->stride = lines * TACHOI_CACHE_LINE_BYTES;
    for (size_t i = 0; i < count; i++) {
        tachoi_cell_init(tachoi_stripes_cell(stripes, i), aggregation);
    }
    return stripes;
}

void tachoi_stripes_disown(struct tachoi_stripes *stripes) {
    for (size_t i = 0; i < stripes->count; i++) {
        atomic_store_explicit(&tachoi_stripes_cell(stripes, i)->owner, 0, memory_order_relaxed);
    }
}
