/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that bound handles of the global provider follow the SDK, give back what they were
 * given, and leave nothing behind. */
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "api_fake_sdk.h"
#include "memory.h"
#include "proxy.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static tacho_counter *make_counter(void) {
    tacho_meter *meter = tacho_meter_provider_get_meter(tacho_meter_provider_global(), "m", NULL);
    return tacho_meter_create_counter(meter, "c", NULL);
}

static int install(struct fake_provider *sdk) {
    return tacho_meter_provider_set_global(fake_handle(sdk));
}

static void free_all(struct fake_provider *sdk) {
    fake_destroy(sdk);
    cr_assert(eq(sz, sdk->violations, 0));
    fake_free(sdk);
}

#define BOUND_KIND_FOLLOWS(noun, verb)                                                             \
    Test(bound, noun##_follows_the_sdk) {                                                          \
        tacho_meter *meter =                                                                       \
            tacho_meter_provider_get_meter(tacho_meter_provider_global(), "m", NULL);              \
        tacho_##noun *instrument = tacho_meter_create_##noun(meter, "i", NULL);                    \
        tacho_bound_##noun *bound =                                                                \
            tacho_##noun##_bind(instrument, TACHO_ATTRS(TACHO_STR("k", "v")));                     \
        tacho_bound_##noun##_##verb(bound, 1);                                                     \
        struct fake_provider *sdk = fake_create_provider();                                        \
        install(sdk);                                                                              \
        tacho_bound_##noun##_##verb(bound, 2);                                                     \
        tacho_##noun##_##verb(instrument, 4, TACHO_NO_ATTRS);                                      \
        cr_assert(eq(i64, fake_sum(sdk, "i"), 6));                                                 \
        cr_assert(eq(ptr, tacho_bound_##noun##_release(bound), NULL));                             \
        cr_assert(eq(sz, sdk->release_calls, 1));                                                  \
        free_all(sdk);                                                                             \
    }

/* API-45 API-46 */
BOUND_KIND_FOLLOWS(counter, add)
BOUND_KIND_FOLLOWS(counter_f64, add)
BOUND_KIND_FOLLOWS(up_down_counter, add)
BOUND_KIND_FOLLOWS(up_down_counter_f64, add)
BOUND_KIND_FOLLOWS(gauge, record)
BOUND_KIND_FOLLOWS(gauge_f64, record)
BOUND_KIND_FOLLOWS(histogram, record)

static void check_attributes(tacho_attributes attributes, void *user) {
    const tacho_attribute *items = attributes.items;
    cr_assert(eq(sz, attributes.count, 3));
    cr_assert(eq(sz, items[0].key.length, 4));
    cr_assert(eq(int, memcmp(items[0].key.data, "text", 4), 0));
    cr_assert(eq(sz, items[0].value.as.string.length, 5));
    cr_assert(eq(int, memcmp(items[0].value.as.string.data, "value", 5), 0));
    cr_assert(eq(int, (int)items[1].value.type, TACHO_VALUE_I64_ARRAY));
    cr_assert(eq(sz, items[1].value.as.i64s.count, 2));
    cr_assert(eq(i64, items[1].value.as.i64s.items[1], 22));
    cr_assert(eq(int, (int)items[2].value.type, TACHO_VALUE_MAP));
    const tacho_attribute *inner = items[2].value.as.map.items;
    cr_assert(eq(int, memcmp(inner[0].key.data, "inner", 5), 0));
    cr_assert(eq(sz, inner[0].value.as.strings.count, 2));
    cr_assert(eq(int, memcmp(inner[0].value.as.strings.items[1].data, "bb", 2), 0));
    ++*(int *)user;
}

Test(bound, attributes_are_copied_deeply) {
    tacho_counter *counter = make_counter();
    char text[] = "value";
    int64_t numbers[] = {11, 22};
    char second[] = "bb";
    tacho_string strings[] = {tacho_string_from("a"), tacho_string_from(second)};
    tacho_value array = {.type = TACHO_VALUE_STRING_ARRAY};
    array.as.strings.items = strings;
    array.as.strings.count = 2;
    tacho_attribute inner[] = {TACHO_VALUE("inner", array)};
    tacho_value map = {.type = TACHO_VALUE_MAP};
    map.as.map.items = inner;
    map.as.map.count = 1;
    tacho_value i64s = {.type = TACHO_VALUE_I64_ARRAY};
    i64s.as.i64s.items = numbers;
    i64s.as.i64s.count = 2;
    tacho_bound_counter *bound = tacho_counter_bind(
        counter, TACHO_ATTRS(TACHO_STR("text", text), TACHO_VALUE("numbers", i64s),
                             TACHO_VALUE("map", map)));
    memset(text, 'x', sizeof(text));
    memset(numbers, 0, sizeof(numbers));
    memset(second, 'x', sizeof(second));
    memset(strings, 0, sizeof(strings));
    memset(inner, 0, sizeof(inner));

    struct fake_provider *sdk = fake_create_provider();
    int seen = 0;
    sdk->on_bind = check_attributes;
    sdk->on_user = &seen;
    install(sdk);
    cr_assert(eq(int, seen, 1));
    tacho_bound_counter_release(bound);
    free_all(sdk);
}

Test(bound, made_after_installation_records_at_once) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    tacho_bound_counter *bound = tacho_counter_bind(make_counter(), TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 5);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 5));
    tacho_bound_counter_release(bound);
    cr_assert(eq(sz, sdk->bind_calls, 1));
    cr_assert(eq(sz, sdk->release_calls, 1));
    free_all(sdk);
}

