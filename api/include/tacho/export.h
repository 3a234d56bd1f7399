/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the marks that every public header needs: symbol visibility and C linkage. Knows nothing of
 * metrics. */
#ifndef TACHO_EXPORT_H
#define TACHO_EXPORT_H

/** Marks a function as part of the library's binary interface; everything else is hidden. */
#if defined(__GNUC__)
#define TACHO_API __attribute__((visibility("default")))
#define TACHO_PRINTF(format_index, first_index)                                                    \
    __attribute__((format(printf, format_index, first_index)))
#else
#define TACHO_API
#define TACHO_PRINTF(format_index, first_index)
#endif

#ifdef __cplusplus
#define TACHO_BEGIN_DECLS extern "C" {
#define TACHO_END_DECLS }
#else
#define TACHO_BEGIN_DECLS
#define TACHO_END_DECLS
#endif

/** The version of the headers; tacho_version() tells that of the library that runs. */
#define TACHO_VERSION_MAJOR 0
#define TACHO_VERSION_MINOR 1
#define TACHO_VERSION_PATCH 0
#define TACHO_VERSION "0.1.0"

TACHO_BEGIN_DECLS

/** The version of the running libtacho_api, for example "0.1.0". Valid for ever. Any thread. */
TACHO_API const char *tacho_version(void);

TACHO_END_DECLS

#endif
