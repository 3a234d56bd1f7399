/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the table by which values of the usual scales find their bucket without a logarithm. */
#ifndef TACHOI_AGGREGATION_EXPONENTIAL_BOUNDARIES_H
#define TACHOI_AGGREGATION_EXPONENTIAL_BOUNDARIES_H

#include <stdint.h>

/** The finest scale that the table knows; of a coarser one it knows every second boundary, or every
 * fourth, and so on. */
#define TACHOI_TABLE_SCALE 7
#define TACHOI_TABLE_SIZE (1 << TACHOI_TABLE_SCALE)

/**
 * The fraction bits of each boundary between 1 and 2, rounded down; two at the end that no fraction
 * is above. None of them is a double: a value lies above a boundary if and only if its fraction is
 * greater.
 */
extern const uint64_t tachoi_exponential_boundaries[TACHOI_TABLE_SIZE + 1];

/** How many boundaries lie before 1 + i/128; up to the next such number there are at most two. */
extern const uint8_t tachoi_exponential_boundaries_below[TACHOI_TABLE_SIZE];

#endif
