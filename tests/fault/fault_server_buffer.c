/* SPDX-License-Identifier: Apache-2.0 */
/* See fault_server_buffer.h. */
#include "fault/fault_server_buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { READ_BYTES = 65536 };

bool fault_buffer_append(struct fault_buffer *buffer, const char *data, size_t length) {
    if (buffer->data == NULL || buffer->length + length > buffer->room) {
        const size_t room = 2 * (buffer->length + length);
        char *grown = room <= FAULT_BUFFER_MAX ? realloc(buffer->data, room + 1) : NULL;
        if (grown == NULL) {
            return false;
        }
        buffer->data = grown;
        buffer->room = room;
    }
    if (length > 0) {
        memcpy(buffer->data + buffer->length, data, length);
    }
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return true;
}

enum fault_read fault_buffer_read(struct fault_buffer *buffer, int fd, uint64_t most) {
    char data[READ_BYTES];
    while (most > 0) {
        const ssize_t length = recv(fd, data, most < sizeof data ? (size_t)most : sizeof data, 0);
        if (length == 0) {
            return FAULT_READ_END;
        }
        if (length < 0) {
            return errno == EAGAIN || errno == EINTR ? FAULT_READ_MORE : FAULT_READ_BROKEN;
        }
        if (!fault_buffer_append(buffer, data, (size_t)length)) {
            return FAULT_READ_BROKEN;
        }
        most -= (uint64_t)length;
    }
    return FAULT_READ_MORE;
}
