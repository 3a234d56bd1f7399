/* SPDX-License-Identifier: Apache-2.0 */
/* Owns judging a request before it leaves: it is decoded as a receiver would, by snappy and
 * protobuf-c, and held against the rules that receivers check (RW1-03..11, RW2-03..10, RW2-20..22,
 * P-06, CONV-09, CONV-22). Pure. It shares nothing with the encoders but the generated messages, so
 * that a mistake of theirs is not its own. */
#ifndef TACHOI_REMOTE_WRITE_VALIDATE_H
#define TACHOI_REMOTE_WRITE_VALIDATE_H

#include <stddef.h>

enum tachoi_validate_result {
    TACHOI_VALIDATE_OK,
    TACHOI_VALIDATE_PROBLEM,
    TACHOI_VALIDATE_NO_MEMORY /* it was not judged */
};

/** Room for any problem's text; it is cut to fit. */
#define TACHOI_VALIDATE_TEXT_MAX ((size_t)512)

/** Judges the body of a request of `version` 1 or 2. `problem` becomes the rule that is broken
 * first, and the series that breaks it; "" if none is. Histograms of floating-point counts are a
 * problem: tacho makes none. */
enum tachoi_validate_result tachoi_validate_body(int version, const void *body, size_t length,
                                                 char problem[TACHOI_VALIDATE_TEXT_MAX]);

/** The same for the message in it. */
enum tachoi_validate_result tachoi_validate_message(int version, const void *message, size_t length,
                                                    char problem[TACHOI_VALIDATE_TEXT_MAX]);

#endif
