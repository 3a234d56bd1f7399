/* SPDX-License-Identifier: Apache-2.0 */
/* Owns doubles as text. The C library finds the digits, in whatever locale the host has set; only
 * the digits and the exponent are taken from it and laid out here, so that no decimal comma shows.
 * Reading them back happens at once in the same locale. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MAX_DIGITS 17 /* enough to tell any two doubles apart */

/* 0.d1d2d3... * 10^point, without trailing zeros; zero is the single digit 0 with point 1. */
struct decimal {
    char digits[MAX_DIGITS];
    int count;
    int point;
};

/* Takes "d.ddde[+-]xx" apart; whatever stands for the point is passed over. */
static void parse_scientific(const char *text, struct decimal *out) {
    *out = (struct decimal){0};
    for (; *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && out->count < MAX_DIGITS) {
            out->digits[out->count++] = *text;
        }
    }
    bool is_negative = text[1] == '-';
    int exponent = 0;
    for (text += 2; *text != '\0'; text++) {
        exponent = exponent * 10 + (*text - '0');
    }
    out->point = (is_negative ? -exponent : exponent) + 1;
    while (out->count > 1 && out->digits[out->count - 1] == '0') {
        out->count--;
    }
}

/* The shortest digits of a finite value >= 0 that read back as it. A normal double keeps any 15
 * digits, so what is shorter shows as trailing zeros of 15; below the normal range there are fewer
 * and all lengths are tried. */
static void shortest_decimal(double value, struct decimal *out) {
    char text[MAX_DIGITS + 32];
    int count = value != 0 && value < DBL_MIN ? 1 : DBL_DIG;
    for (; count <= MAX_DIGITS; count++) {
        (void)snprintf(text, sizeof text, "%.*e", count - 1, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    parse_scientific(text, out);
}

static char *put(char *cursor, const char *data, int length) {
    memcpy(cursor, data, (size_t)length);
    return cursor + length;
}

static char *put_zeros(char *cursor, int count) {
    memset(cursor, '0', (size_t)count);
    return cursor + count;
}

static char *put_plain(char *cursor, const struct decimal *decimal) {
    if (decimal->point <= 0) {
        cursor = put(cursor, "0.", 2);
        cursor = put_zeros(cursor, -decimal->point);
        return put(cursor, decimal->digits, decimal->count);
    }
    if (decimal->point >= decimal->count) {
        cursor = put(cursor, decimal->digits, decimal->count);
        return put_zeros(cursor, decimal->point - decimal->count);
    }
    cursor = put(cursor, decimal->digits, decimal->point);
    *cursor++ = '.';
    return put(cursor, decimal->digits + decimal->point, decimal->count - decimal->point);
}

static char *put_scientific(char *cursor, const struct decimal *decimal) {
    *cursor++ = decimal->digits[0];
    if (decimal->count > 1) {
        *cursor++ = '.';
        cursor = put(cursor, decimal->digits + 1, decimal->count - 1);
    }
    char exponent[16];
    int length = snprintf(exponent, sizeof exponent, "e%+d", decimal->point - 1);
    return put(cursor, exponent, length);
}

static size_t copy_word(const char *word, char *out) {
    size_t length = strlen(word);
    memcpy(out, word, length + 1);
    return length;
}

size_t tachoi_f64_to_text(double value, char out[TACHOI_F64_TEXT_MAX]) {
    if (isnan(value)) {
        return copy_word("NaN", out);
    }
    if (isinf(value)) {
        return copy_word(value < 0 ? "-Inf" : "+Inf", out);
    }
    struct decimal decimal;
    char *cursor = out;
    if (signbit(value)) {
        *cursor++ = '-';
    }
    shortest_decimal(fabs(value), &decimal);
    cursor = put_plain(cursor, &decimal);
    *cursor = '\0';
    return (size_t)(cursor - out);
}

size_t tachoi_f64_to_json(double value, char out[TACHOI_F64_TEXT_MAX]) {
    if (isnan(value)) {
        return copy_word("NaN", out);
    }
    if (isinf(value)) {
        return copy_word(value < 0 ? "-Infinity" : "Infinity", out);
    }
    struct decimal decimal;
    char *cursor = out;
    if (signbit(value)) {
        *cursor++ = '-';
    }
    shortest_decimal(fabs(value), &decimal);
    bool is_plain = decimal.point > -6 && decimal.point <= 21;
    cursor = is_plain ? put_plain(cursor, &decimal) : put_scientific(cursor, &decimal);
    *cursor = '\0';
    return (size_t)(cursor - out);
}
