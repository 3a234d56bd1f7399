/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the names of endpoints. See endpoint_name.h.
 *
 * A fork may happen while another thread holds the lock or changes the list. So the lock's word is
 * the generation of the process that holds it: what a parent's thread holds is free for the child,
 * which forgets the list. */
#include "remote_write/endpoint_name.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fork.h"

static _Atomic(uint32_t) holder; /* generation of the process of who is inside; 0 = nobody */

/* guarded by holder */
static uint32_t generation; /* of the process that the list belongs to */
static struct tachoi_endpoint_name *first;

/* Others are inside for a few comparisons of texts. */
static void enter(void) {
    const uint32_t mine = tachoi_fork_generation();
    uint32_t found = 0;
    /* acquire; pairs with the release in leave */
    while (!atomic_compare_exchange_weak_explicit(&holder, &found, mine, memory_order_acquire,
                                                  memory_order_relaxed)) {
        if (found == mine) {
            (void)sched_yield();
            found = 0;
        }
    }
    if (generation != mine) {
        generation = mine;
        first = NULL;
    }
}

static void leave(void) {
    /* release; pairs with the acquire in enter */
    atomic_store_explicit(&holder, 0, memory_order_release);
}

static bool is_taken(const struct tachoi_endpoint_name *wanted) {
    const struct tachoi_endpoint_name *other = first;
    while (other != NULL &&
           (strcmp(other->text, wanted->text) != 0 || strcmp(other->url, wanted->url) != 0)) {
        other = other->next;
    }
    return other != NULL;
}

bool tachoi_endpoint_name_take(struct tachoi_endpoint_name *taken, const char *name,
                               const char *url) {
    unsigned number = 1;
    taken->url = url;
    (void)snprintf(taken->text, sizeof taken->text, "%.255s", name);
    enter();
    while (is_taken(taken)) {
        number++;
        (void)snprintf(taken->text, sizeof taken->text, "%.255s#%u", name, number);
    }
    taken->next = first;
    first = taken;
    leave();
    return number == 1;
}

void tachoi_endpoint_name_give_back(struct tachoi_endpoint_name *taken) {
    struct tachoi_endpoint_name **link = &first;
    enter();
    while (*link != NULL && *link != taken) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = taken->next;
    }
    leave();
}
