/* SPDX-License-Identifier: Apache-2.0 */
/* Owns that the endpoints of a process which measure themselves differ in name or URL, whoever made
 * them: two with equal ones would share their series, and one would vanish. The first one has its
 * name as it is, others a number behind it.
 *
 * Any thread may take and give back. A process that was forked begins anew: what its parent took is
 * free, and nothing of the parent's list is touched. */
#ifndef TACHOI_REMOTE_WRITE_ENDPOINT_NAME_H
#define TACHOI_REMOTE_WRITE_ENDPOINT_NAME_H

#include <stdbool.h>

struct tachoi_endpoint_name { /* zero = nothing was taken */
    char text[300];
    const char *url;
    struct tachoi_endpoint_name *next; /* guarded by the list's lock */
};

/** Takes `name`, at most 255 bytes, for an endpoint of `url`, or the first of name#2, name#3 ...
 * that no other endpoint of an equal URL has; false if it had to be another one. `url` is borrowed
 * until the name is given back. */
bool tachoi_endpoint_name_take(struct tachoi_endpoint_name *taken, const char *name,
                               const char *url);

/** Harmless if none was taken, or by another process. */
void tachoi_endpoint_name_give_back(struct tachoi_endpoint_name *taken);

#endif
