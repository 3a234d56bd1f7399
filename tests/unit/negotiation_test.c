/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which version of remote write an endpoint is spoken to in, and what the *-Written headers
 * say of a request. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "remote_write/negotiation.h"

#define AUTO TACHO_REMOTE_WRITE_PROTOCOL_AUTO
#define ONE TACHO_REMOTE_WRITE_PROTOCOL_1
#define TWO TACHO_REMOTE_WRITE_PROTOCOL_2

#define GO_ON TACHOI_NEGOTIATION_GO_ON
#define FALL_BACK TACHOI_NEGOTIATION_FALL_BACK
#define NOT_WRITTEN TACHOI_NEGOTIATION_NOT_WRITTEN

#define START_NS UINT64_C(1000000000)

static const struct tachoi_written ten = {.samples = 10, .histograms = 2, .exemplars = 1};
static const struct tachoi_written nothing;

static void set_field(struct tachoi_http_field *field, const char *text) {
    field->is_present = text != NULL;
    snprintf(field->text, sizeof field->text, "%s", text != NULL ? text : "");
}

/* An answer; NULL texts are headers that it does not have. */
static struct tachoi_http_response answer(long status, const char *samples, const char *histograms,
                                          const char *exemplars) {
    struct tachoi_http_response response = {.status = status};
    set_field(&response.samples_written, samples);
    set_field(&response.histograms_written, histograms);
    set_field(&response.exemplars_written, exemplars);
    return response;
}

static struct tachoi_http_response bare(long status) {
    return answer(status, NULL, NULL, NULL);
}

static struct tachoi_http_response all_written(void) {
    return answer(204, "10", "2", "1");
}

static enum tachoi_negotiation_verdict take(struct tachoi_negotiation *negotiation, int version,
                                            struct tachoi_http_response response, uint64_t now_ns) {
    return tachoi_negotiation_take(negotiation, version, &ten, &response, now_ns);
}

/* --- one answer, in each state --- */

enum state { TRYING_2, SPEAKING_2 };

/* What kinds of answer there are. */
enum kind {
    SUCCESS_BARE,
    SUCCESS_WRITTEN,
    SUCCESS_ZERO,
    REFUSED_BARE, /* 400 */
    REFUSED_WRITTEN,
    UNSUPPORTED, /* 415 */
    OTHER_4XX,
    REDIRECT,
    SERVER_ERROR,
    NO_ANSWER,
    KINDS
};

static struct tachoi_http_response answer_of(enum kind kind) {
    switch (kind) {
    case SUCCESS_BARE:
        return bare(200);
    case SUCCESS_WRITTEN:
        return all_written();
    case SUCCESS_ZERO:
        return answer(204, "0", "0", "0");
    case REFUSED_BARE:
        return bare(400);
    case REFUSED_WRITTEN:
        return answer(400, "3", NULL, NULL);
    case UNSUPPORTED:
        return bare(415);
    case OTHER_4XX:
        return bare(404);
    case REDIRECT:
        return bare(302);
    case SERVER_ERROR:
        return bare(503);
    case NO_ANSWER:
    case KINDS:
        break;
    }
    return bare(0);
}

