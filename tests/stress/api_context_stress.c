/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the race of setting the context hook and asking it: whoever asks finds the function with the
 * argument that it was set with. Says what is wrong and returns 1, else 0. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tacho/context.h"
#include "tacho/spi.h"

enum { SETTERS = 2, ASKERS = 2, ROUNDS = 100000 };

static uint8_t marks[SETTERS] = {1, 2};
static _Atomic(size_t) failures;

static bool first_hook(tacho_context *out, void *user) {
    out->trace_id[0] = *(const uint8_t *)user;
    out->trace_id[1] = 1;
    return true;
}

static bool second_hook(tacho_context *out, void *user) {
    out->trace_id[0] = *(const uint8_t *)user;
    out->trace_id[1] = 2;
    return true;
}

static void expect(bool holds) {
    if (!holds) {
        atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
    }
}

static void *set(void *user) {
    const uint8_t *mark = user;
    for (int i = 0; i < ROUNDS; i++) {
        expect(tacho_context_set_hook(*mark == 1 ? first_hook : second_hook, user) == TACHO_OK);
        if (i % 16 == 0) {
            expect(tacho_context_set_hook(NULL, NULL) == TACHO_OK);
        }
    }
    return NULL;
}

static void *ask(void *unused) {
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        tacho_context context;
        if (tacho_context_current(&context)) {
            expect(context.trace_id[0] == context.trace_id[1]);
        } else {
            expect(context.trace_id[0] == 0);
        }
        const tacho_spi_context_hook *hook =
            atomic_load_explicit(tacho_spi_context(), memory_order_acquire);
        expect(hook == NULL || hook->user == (hook->hook == first_hook ? &marks[0] : &marks[1]));
    }
    return NULL;
}

/* API-48 */
int main(void) {
    pthread_t threads[SETTERS + ASKERS];
    for (size_t i = 0; i < SETTERS + ASKERS; i++) {
        if (pthread_create(&threads[i], NULL, i < SETTERS ? set : ask,
                           i < SETTERS ? &marks[i] : NULL) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < SETTERS + ASKERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    const size_t count = atomic_load_explicit(&failures, memory_order_relaxed);
    if (count != 0) {
        (void)fprintf(stderr, "%zu times function and argument did not belong together\n", count);
    }
    return count == 0 ? 0 : 1;
}
