/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the result of set-up, flush and shutdown calls, and the place where such a call says which
 * field was wrong. Recording calls return nothing and never come here. */
#ifndef TACHO_STATUS_H
#define TACHO_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "tacho/export.h"

TACHO_BEGIN_DECLS

/** What a call that can fail returns. 0 is success, every failure is negative. */
enum tacho_status {
    TACHO_OK = 0,
    TACHO_E_INVALID = -1,     /**< an argument or an option is wrong; tacho_error names the field */
    TACHO_E_NO_MEMORY = -2,   /**< an allocation failed; nothing was changed */
    TACHO_E_TIMEOUT = -3,     /**< the deadline passed before the work was done */
    TACHO_E_FAILED = -4,      /**< the work ended without success: data was lost or refused */
    TACHO_E_UNSUPPORTED = -5, /**< asks for something that this version does not know */
    TACHO_E_BUSY = -6,        /**< the object is in use: a reader that has a provider already */
    TACHO_E_SHUTDOWN = -7,    /**< the object was shut down before */
    TACHO_E_FORKED = -8,      /**< called in a forked child on an object of its parent */
    TACHO_E_SYSTEM = -9,      /**< the operating system refused: no thread, no randomness */
    TACHO_E_NOT_FOUND = -10   /**< there is nothing of that name or with those attributes */
};

/** One short English sentence for a status; never NULL, valid for ever. Any thread. */
TACHO_API const char *tacho_status_text(int status);

/**
 * Details of a failed set-up call, in the caller's memory. Options structs have a field `error`
 * that points to one; it is written when the call fails and left alone when it succeeds. (Where
 * struct_size is too small to reach it, only the status and the diagnostics tell.)
 * Both strings end in NUL. The layout is fixed.
 */
typedef struct tacho_error {
    int status;        /**< the status that the call returned */
    char field[60];    /**< name of the option or argument at fault, "" if none is */
    char message[448]; /**< why, without secrets */
} tacho_error;

/** "Wait as long as it takes", for every timeout_ms argument and option. */
#define TACHO_NO_TIMEOUT UINT32_MAX

/** No limit, for options that have one by default. */
#define TACHO_NO_LIMIT UINT32_MAX

/**
 * The address of an options struct on the stack, its struct_size set and at least one field given:
 *     counter = tacho_meter_create_counter(
 *         meter, "jobs", TACHO_OPTIONS(tacho_instrument_options, .unit = "{job}"));
 * C only; in C++ zero the struct and set struct_size and the fields.
 */
#ifndef __cplusplus
#define TACHO_OPTIONS(type, ...) (&(type){.struct_size = sizeof(type), __VA_ARGS__})
#endif

TACHO_END_DECLS

#endif