/* RW2-12, RW2-13, RW2-16, RW2-17: every answer to 2.0, by what is configured and what is known. */
Test(negotiation, every_answer_has_its_meaning) {
    static const struct {
        tacho_remote_write_protocol configured;
        tacho_remote_write_when required;
        enum state state;
        enum tachoi_negotiation_verdict verdicts[KINDS]; /* in the order of `kind` */
    } cases[] = {
        {AUTO,
         TACHO_REMOTE_WRITE_AUTO,
         TRYING_2,
         {FALL_BACK, GO_ON, NOT_WRITTEN, FALL_BACK, GO_ON, FALL_BACK, GO_ON, GO_ON, GO_ON, GO_ON}},
        {AUTO,
         TACHO_REMOTE_WRITE_AUTO,
         SPEAKING_2,
         {GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, FALL_BACK, GO_ON, GO_ON, GO_ON, GO_ON}},
        {AUTO,
         TACHO_REMOTE_WRITE_ALWAYS,
         TRYING_2,
         {FALL_BACK, GO_ON, NOT_WRITTEN, FALL_BACK, GO_ON, FALL_BACK, GO_ON, GO_ON, GO_ON, GO_ON}},
        {AUTO,
         TACHO_REMOTE_WRITE_ALWAYS,
         SPEAKING_2,
         {FALL_BACK, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, FALL_BACK, GO_ON, GO_ON, GO_ON, GO_ON}},
        {AUTO,
         TACHO_REMOTE_WRITE_NEVER,
         TRYING_2,
         {GO_ON, GO_ON, NOT_WRITTEN, FALL_BACK, GO_ON, FALL_BACK, GO_ON, GO_ON, GO_ON, GO_ON}},
        {AUTO,
         TACHO_REMOTE_WRITE_NEVER,
         SPEAKING_2,
         {GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, FALL_BACK, GO_ON, GO_ON, GO_ON, GO_ON}},
        {TWO,
         TACHO_REMOTE_WRITE_AUTO,
         TRYING_2,
         {NOT_WRITTEN, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, GO_ON, GO_ON}},
        {TWO,
         TACHO_REMOTE_WRITE_AUTO,
         SPEAKING_2,
         {GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, GO_ON, GO_ON}},
        {TWO,
         TACHO_REMOTE_WRITE_ALWAYS,
         TRYING_2,
         {NOT_WRITTEN, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, GO_ON, GO_ON}},
        {TWO,
         TACHO_REMOTE_WRITE_ALWAYS,
         SPEAKING_2,
         {NOT_WRITTEN, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, GO_ON, GO_ON}},
        {TWO,
         TACHO_REMOTE_WRITE_NEVER,
         TRYING_2,
         {GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, GO_ON, GO_ON}},
        {TWO,
         TACHO_REMOTE_WRITE_NEVER,
         SPEAKING_2,
         {GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, NOT_WRITTEN, GO_ON, GO_ON, GO_ON, GO_ON}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (enum kind kind = 0; kind < KINDS; kind++) {
            struct tachoi_negotiation negotiation;
            tachoi_negotiation_init(&negotiation, cases[i].configured, cases[i].required);
            if (cases[i].state == SPEAKING_2) {
                cr_assert(eq(int, take(&negotiation, 2, all_written(), START_NS), GO_ON));
            }
            enum tachoi_negotiation_verdict expected = cases[i].verdicts[kind];
            enum tachoi_negotiation_verdict verdict =
                take(&negotiation, 2, answer_of(kind), START_NS);
            cr_assert(eq(int, verdict, expected), "row %zu, kind %d", i, (int)kind);
            int version = expected == FALL_BACK ? 1 : 2;
            cr_assert(eq(int, tachoi_negotiation_version(&negotiation, START_NS), version),
                      "row %zu, kind %d", i, (int)kind);
        }
    }
}

Test(negotiation, what_was_sent_in_1_counts_as_it_is) {
    static const tacho_remote_write_protocol configured[] = {AUTO, ONE};
    for (size_t i = 0; i < 2; i++) {
        for (enum kind kind = 0; kind < KINDS; kind++) {
            struct tachoi_negotiation negotiation;
            tachoi_negotiation_init(&negotiation, configured[i], TACHO_REMOTE_WRITE_AUTO);
            if (configured[i] == AUTO) {
                cr_assert(eq(int, take(&negotiation, 2, bare(415), START_NS), FALL_BACK));
            }
            cr_assert(eq(int, take(&negotiation, 1, answer_of(kind), START_NS), GO_ON), "%d",
                      (int)kind);
            cr_assert(eq(int, tachoi_negotiation_version(&negotiation, START_NS), 1), "%d",
                      (int)kind);
        }
    }
}

/* --- what stays --- */

Test(negotiation, configured_versions_are_kept_for_ever) {
    struct tachoi_negotiation negotiation;
    tachoi_negotiation_init(&negotiation, ONE, TACHO_REMOTE_WRITE_AUTO);
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, 0), 1));
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, UINT64_MAX), 1));
    tachoi_negotiation_init(&negotiation, TWO, TACHO_REMOTE_WRITE_AUTO);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        (void)take(&negotiation, 2, answer_of(kind), START_NS);
        cr_assert(eq(int, tachoi_negotiation_version(&negotiation, START_NS), 2), "%d", (int)kind);
    }
}

Test(negotiation, one_is_spoken_for_an_hour_and_two_is_tried_again) {
    struct tachoi_negotiation negotiation;
    tachoi_negotiation_init(&negotiation, AUTO, TACHO_REMOTE_WRITE_AUTO);
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, START_NS), 2));
    cr_assert(eq(int, take(&negotiation, 2, bare(415), START_NS), FALL_BACK));
    const uint64_t hour_ns = START_NS + TACHOI_PROBE_AGAIN_NS;
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, hour_ns - 1), 1));
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, 0), 1)); /* no time before it */
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, hour_ns), 2));
    cr_assert(eq(int, take(&negotiation, 2, bare(400), hour_ns + 5), FALL_BACK));
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, hour_ns + 5), 1));
    cr_assert(
        eq(int, tachoi_negotiation_version(&negotiation, hour_ns + 4 + TACHOI_PROBE_AGAIN_NS), 1));
    cr_assert(
        eq(int, tachoi_negotiation_version(&negotiation, hour_ns + 5 + TACHOI_PROBE_AGAIN_NS), 2));
    const uint64_t later_ns = hour_ns + 6 + TACHOI_PROBE_AGAIN_NS;
    cr_assert(eq(int, take(&negotiation, 2, all_written(), later_ns), GO_ON));
    cr_assert(eq(int, take(&negotiation, 2, bare(400), later_ns), GO_ON));
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, UINT64_MAX), 2));
}

