/* SPDX-License-Identifier: Apache-2.0 */
/* Owns judging a request before it leaves: decoding it, and telling what is wrong. See validate.h.
 */
#include "remote_write/validate.h"

#include <snappy-c.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "http/response.h"
#include "remote_write/validate_judge.h"

/* Receivers take 32 MiB; a quarter is what tacho ever sends (QUEUE-03). */
#define MESSAGE_BYTES_MAX ((size_t)8 * 1024 * 1024)

static void decode(struct tachoi_judge *judge, const void *message, size_t length) {
    ProtobufCAllocator allocator = tachoi_judge_allocator(judge);
    if (judge->version == 1) {
        const Prometheus__WriteRequest *request =
            prometheus__write_request__unpack(&allocator, length, message);
        if (request != NULL) {
            tachoi_judge_v1(judge, request);
        } else {
            tachoi_judge_note(judge, "RW1-01: the body is not a WriteRequest", NULL);
        }
        return;
    }
    const Io__Prometheus__Write__V2__Request *request =
        io__prometheus__write__v2__request__unpack(&allocator, length, message);
    if (request != NULL) {
        tachoi_judge_v2(judge, request);
    } else {
        tachoi_judge_note(judge, "RW2-03: the body is not a Request", NULL);
    }
}

/* --- what is told --- */

static void append_labels(struct tachoi_text *text, const struct tachoi_checked_labels *labels) {
    const char *before = ": {";
    for (size_t i = 0; i < labels->count; i++) {
        tachoi_text_append_string(text, before);
        tachoi_text_append_string(text, labels->items[i].name);
        tachoi_text_append_string(text, "=\"");
        tachoi_text_append_string(text, labels->items[i].value);
        tachoi_text_append_char(text, '"');
        before = ", ";
    }
    if (labels->count > 0) {
        tachoi_text_append_char(text, '}');
    }
}

static void tell(const struct tachoi_judge *judge, char problem[TACHOI_VALIDATE_TEXT_MAX]) {
    struct tachoi_text text;
    tachoi_text_init(&text, TACHOI_VALIDATE_TEXT_MAX - 1);
    tachoi_text_append_string(&text, judge->broken);
    if (judge->culprit != NULL) {
        append_labels(&text, judge->culprit);
    }
    (void)snprintf(problem, TACHOI_VALIDATE_TEXT_MAX, "%s",
                   text.data != NULL ? text.data : judge->broken);
    (void)tachoi_http_clean_text(problem, strlen(problem));
    tachoi_text_fini(&text);
}

enum tachoi_validate_result tachoi_validate_message(int version, const void *message, size_t length,
                                                    char problem[TACHOI_VALIDATE_TEXT_MAX]) {
    struct tachoi_judge judge = {.version = version};
    problem[0] = '\0';
    tachoi_arena_init(&judge.arena, 0);
    decode(&judge, message, length);
    if (!tachoi_judge_is_done(&judge)) {
        tachoi_judge_points(&judge);
    }
    enum tachoi_validate_result result = TACHOI_VALIDATE_OK;
    if (judge.lacks_memory) {
        result = TACHOI_VALIDATE_NO_MEMORY;
    } else if (judge.broken != NULL) {
        tell(&judge, problem);
        result = TACHOI_VALIDATE_PROBLEM;
    }
    tachoi_arena_fini(&judge.arena);
    return result;
}

static enum tachoi_validate_result refuse(const char *broken,
                                          char problem[TACHOI_VALIDATE_TEXT_MAX]) {
    (void)snprintf(problem, TACHOI_VALIDATE_TEXT_MAX, "%s", broken);
    return TACHOI_VALIDATE_PROBLEM;
}

enum tachoi_validate_result tachoi_validate_body(int version, const void *body, size_t length,
                                                 char problem[TACHOI_VALIDATE_TEXT_MAX]) {
    size_t plain_length = 0;
    problem[0] = '\0';
    if (snappy_uncompressed_length(body, length, &plain_length) != SNAPPY_OK) {
        return refuse("RW1-01: the body is not in snappy's block format", problem);
    }
    if (plain_length > MESSAGE_BYTES_MAX) {
        return refuse("QUEUE-03: the message is too long", problem);
    }
    char *plain = tachoi_malloc(plain_length + 1);
    if (plain == NULL) {
        return TACHOI_VALIDATE_NO_MEMORY;
    }
    enum tachoi_validate_result result;
    if (snappy_uncompress(body, length, plain, &plain_length) == SNAPPY_OK) {
        result = tachoi_validate_message(version, plain, plain_length, problem);
    } else {
        result = refuse("RW1-01: the body is not in snappy's block format", problem);
    }
    tachoi_free(plain);
    return result;
}