Test(bound, stays_valid_after_the_sdk_and_does_not_touch_it) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    tacho_bound_counter *bound = tacho_counter_bind(make_counter(), TACHO_NO_ATTRS);
    fake_destroy(sdk);
    cr_assert(eq(sz, sdk->release_calls, 0), "the SDK frees what is its own");
    fake_free(sdk);
    tacho_bound_counter_add(bound, 5); /* AddressSanitizer watches */
    cr_assert(eq(ptr, tacho_bound_counter_release(bound), NULL));
}

Test(bound, released_before_installation_is_never_bound) {
    tacho_bound_counter *bound = tacho_counter_bind(make_counter(), TACHO_NO_ATTRS);
    tacho_bound_counter *kept = tacho_counter_bind(make_counter(), TACHO_NO_ATTRS);
    cr_assert(ne(ptr, bound, kept));
    tacho_bound_counter_release(bound);
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    cr_assert(eq(sz, sdk->bind_calls, 1));
    tacho_bound_counter_release(kept);
    free_all(sdk);
}

Test(bound, follows_from_one_provider_to_the_next_and_back) {
    struct fake_provider *first = fake_create_provider();
    struct fake_provider *second = fake_create_provider();
    tacho_bound_counter *bound = tacho_counter_bind(make_counter(), TACHO_NO_ATTRS);
    install(first);
    tacho_bound_counter_add(bound, 1);
    install(second);
    tacho_bound_counter_add(bound, 2);
    tacho_meter_provider_set_global(NULL);
    tacho_bound_counter_add(bound, 4);
    install(first);
    tacho_bound_counter_add(bound, 8);
    cr_assert(eq(i64, fake_sum(first, "c"), 9));
    cr_assert(eq(i64, fake_sum(second, "c"), 2));
    cr_assert(eq(sz, first->bind_calls, 1), "coming back costs no second handle");
    cr_assert(eq(sz, first->release_calls + second->release_calls, 0),
              "a recorder may still hold what it has loaded");
    tacho_bound_counter_release(bound);
    cr_assert(eq(sz, first->release_calls, 1));
    cr_assert(eq(sz, second->release_calls, 1));
    free_all(first);
    free_all(second);
}

Test(bound, two_providers_one_destroyed_while_bound) {
    struct fake_provider *first = fake_create_provider();
    struct fake_provider *second = fake_create_provider();
    tacho_bound_counter *bound = tacho_counter_bind(make_counter(), TACHO_NO_ATTRS);
    install(first);
    install(second);
    free_all(first);
    tacho_bound_counter_add(bound, 2);
    cr_assert(eq(i64, fake_sum(second, "c"), 2));
    tacho_bound_counter_release(bound);
    cr_assert(eq(sz, second->release_calls, 1));
    free_all(second);
}

Test(bound, is_a_noop_where_the_sdk_refuses) {
    struct fake_provider *sdk = fake_create_provider();
    sdk->refuse.binds = true;
    install(sdk);
    tacho_bound_counter *bound = tacho_counter_bind(make_counter(), TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 5);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 0));
    tacho_bound_counter_release(bound);
    cr_assert(eq(sz, sdk->release_calls, 0));
    free_all(sdk);
}

/* An application that binds and releases for each request does not grow. */
Test(bound, binding_and_releasing_leaves_nothing) {
    tacho_counter *counter = make_counter();
    for (int round = 0; round < 2; round++) {
        struct fake_provider *sdk = round == 1 ? fake_create_provider() : NULL;
        if (sdk != NULL) {
            install(sdk);
        }
        for (int i = 0; i < 1000; i++) {
            tacho_bound_counter *bound =
                tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("request", i)));
            tacho_bound_counter_add(bound, 1);
            tacho_bound_counter_release(bound);
        }
        cr_assert(eq(sz, tachoi_proxies.bounds_by_address.count, 0));
        cr_assert(eq(ptr, (void *)tachoi_proxies.bounds, NULL));
        cr_assert(eq(ptr, (void *)tachoi_proxies.last_bound, NULL));
        if (sdk != NULL) {
            cr_assert(eq(sz, sdk->release_calls, 1000));
            free_all(sdk);
        }
    }
}

Test(bound, can_be_released_in_any_order) {
    tacho_counter *counter = make_counter();
    tacho_bound_counter *bounds[5];
    const int order[] = {2, 0, 4, 3, 1};
    for (int i = 0; i < 5; i++) {
        bounds[i] = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    }
    for (int i = 0; i < 5; i++) {
        tacho_bound_counter_release(bounds[order[i]]);
    }
    cr_assert(eq(ptr, (void *)tachoi_proxies.bounds, NULL));
    cr_assert(eq(ptr, (void *)tachoi_proxies.last_bound, NULL));
}