Test(negotiation, an_outage_decides_nothing) {
    struct tachoi_negotiation negotiation;
    tachoi_negotiation_init(&negotiation, AUTO, TACHO_REMOTE_WRITE_AUTO);
    for (size_t i = 0; i < 100; i++) {
        cr_assert(eq(int, take(&negotiation, 2, bare(i % 2 == 0 ? 503 : 0), START_NS), GO_ON));
    }
    cr_assert(eq(int, take(&negotiation, 2, bare(400), START_NS), FALL_BACK));
}

Test(negotiation, a_refusal_with_a_written_header_confirms_2) {
    struct tachoi_negotiation negotiation;
    tachoi_negotiation_init(&negotiation, AUTO, TACHO_REMOTE_WRITE_AUTO);
    cr_assert(eq(int, take(&negotiation, 2, answer(400, NULL, NULL, "0"), START_NS), GO_ON));
    cr_assert(eq(int, take(&negotiation, 2, bare(400), START_NS), GO_ON));
    cr_assert(eq(int, take(&negotiation, 2, bare(204), START_NS), GO_ON));
}

/* A gateway that eats the headers: a success is all that will ever confirm. */
Test(negotiation, without_headers_a_success_confirms_2_where_they_are_not_required) {
    struct tachoi_negotiation negotiation;
    tachoi_negotiation_init(&negotiation, AUTO, TACHO_REMOTE_WRITE_NEVER);
    cr_assert(eq(int, take(&negotiation, 2, bare(204), START_NS), GO_ON));
    cr_assert(eq(int, take(&negotiation, 2, bare(400), START_NS), GO_ON));
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, START_NS), 2));
}

/* A receiver that was replaced by an older one forgets what it had confirmed. */
Test(negotiation, falling_back_forgets_the_confirmation) {
    struct tachoi_negotiation negotiation;
    tachoi_negotiation_init(&negotiation, AUTO, TACHO_REMOTE_WRITE_AUTO);
    cr_assert(eq(int, take(&negotiation, 2, all_written(), START_NS), GO_ON));
    cr_assert(eq(int, take(&negotiation, 2, bare(415), START_NS), FALL_BACK));
    const uint64_t hour_ns = START_NS + TACHOI_PROBE_AGAIN_NS;
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, hour_ns), 2));
    cr_assert(eq(int, take(&negotiation, 2, bare(400), hour_ns), FALL_BACK));
}

/* Shards have requests of their own under way when one of them learns. */
Test(negotiation, late_answers_fall_back_too_and_do_not_move_the_hour) {
    struct tachoi_negotiation negotiation;
    tachoi_negotiation_init(&negotiation, AUTO, TACHO_REMOTE_WRITE_AUTO);
    cr_assert(eq(int, take(&negotiation, 2, bare(415), START_NS), FALL_BACK));
    cr_assert(eq(int, take(&negotiation, 2, bare(415), START_NS + 7), FALL_BACK));
    cr_assert(eq(int, take(&negotiation, 2, bare(400), START_NS + 8), FALL_BACK));
    cr_assert(eq(int, take(&negotiation, 2, bare(204), START_NS + 9), FALL_BACK));
    cr_assert(eq(int, take(&negotiation, 2, all_written(), START_NS + 9), GO_ON));
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, START_NS + 9), 1));
    const uint64_t hour_ns = START_NS + TACHOI_PROBE_AGAIN_NS;
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, hour_ns - 1), 1));
    cr_assert(eq(int, tachoi_negotiation_version(&negotiation, hour_ns), 2));
    cr_assert(eq(int, take(&negotiation, 2, bare(400), hour_ns), FALL_BACK));
}

/* --- what was written --- */

/* RW2-13: nothing was kept only where something was sent. */
Test(negotiation, an_empty_request_may_write_nothing) {
    struct tachoi_negotiation negotiation;
    tachoi_negotiation_init(&negotiation, AUTO, TACHO_REMOTE_WRITE_AUTO);
    const struct tachoi_http_response response = answer(200, "0", "0", "0");
    cr_assert(
        eq(int, tachoi_negotiation_take(&negotiation, 2, &nothing, &response, START_NS), GO_ON));
    cr_assert(eq(int, take(&negotiation, 2, bare(400), START_NS), GO_ON)); /* it has confirmed */
}

