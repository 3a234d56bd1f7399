/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the one initialisation of libcurl in a process. It is never undone: others may use libcurl
 * too. Any thread. */
#ifndef TACHOI_HTTP_GLOBAL_H
#define TACHOI_HTTP_GLOBAL_H

#include <stdbool.h>

/** Initialises libcurl once. False if that failed, now or before. */
bool tachoi_http_global_init(void);

#endif
