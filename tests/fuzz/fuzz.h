/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the fuzz targets have in common: the entry that libFuzzer and fuzz_driver.c call, and
 * the check that ends the program. */
#ifndef TACHO_TESTS_FUZZ_FUZZ_H
#define TACHO_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** The target: judges one input, returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Bytes that mean something to the target; the driver prefers them. */
extern const char fuzz_alphabet[];
extern const size_t fuzz_alphabet_size;

#define fuzz_check(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
