/* SPDX-License-Identifier: Apache-2.0 */
/* Tests size-tagged options, tacho_error and the rate limit of messages. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "base/event_log.h"
#include "base/options.h"

struct first_version {
    size_t struct_size;
    uint64_t limit;
};

struct second_version {
    size_t struct_size;
    uint64_t limit;
    uint64_t extra;
};

struct third_version {
    size_t struct_size;
    uint64_t limit;
    uint64_t extra;
    uint64_t news;
};

static int copy(const void *given, struct second_version *known) {
    memset(known, 0, sizeof *known);
    return tachoi_options_copy(given, known, sizeof *known, sizeof(struct first_version));
}

Test(options, null_means_all_defaults) {
    struct second_version known;
    cr_assert(eq(int, copy(NULL, &known), TACHO_OK));
    cr_assert(eq(u64, known.limit, 0));
}

Test(options, those_of_an_older_caller_leave_new_fields_zero) {
    struct second_version known;
    struct first_version given = {.struct_size = sizeof given, .limit = 5};
    cr_assert(eq(int, copy(&given, &known), TACHO_OK));
    cr_assert(eq(u64, known.limit, 5));
    cr_assert(eq(u64, known.extra, 0));
}

Test(options, those_of_the_same_version_are_copied) {
    struct second_version known;
    struct second_version given = {.struct_size = sizeof given, .limit = 5, .extra = 6};
    cr_assert(eq(int, copy(&given, &known), TACHO_OK));
    cr_assert(eq(u64, known.limit, 5));
    cr_assert(eq(u64, known.extra, 6));
}

Test(options, an_unused_unknown_tail_is_accepted_and_a_used_one_refused) {
    struct second_version known;
    struct third_version given = {.struct_size = sizeof given, .limit = 5, .extra = 6};
    cr_assert(eq(int, copy(&given, &known), TACHO_OK));
    cr_assert(eq(u64, known.extra, 6));
    given.news = UINT64_C(1) << 63;
    cr_assert(eq(int, copy(&given, &known), TACHO_E_UNSUPPORTED));
    cr_assert(eq(u64, known.limit, 0));
}

Test(options, sizes_that_nobody_set_are_refused) {
    struct second_version known;
    struct second_version given = {.struct_size = 0, .limit = 5};
    cr_assert(eq(int, copy(&given, &known), TACHO_E_INVALID));
    given.struct_size = sizeof(struct first_version) - 1;
    cr_assert(eq(int, copy(&given, &known), TACHO_E_INVALID));
    given.struct_size = SIZE_MAX;
    cr_assert(eq(int, copy(&given, &known), TACHO_E_UNSUPPORTED));
    cr_assert(eq(u64, known.limit, 0));
}

Test(error, tells_the_field_and_the_reason) {
    tacho_error error = {0};
    int status =
        tachoi_error_set(&error, TACHO_E_INVALID, "endpoint", "port %d is too large", 99999);
    cr_assert(eq(int, status, TACHO_E_INVALID));
    cr_assert(eq(int, error.status, TACHO_E_INVALID));
    cr_assert(eq(str, error.field, "endpoint"));
    cr_assert(eq(str, error.message, "port 99999 is too large"));
}

Test(error, is_optional_and_cuts_what_is_too_long) {
    char long_text[1000];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    tacho_error error;
    memset(&error, 'y', sizeof error);
    cr_assert(
        eq(int, tachoi_error_set(NULL, TACHO_E_SYSTEM, "a", "%s", long_text), TACHO_E_SYSTEM));
    cr_assert(
        eq(int, tachoi_error_set(&error, TACHO_E_SYSTEM, NULL, "%s", long_text), TACHO_E_SYSTEM));
    cr_assert(eq(str, error.field, ""));
    cr_assert(eq(sz, strlen(error.message), sizeof error.message - 1));
    cr_assert(
        eq(int, tachoi_error_set(&error, TACHO_E_SYSTEM, long_text, "short"), TACHO_E_SYSTEM));
    cr_assert(eq(sz, strlen(error.field), sizeof error.field - 1));
    cr_assert(eq(str, error.message, "short"));
}

#define MINUTE_NS TACHOI_EVENT_LOG_INTERVAL_NS

/* ERR-07 */
Test(event_log, one_message_of_a_kind_passes_each_minute) {
    static struct tachoi_event_log log;
    uint64_t suppressed = 99;
    cr_assert(tachoi_event_log_admit(&log, "queue", "full", 0, 1000, &suppressed));
    cr_assert(eq(u64, suppressed, 0));
    suppressed = 99;
    cr_assert(not(tachoi_event_log_admit(&log, "queue", "full", 0, 1000, &suppressed)));
    cr_assert(not(tachoi_event_log_admit(&log, "queue", "full", 0, 999 + MINUTE_NS, &suppressed)));
    cr_assert(eq(u64, suppressed, 99));
    cr_assert(tachoi_event_log_admit(&log, "queue", "full", 0, 1000 + MINUTE_NS, &suppressed));
    cr_assert(eq(u64, suppressed, 2));
    cr_assert(tachoi_event_log_admit(&log, "queue", "full", 0, 1000 + 2 * MINUTE_NS, &suppressed));
    cr_assert(eq(u64, suppressed, 0));
}

