/* SPDX-License-Identifier: Apache-2.0 */
/* Owns hashing: xxHash's XXH3, seeded per process, one-shot and in parts; both give equal results
 * for equal bytes. */
#ifndef TACHOI_BASE_HASH_H
#define TACHOI_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** The seed of this process, drawn once. Any thread. */
uint64_t tachoi_hash_seed(void);
uint64_t tachoi_hash_bytes(const void *data, size_t size, uint64_t seed);

#endif