Test(negotiation, a_malformed_header_does_not_fail_the_request) {
    struct tachoi_negotiation negotiation;
    tachoi_negotiation_init(&negotiation, AUTO, TACHO_REMOTE_WRITE_AUTO);
    cr_assert(eq(int, take(&negotiation, 2, answer(204, "many", "0", "0"), START_NS), GO_ON));
    cr_assert(eq(int, take(&negotiation, 2, answer(204, "-1", "0", "0"), START_NS), NOT_WRITTEN));
    cr_assert(eq(int, take(&negotiation, 2, answer(204, "0", NULL, NULL), START_NS), NOT_WRITTEN));
    cr_assert(eq(int, take(&negotiation, 2, answer(204, NULL, "1", NULL), START_NS), GO_ON));
}

struct written_case {
    int version;
    long status;
    const char *samples;
    const char *histograms;
    const char *exemplars;
    struct tachoi_written written;
    bool is_mismatch;
};

static void expect_written(const struct written_case *wanted) {
    const struct tachoi_http_response response =
        answer(wanted->status, wanted->samples, wanted->histograms, wanted->exemplars);
    bool is_mismatch = !wanted->is_mismatch;
    struct tachoi_written written =
        tachoi_written_of(wanted->version, &ten, &response, &is_mismatch);
    cr_assert(eq(u64, written.samples, wanted->written.samples), "%ld %s", wanted->status,
              wanted->samples);
    cr_assert(eq(u64, written.histograms, wanted->written.histograms), "%ld %s", wanted->status,
              wanted->samples);
    cr_assert(eq(u64, written.exemplars, wanted->written.exemplars), "%ld %s", wanted->status,
              wanted->samples);
    cr_assert(eq(int, is_mismatch, wanted->is_mismatch), "%ld %s", wanted->status, wanted->samples);
}

/* RW1-14, RW2-14, RW2-15 */
Test(written, the_headers_tell_what_was_written) {
    static const struct written_case cases[] = {
        {2, 204, NULL, NULL, NULL, {10, 2, 1}, false}, {2, 204, "10", "2", "1", {10, 2, 1}, false},
        {2, 204, "10", "2", "0", {10, 2, 0}, false}, /* it keeps no exemplars */
        {2, 204, "10", "2", NULL, {10, 2, 0}, false},  {2, 204, "9", "2", "1", {9, 2, 1}, true},
        {2, 204, "10", "1", "1", {10, 1, 1}, true},    {2, 204, "10", NULL, "1", {10, 0, 1}, true},
        {2, 204, "11", "2", "1", {10, 2, 1}, true},    {2, 204, "10", "2", "2", {10, 2, 1}, true},
        {2, 204, "0", "0", "0", {0, 0, 0}, true},      {2, 204, "ten", "2", "1", {10, 2, 1}, true},
        {2, 204, "", "2", "1", {10, 2, 1}, true},      {1, 204, "0", "0", "0", {10, 2, 1}, false},
        {1, 200, NULL, NULL, NULL, {10, 2, 1}, false}, {1, 400, "3", NULL, NULL, {0, 0, 0}, false},
        {2, 400, NULL, NULL, NULL, {0, 0, 0}, false},  {2, 400, "3", NULL, NULL, {3, 0, 0}, false},
        {2, 400, "10", "2", "1", {10, 2, 1}, false},   {2, 400, "11", "2", "1", {10, 2, 1}, true},
        {2, 400, "x", "2", "1", {0, 2, 1}, true},      {2, 429, "3", "0", "0", {3, 0, 0}, false},
        {2, 503, "3", "0", "0", {0, 0, 0}, false},     {2, 302, "3", "0", "0", {0, 0, 0}, false},
        {2, 0, NULL, NULL, NULL, {0, 0, 0}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_written(&cases[i]);
    }
}

/* RW2-14 */
Test(written, a_number_is_one_integer_of_64_bits) {
    static const struct {
        const char *text;
        uint64_t written; /* of ten */
        bool is_mismatch;
    } cases[] = {
        {"10", 10, false},
        {"+10", 10, false},
        {"010", 10, false},
        {"-3", 0, true},
        {"-0", 0, true},
        {"9223372036854775807", 10, true},
        {"-9223372036854775808", 0, true},
        {"18446744073709551615", 10, true},
        {"18446744073709551616", 10, true}, /* malformed, as what follows */
        {"-9223372036854775809", 10, true},
        {"10.0", 10, true},
        {"1e1", 10, true},
        {"0x3", 10, true},
        {"3, 3", 10, true},
        {"3 ", 10, true},
        {"--3", 10, true},
        {"+", 10, true},
        {"-", 10, true},
        {"000000000000000000000000000000000000000", 10, true}, /* perhaps cut */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct written_case wanted = {
            2, 204, cases[i].text, "2", "1", {cases[i].written, 2, 1}, cases[i].is_mismatch};
        expect_written(&wanted);
    }
}