Test(event_log, kinds_and_components_do_not_disturb_each_other) {
    static struct tachoi_event_log log;
    uint64_t suppressed;
    cr_assert(tachoi_event_log_admit(&log, "queue", "full", 0, 5, &suppressed));
    cr_assert(tachoi_event_log_admit(&log, "queue", "old", 0, 5, &suppressed));
    cr_assert(tachoi_event_log_admit(&log, "spool", "full", 0, 5, &suppressed));
    char same[] = "full"; /* equal text, another address */
    cr_assert(not(tachoi_event_log_admit(&log, "queue", same, 0, 5, &suppressed)));
}

Test(event_log, a_clock_that_steps_back_lets_nothing_through) {
    static struct tachoi_event_log log;
    uint64_t suppressed;
    cr_assert(tachoi_event_log_admit(&log, "queue", "full", 0, 10 * MINUTE_NS, &suppressed));
    cr_assert(not(tachoi_event_log_admit(&log, "queue", "full", 0, 5, &suppressed)));
}

Test(event_log, surplus_kinds_share_the_last_slot) {
    static struct tachoi_event_log log;
    static char kinds[TACHOI_EVENT_LOG_KINDS + 2][16];
    uint64_t suppressed;
    for (size_t i = 0; i < TACHOI_EVENT_LOG_KINDS + 2; i++) {
        snprintf(kinds[i], sizeof kinds[i], "kind%zu", i);
        bool passes = tachoi_event_log_admit(&log, "test", kinds[i], 0, 5, &suppressed);
        cr_assert(eq(int, passes, i < TACHOI_EVENT_LOG_KINDS));
    }
    cr_assert(eq(sz, log.count, TACHOI_EVENT_LOG_KINDS));
    cr_assert(tachoi_event_log_admit(&log, "test", kinds[TACHOI_EVENT_LOG_KINDS], 0, 5 + MINUTE_NS,
                                     &suppressed));
    cr_assert(eq(u64, suppressed, 2));
}

Test(event_log, subjects_of_one_kind_do_not_disturb_each_other) {
    static struct tachoi_event_log log;
    uint64_t suppressed;
    cr_assert(tachoi_event_log_admit(&log, "meter", "name", 1, 5, &suppressed));
    cr_assert(tachoi_event_log_admit(&log, "meter", "name", 2, 5, &suppressed));
    cr_assert(tachoi_event_log_admit(&log, "meter", "name", 0, 5, &suppressed));
    cr_assert(not(tachoi_event_log_admit(&log, "meter", "name", 2, 6, &suppressed)));
    cr_assert(tachoi_event_log_admit(&log, "meter", "name", 2, 5 + MINUTE_NS, &suppressed));
    cr_assert(eq(u64, suppressed, 1));
}

Test(event_log, many_subjects_leave_room_for_kinds_and_take_turns) {
    static struct tachoi_event_log log;
    uint64_t suppressed;
    for (uint64_t subject = 1; subject <= 1000; subject++) {
        bool passes = tachoi_event_log_admit(&log, "meter", "name", subject, 5, &suppressed);
        /* the first surplus one speaks for its kind, the others are counted there */
        cr_assert(eq(int, passes, subject <= TACHOI_EVENT_LOG_SUBJECTS + 1), "%lu",
                  (unsigned long)subject);
    }
    cr_assert(eq(sz, log.count, TACHOI_EVENT_LOG_SUBJECTS + 1));
    cr_assert(tachoi_event_log_admit(&log, "queue", "full", 0, 5, &suppressed));
    for (uint64_t subject = 2001; subject <= 2000 + TACHOI_EVENT_LOG_SUBJECTS; subject++) {
        cr_assert(
            tachoi_event_log_admit(&log, "meter", "name", subject, 5 + MINUTE_NS, &suppressed),
            "%lu takes the place of one whose minute is over", (unsigned long)subject);
    }
    cr_assert(tachoi_event_log_admit(&log, "meter", "name", 0, 5 + MINUTE_NS, &suppressed));
    cr_assert(eq(u64, suppressed, 1000 - TACHOI_EVENT_LOG_SUBJECTS - 1));
}
