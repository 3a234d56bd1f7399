/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the parts that lines are put together from: strings and attributes that cannot disturb a
 * terminal, numbers, times. Pure; must not know batches. */
#ifndef TACHOI_CONSOLE_PRINTER_H
#define TACHOI_CONSOLE_PRINTER_H

#include "base/text.h"
#include "tacho/attributes.h"

/** Where text goes, and two places to prepare it. */
struct tachoi_printer {
    struct tachoi_text *out;
    struct tachoi_text value;      /* one value as text */
    struct tachoi_text attributes; /* a whole set */
};

void tachoi_printer_init(struct tachoi_printer *printer, struct tachoi_text *out);
void tachoi_printer_fini(struct tachoi_printer *printer);

/** Appends to `out`, control characters as \xHH, ill-formed UTF-8 as U+FFFD. */
void tachoi_printer_append_string(struct tachoi_printer *printer, struct tachoi_text *out,
                                  tacho_string string);

/** Prepares {k=v, k2=v2} in printer->attributes. */
void tachoi_printer_prepare_attributes(struct tachoi_printer *printer, tacho_attributes attributes);
void tachoi_printer_append_prepared(struct tachoi_printer *printer);
size_t tachoi_printer_prepared_width(const struct tachoi_printer *printer);

void tachoi_printer_append_f64(struct tachoi_text *out, double value);
/** `name` and the value behind it. */
void tachoi_printer_append_named_f64(struct tachoi_text *out, const char *name, double value);

/** In UTC, to the millisecond. */
void tachoi_printer_append_time(struct tachoi_text *out, uint64_t unix_ns);

#endif
