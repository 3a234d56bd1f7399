/* SPDX-License-Identifier: Apache-2.0 */
/* Owns which bucket of an exponential histogram a value lies in, and where buckets begin.
 *
 * With |value| = significand * 2^exponent, 1 <= significand < 2, the position of a value on the
 * scale s is (exponent + log2(significand)) * 2^s, and its bucket the whole number next below.
 * Powers of two are themselves boundaries, on every scale: they belong to the bucket that ends
 * there, and no logarithm is asked. A position of all others is irrational where s > 0. On scales
 * up to that of a table of boundaries, which are the usual ones, the table tells exactly. On finer
 * scales only the error of log2 can put a position on the wrong side of a whole number; where it
 * lies close to one, the boundary itself is computed in a wider format and compared. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "aggregation/exponential_boundaries.h"
#include "aggregation/exponential_histogram.h"

enum { SIGNIFICAND_BITS = 52, EXPONENT_BIAS = 1023 };

/* Some hundred times the error of log2 (2^-53, times 2^20), and rarely met by chance. */
#define NEAR_A_BOUNDARY 0x1p-26

static double f64_of_parts(int32_t exponent, uint64_t fraction) {
    const uint64_t bits = (uint64_t)(exponent + EXPONENT_BIAS) << SIGNIFICAND_BITS | fraction;
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** The bucket among the 2^scale between 1 and 2 that a significand between them lies in. */
static int32_t index_of_significand(double significand, int32_t scale) {
    const double position = log2(significand) * f64_of_parts(scale, 0);
    const int32_t nearest = (int32_t)(position + 0.5);
    if (fabs(position - nearest) > NEAR_A_BOUNDARY) {
        return (int32_t)position;
    }
    const long double boundary = exp2l((long double)nearest / (long double)f64_of_parts(scale, 0));
    return (long double)significand > boundary ? nearest : nearest - 1;
}

/** The same on scales that the table knows, of the fraction bits. */
static int32_t index_of_fraction(uint64_t fraction, int32_t scale) {
    const size_t below =
        tachoi_exponential_boundaries_below[fraction >> (SIGNIFICAND_BITS - TACHOI_TABLE_SCALE)];
    const int32_t index = (int32_t)below + (fraction > tachoi_exponential_boundaries[below]) +
                          (fraction > tachoi_exponential_boundaries[below + 1]);
    return index >> (TACHOI_TABLE_SCALE - scale);
}

int32_t tachoi_exponential_index(double value, int32_t scale) {
    assert(value > 0);
    assert(value <= DBL_MAX);
    const double normal = value < DBL_MIN ? DBL_MIN : value;
    uint64_t bits = 0;
    memcpy(&bits, &normal, sizeof bits);
    const int32_t exponent = (int32_t)(bits >> SIGNIFICAND_BITS) - EXPONENT_BIAS;
    const uint64_t fraction = bits & ((UINT64_C(1) << SIGNIFICAND_BITS) - 1);
    if (scale <= 0) {
        return (exponent - (fraction == 0)) >> -scale; /* floor: both compilers shift the sign in */
    }
    const int32_t index = exponent * (INT32_C(1) << scale);
    if (fraction == 0) {
        return index - 1;
    }
    return index + (scale <= TACHOI_TABLE_SCALE
                        ? index_of_fraction(fraction, scale)
                        : index_of_significand(f64_of_parts(0, fraction), scale));
}

double tachoi_exponential_lower_bound(int32_t index, int32_t scale) {
    const int64_t beyond = 4096; /* all doubles */
    if (scale <= 0) {
        const int64_t exponent = (int64_t)index * (INT64_C(1) << -scale);
        return ldexp(1, (int)(exponent > beyond    ? beyond
                              : exponent < -beyond ? -beyond
                                                   : exponent));
    }
    /* Apart, so that neither part leaves the range of doubles where the product does not. */
    const int32_t exponent = index >> scale;
    const int32_t rest = index - exponent * (INT32_C(1) << scale);
    const long double significand = exp2l((long double)rest / (long double)f64_of_parts(scale, 0));
    return (double)ldexpl(significand, exponent);
}
