/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that the context hook is asked, replaced and taken away. */
#include <pthread.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "memory.h"
#include "tacho/context.h"
#include "tacho/spi.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

struct span {
    uint8_t id;
    bool is_active;
    tacho_attributes baggage;
};

static bool current_span(tacho_context *out, void *user) {
    const struct span *span = user;
    cr_assert(eq(sz, out->struct_size, sizeof(tacho_context)));
    cr_assert(eq(int, out->trace_id[0], 0));
    cr_assert(eq(sz, out->baggage.count, 0));
    memset(out->trace_id, span->id, sizeof(out->trace_id));
    memset(out->span_id, span->id + 1, sizeof(out->span_id));
    out->trace_flags = TACHO_TRACE_SAMPLED;
    out->baggage = span->baggage;
    return span->is_active;
}

static bool is_nothing(const tacho_context *context) {
    tacho_context nothing;
    memset(&nothing, 0, sizeof(nothing));
    nothing.struct_size = sizeof(nothing);
    return memcmp(context, &nothing, sizeof(nothing)) == 0;
}

Test(context, without_a_hook_nothing_is_active) {
    tacho_context context;
    memset(&context, 0xff, sizeof(context));
    cr_assert(eq(int, tacho_context_current(&context), false));
    cr_assert(is_nothing(&context));
    cr_assert(eq(int, tacho_context_current(NULL), false));
    cr_assert(eq(ptr, (void *)atomic_load(tacho_spi_context()), NULL));
    cr_assert(eq(int, tacho_context_set_hook(NULL, NULL), TACHO_OK));
}

/* API-48 */
Test(context, the_hook_tells_what_is_active) {
    const tacho_attribute baggage[] = {TACHO_STR("user", "ann")};
    struct span span = {7, true, {baggage, 1}};
    tacho_context context;
    memset(&context, 0xff, sizeof(context));
    cr_assert(eq(int, tacho_context_set_hook(current_span, &span), TACHO_OK));
    cr_assert(eq(int, tacho_context_current(&context), true));
    cr_assert(eq(int, context.trace_id[15], 7));
    cr_assert(eq(int, context.span_id[7], 8));
    cr_assert(eq(int, context.trace_flags, TACHO_TRACE_SAMPLED));
    cr_assert(eq(ptr, (void *)context.baggage.items, (void *)baggage));
    const tacho_spi_context_hook *hook =
        atomic_load_explicit(tacho_spi_context(), memory_order_acquire);
    cr_assert(eq(ptr, hook->user, &span));
    cr_assert(hook->hook == current_span);

    span.is_active = false;
    cr_assert(eq(int, tacho_context_current(&context), false));
    cr_assert(is_nothing(&context), "what a hook filled before it said no is not seen");
}

/* API-48 */
Test(context, a_hook_is_replaced_and_taken_away) {
    struct span first = {1, true, {NULL, 0}};
    struct span second = {2, true, {NULL, 0}};
    tacho_context context;
    tacho_context_set_hook(current_span, &first);
    const tacho_spi_context_hook *former = atomic_load(tacho_spi_context());
    tacho_context_set_hook(current_span, &second);
    cr_assert(eq(int, tacho_context_current(&context), true));
    cr_assert(eq(int, context.trace_id[0], 2));
    cr_assert(eq(ptr, former->user, &first), "a late caller finds the former pair whole");
    cr_assert(eq(int, tacho_context_set_hook(NULL, &first), TACHO_OK));
    cr_assert(eq(int, tacho_context_current(&context), false));
    cr_assert(is_nothing(&context));
}

Test(context, a_pair_that_was_set_before_needs_no_memory) {
    struct span span = {1, true, {NULL, 0}};
    tacho_context_set_hook(current_span, &span);
    const void *record = atomic_load(tacho_spi_context());
    tacho_context_set_hook(NULL, NULL);
    tachoi_api_fail_allocation(1);
    cr_assert(eq(int, tacho_context_set_hook(current_span, &span), TACHO_OK));
    cr_assert(eq(u64, tachoi_api_fail_allocation(0), 1), "nothing was allocated");
    cr_assert(eq(ptr, (void *)atomic_load(tacho_spi_context()), (void *)record));
}

Test(context, without_memory_the_former_hook_stays) {
    struct span first = {1, true, {NULL, 0}};
    struct span second = {2, true, {NULL, 0}};
    tacho_context_set_hook(current_span, &first);
    tachoi_api_fail_allocation(1);
    cr_assert(eq(int, tacho_context_set_hook(current_span, &second), TACHO_E_NO_MEMORY));
    tacho_context context;
    cr_assert(eq(int, tacho_context_current(&context), true));
    cr_assert(eq(int, context.trace_id[0], 1));
}

static bool matching_pair(tacho_context *out, void *user) {
    const uint8_t *mine = user;
    out->trace_id[0] = *mine;
    return true;
}

static bool other_pair(tacho_context *out, void *user) {
    const uint8_t *mine = user;
    out->trace_id[0] = (uint8_t)(*mine + 100);
    return true;
}

static uint8_t marks[] = {1, 2};

static void *toggle(void *user) {
    (void)user;
    for (int i = 0; i < 20000; i++) {
        tacho_context_set_hook(matching_pair, &marks[0]);
        tacho_context_set_hook(other_pair, &marks[1]);
    }
    return NULL;
}

/* API-48: function and argument always belong together */
Test(context, threads_see_whole_pairs, .timeout = 60) {
    pthread_t togglers[2];
    for (int i = 0; i < 2; i++) {
        cr_assert(eq(int, pthread_create(&togglers[i], NULL, toggle, NULL), 0));
    }
    size_t wrong = 0;
    for (int i = 0; i < 20000; i++) {
        tacho_context context;
        if (tacho_context_current(&context)) {
            wrong += context.trace_id[0] == 1 || context.trace_id[0] == 102 ? 0 : 1;
        }
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(togglers[i], NULL);
    }
    cr_assert(eq(sz, wrong, 0));
}
