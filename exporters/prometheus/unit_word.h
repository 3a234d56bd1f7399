/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the table of the words that UCUM units have in Prometheus (PROM-02, PROM-04). */
#ifndef TACHOI_PROMETHEUS_UNIT_WORD_H
#define TACHOI_PROMETHEUS_UNIT_WORD_H

#include <stdbool.h>

#include "tacho/attributes.h"

/** The word of a plain unit, "" for one that has none; NULL if the table does not know it. Behind a
 * slash (`is_rate`) a unit has its own words: "second", not "seconds". With `is_parity` only those
 * that Prometheus' translator knows (PROM-07). */
const char *tachoi_unit_word_find(tacho_string unit, bool is_rate, bool is_parity);

#endif
