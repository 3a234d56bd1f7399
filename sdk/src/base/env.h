/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of environment variables by OpenTelemetry's rules (ENV-02..08). Pure: reports
 * nothing itself. An empty variable counts as unset; set-user-id programs see none. */
#ifndef TACHOI_BASE_ENV_H
#define TACHOI_BASE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tachoi_env_result {
    TACHOI_ENV_UNSET,  /* *out untouched */
    TACHOI_ENV_OK,     /* *out written */
    TACHOI_ENV_INVALID /* *out untouched, the caller should warn and go on as if unset */
};

/** The value, NULL if unset or empty. */
const char *tachoi_env_get(const char *name);
/** Decimal digits only, at most `max`. */
enum tachoi_env_result tachoi_env_u64(const char *name, uint64_t max, uint64_t *out);
/** "true" or "false" in any case; anything else is invalid and means false (written). */
enum tachoi_env_result tachoi_env_bool(const char *name, bool *out);

/** Parses decimal digits, all of the text; false on anything else and above `max`. */
bool tachoi_parse_u64(const char *data, size_t length, uint64_t max, uint64_t *out);

/** Undoes percent-encoding into `out` (at least `length` bytes); false on a malformed escape. */
bool tachoi_percent_decode(const char *data, size_t length, char *out, size_t *out_length);

/** Calls `each` for every key=value of "k1=v1,k2=v2", blanks around parts trimmed, both parts
 * percent-decoded into memory that is valid for the call; stops when it returns false. TACHO_OK;
 * TACHO_E_INVALID for a malformed list (an empty part between commas is one), for a key that is
 * empty and when `each` returned false; TACHO_E_NO_MEMORY. */
int tachoi_parse_pairs(const char *text,
                       bool (*each)(const char *key, size_t key_length, const char *value,
                                    size_t value_length, void *user),
                       void *user);

#endif
