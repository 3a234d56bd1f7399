/* SPDX-License-Identifier: Apache-2.0 */
/* Owns bytes that grow at the end, and reading them from a non-blocking socket. */
#ifndef TACHO_FAULT_SERVER_BUFFER_H
#define TACHO_FAULT_SERVER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAULT_BUFFER_MAX = 64 * 1024 * 1024 };

struct fault_buffer {
    char *data; /* the owner's to free; once something was added, a NUL follows it */
    size_t length;
    size_t room;
};

enum fault_read {
    FAULT_READ_MORE, /* nothing is there for now, or `most` bytes have been read */
    FAULT_READ_END,  /* the peer sends no more */
    FAULT_READ_BROKEN
};

/** False, and nothing added, without memory and above FAULT_BUFFER_MAX. */
bool fault_buffer_append(struct fault_buffer *buffer, const char *data, size_t length);

/** Reads what is there, at most `most` bytes: what comes after them stays in the socket. */
enum fault_read fault_buffer_read(struct fault_buffer *buffer, int fd, uint64_t most);

#endif