/* meter.h: 65536 bound instruments */
Test(bound, handles_beyond_the_limit_do_nothing_and_then_belong_to_the_sdk) {
    static tacho_bound_counter *bounds[TACHOI_BOUNDS_MAX];
    tacho_counter *counter = make_counter();
    for (size_t i = 0; i < TACHOI_BOUNDS_MAX; i++) {
        bounds[i] = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    }
    tacho_bound_counter *noop = tacho_counter_bind(NULL, TACHO_NO_ATTRS);
    cr_assert(ne(ptr, bounds[TACHOI_BOUNDS_MAX - 1], noop));
    cr_assert(eq(ptr, tacho_counter_bind(counter, TACHO_NO_ATTRS), noop));
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    cr_assert(eq(sz, sdk->bind_calls, TACHOI_BOUNDS_MAX));
    tacho_bound_counter *direct = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    cr_assert(eq(ptr, (void *)direct, (void *)sdk->bounds));
    tacho_bound_counter_release(direct);
    cr_assert(eq(sz, sdk->release_calls, 1));
    for (size_t i = 1; i < TACHOI_BOUNDS_MAX; i++) {
        tacho_bound_counter_release(bounds[i]);
    }
    tacho_bound_counter *again = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    cr_assert(ne(ptr, again, noop), "released handles make room");
    tacho_bound_counter_release(again);
    tacho_bound_counter_release(bounds[0]);
    free_all(sdk);
}

static tacho_value nested(tacho_value *levels, size_t depth) {
    levels[0] = (tacho_value){.type = TACHO_VALUE_I64};
    for (size_t i = 1; i <= depth; i++) {
        levels[i] = (tacho_value){.type = TACHO_VALUE_ARRAY};
        levels[i].as.values.items = &levels[i - 1];
        levels[i].as.values.count = 1;
    }
    return levels[depth];
}

/* attributes.h: 64 levels */
Test(bound, attributes_nested_too_deep_are_left_to_the_sdk) {
    tacho_value levels[66];
    tacho_bound_counter *noop = tacho_counter_bind(NULL, TACHO_NO_ATTRS);
    tacho_bound_counter *bound =
        tacho_counter_bind(make_counter(), TACHO_ATTRS(TACHO_VALUE("k", nested(levels, 64))));
    cr_assert(ne(ptr, bound, noop));
    tacho_bound_counter_release(bound);
    bound = tacho_counter_bind(make_counter(), TACHO_ATTRS(TACHO_VALUE("k", nested(levels, 65))));
    cr_assert(eq(ptr, bound, noop));
}

Test(bound, each_allocation_may_fail) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    tacho_counter *counter = make_counter();
    bool failed = true;
    for (uint64_t k = 1; failed; k++) {
        tachoi_api_fail_allocation(k);
        tacho_bound_counter *bound = tacho_counter_bind(counter, TACHO_ATTRS(TACHO_STR("k", "v")));
        failed = tachoi_api_fail_allocation(0) == 0;
        cr_assert(ne(ptr, bound, NULL));
        tacho_bound_counter_add(bound, 1);
        tacho_bound_counter_release(bound);
        cr_assert(eq(sz, sdk->bind_calls, sdk->release_calls));
        cr_assert(lt(u64, k, 10));
    }
    cr_assert(eq(sz, tachoi_proxies.bounds_by_address.count, 0));
    free_all(sdk);
}

struct churn {
    tacho_counter *counter;
    _Atomic(bool) stop;
};

static void *bind_and_release(void *argument) {
    struct churn *churn = argument;
    while (!atomic_load_explicit(&churn->stop, memory_order_relaxed)) {
        tacho_bound_counter_release(
            tacho_counter_bind(churn->counter, TACHO_ATTRS(TACHO_STR("k", "v"))));
    }
    return NULL;
}

static int use_the_api_in_a_child(struct churn *churn) {
    tacho_bound_counter *bound = tacho_counter_bind(churn->counter, TACHO_NO_ATTRS);
    tacho_bound_counter_release(bound);
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    bound = tacho_counter_bind(churn->counter, TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 3);
    tacho_bound_counter_release(bound);
    int64_t sum = fake_sum(sdk, "c");
    fake_destroy(sdk);
    return sum == 3 && sdk->violations == 0 ? 0 : 1;
}

/* A child of fork() is never stuck on a lock that another thread held. */
Test(bound, a_forked_child_can_use_the_api, .timeout = 60) {
    struct churn churn = {.counter = make_counter()};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, bind_and_release, &churn), 0));
    }
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        cr_assert(ne(int, child, -1));
        if (child == 0) {
            alarm(20); /* ends a child that is stuck */
            _exit(use_the_api_in_a_child(&churn));
        }
        int status = -1;
        cr_assert(eq(int, waitpid(child, &status, 0), child));
        cr_assert(eq(int, status, 0));
    }
    atomic_store_explicit(&churn.stop, true, memory_order_relaxed);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
}
