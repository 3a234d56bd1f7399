/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the making of stripes and the claiming of one. */
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

/* Lines of the struct with its claims. */
static size_t head_lines(size_t count) {
    const size_t size = sizeof(struct tachoi_stripes) + count * sizeof(uint32_t);
    return (size - 1) / TACHOI_CACHE_LINE_BYTES + 1;
}

struct tachoi_stripes *tachoi_stripes_create(const struct tachoi_aggregation *aggregation,
                                             size_t count) {
    const size_t lines = (tachoi_cell_size(aggregation) - 1) / TACHOI_CACHE_LINE_BYTES + 1;
    size_t all_lines = 0;
    if (lines > UINT32_MAX / TACHOI_CACHE_LINE_BYTES ||
        !tachoi_size_mul(lines, count, &all_lines) ||
        !tachoi_size_add(all_lines, head_lines(count), &all_lines)) {
        return NULL;
    }
    struct tachoi_stripes *stripes = tachoi_calloc_aligned(all_lines, TACHOI_CACHE_LINE_BYTES);
    if (stripes == NULL) {
        return NULL;
    }
    stripes->mask = (uint32_t)(count - 1);
    stripes->stride = (uint32_t)(lines * TACHOI_CACHE_LINE_BYTES);
    stripes->offset = (uint32_t)(head_lines(count) * TACHOI_CACHE_LINE_BYTES);
    for (size_t i = 0; i < count; i++) {
        tachoi_cell_init(tachoi_stripes_cell(stripes, i), aggregation);
    }
    return stripes;
}

/* Where all stripes are claimed, one in so many additions takes a claim over. If more threads run
 * at once than there are stripes, each takes a claim from a thread that will want it back: claims
 * are read with every addition, so to write them each time would cost all threads ten times as much
 * as to share a stripe. Threads that are gone are found out soon enough: this many additions are
 * microseconds. */
enum { TAKE_OVER_ONE_IN = 1024 };

/** Whether it is time to; counted in the cell that the thread is about to write to anyway. */
static bool may_take_over(struct tachoi_stripes *stripes, size_t index) {
    struct tachoi_cell_head *cell = tachoi_stripes_cell(stripes, index);
    const uint32_t came = atomic_load_explicit(&cell->contention, memory_order_relaxed);
    atomic_store_explicit(&cell->contention, came + 1, memory_order_relaxed);
    return came % TAKE_OVER_ONE_IN == 0;
}

/* How far from its home a thread takes a claim over: mostly where tachoi_stripes_find looks; now
 * and then farther, for more threads of one home than it looks at. One after the other, so that the
 * claim of a thread which runs is spared soon. */
static size_t victim(struct tachoi_stripes *stripes) {
    const uint32_t turn = atomic_fetch_add_explicit(&stripes->victim, 1, memory_order_relaxed);
    return turn % 16 != 15 ? turn % TACHOI_STRIPES_NEAR : TACHOI_STRIPES_NEAR + turn / 16;
}

size_t tachoi_stripes_claim(struct tachoi_stripes *stripes, uint32_t thread) {
    const size_t home = thread >> 16;
    size_t chosen = SIZE_MAX;
    for (size_t i = 0; i <= stripes->mask; i++) {
        const size_t index = (home + i) & stripes->mask;
        const uint32_t claim = atomic_load_explicit(&stripes->claims[index], memory_order_relaxed);
        if (claim == thread) {
            return index;
        }
        if (claim == 0 && chosen == SIZE_MAX) {
            chosen = index;
        }
    }
    if (chosen == SIZE_MAX) {
        chosen = home & stripes->mask;
        if (!may_take_over(stripes, chosen)) {
            return chosen;
        }
        chosen = (home + victim(stripes)) & stripes->mask;
    }
    atomic_store_explicit(&stripes->claims[chosen], thread, memory_order_relaxed);
    return chosen;
}
