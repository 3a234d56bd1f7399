/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the application's context hook: function and argument lie in one record that is never
 * written again once it is published, and never freed, as a record call of another thread may have
 * loaded it just before it was replaced. All records stay in a list, in which a pair that was set
 * before is found again: switching one hook on and off needs memory once. */
#include "tacho/context.h"

#include <string.h>

#include "memory.h"
#include "tacho/spi.h"

struct record {
    tacho_spi_context_hook hook; /* first member; what the slot points to */
    struct record *next;         /* immutable once it is in the list */
};

static tacho_spi_context_slot current_hook;
static _Atomic(struct record *) records; /* only ever grows */

static struct record *find(tacho_context_fn hook, void *user) {
    /* acquire: pairs with the release in keep */
    struct record *record = atomic_load_explicit(&records, memory_order_acquire);
    while (record != NULL && (record->hook.hook != hook || record->hook.user != user)) {
        record = record->next;
    }
    return record;
}

static struct record *keep(tacho_context_fn hook, void *user) {
    struct record *record = tachoi_api_malloc(sizeof(*record));
    if (record == NULL) {
        return NULL;
    }
    *record = (struct record){.hook = {.hook = hook, .user = user}};
    record->next = atomic_load_explicit(&records, memory_order_relaxed);
    /* release: pairs with the acquire in find, and carries on what earlier records released */
    while (!atomic_compare_exchange_weak_explicit(&records, &record->next, record,
                                                  memory_order_release, memory_order_relaxed)) {
    }
    return record;
}

int tacho_context_set_hook(tacho_context_fn hook, void *user) {
    struct record *record = hook != NULL ? find(hook, user) : NULL;
    if (hook != NULL && record == NULL) {
        record = keep(hook, user);
        if (record == NULL) {
            return TACHO_E_NO_MEMORY;
        }
    }
    /* release: pairs with the acquire loads in tacho_context_current and in SDKs */
    atomic_store_explicit(&current_hook, record != NULL ? &record->hook : NULL,
                          memory_order_release);
    return TACHO_OK;
}

static void clear(tacho_context *context) {
    memset(context, 0, sizeof(*context));
    context->struct_size = sizeof(*context);
}

bool tacho_context_current(tacho_context *out) {
    if (out == NULL) {
        return false;
    }
    clear(out);
    /* acquire: pairs with the release store in tacho_context_set_hook */
    const tacho_spi_context_hook *record =
        atomic_load_explicit(&current_hook, memory_order_acquire);
    bool is_active = record != NULL && record->hook(out, record->user);
    if (!is_active) {
        clear(out); /* a hook may have begun to fill it */
    }
    return is_active;
}

const tacho_spi_context_slot *tacho_spi_context(void) {
    return &current_hook;
}
