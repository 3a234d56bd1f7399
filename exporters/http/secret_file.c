/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a secret that lives in a file. See secret_file.h. */
#include "http/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

#define SECRET_BYTES_MAX ((size_t)64 * 1024)

bool tachoi_secret_file_init(struct tachoi_secret_file *file, const char *path) {
    *file = (struct tachoi_secret_file){.path = tachoi_strdup(path)};
    return file->path != NULL;
}

void tachoi_secret_file_fini(struct tachoi_secret_file *file) {
    tachoi_free(file->path);
    tachoi_secret_free(file->value);
    *file = (struct tachoi_secret_file){0};
}

void tachoi_secret_free(char *secret) {
    if (secret != NULL) {
        explicit_bzero(secret, strlen(secret));
        tachoi_free(secret);
    }
}

static bool is_same_time(struct timespec a, struct timespec b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           is_same_time(a->st_mtim, b->st_mtim) && is_same_time(a->st_ctim, b->st_ctim);
}

/* Reads at most `size` bytes; -1 on error. */
static ssize_t read_all(int fd, char *out, size_t size) {
    size_t length = 0;
    while (length < size) {
        ssize_t count = read(fd, out + length, size - length);
        if (count < 0 && errno != EINTR) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        length += count > 0 ? (size_t)count : 0;
    }
    return (ssize_t)length;
}

/* Without one line break at the end. */
static size_t trimmed_length(const char *data, size_t length) {
    if (length > 0 && data[length - 1] == '\n') {
        length--;
        if (length > 0 && data[length - 1] == '\r') {
            length--;
        }
    }
    return length;
}

static enum tachoi_secret_result read_secret(int fd, char **out) {
    char *data = tachoi_malloc(SECRET_BYTES_MAX + 1);
    if (data == NULL) {
        return TACHOI_SECRET_NO_MEMORY;
    }
    enum tachoi_secret_result result = TACHOI_SECRET_UNREADABLE;
    int reason = 0;
    ssize_t count = read_all(fd, data, SECRET_BYTES_MAX + 1);
    if (count < 0) {
        reason = errno;
    } else if ((size_t)count > SECRET_BYTES_MAX || memchr(data, '\0', (size_t)count) != NULL) {
        result = TACHOI_SECRET_MALFORMED;
    } else {
        *out = tachoi_strndup(data, trimmed_length(data, (size_t)count));
        result = *out != NULL ? TACHOI_SECRET_CHANGED : TACHOI_SECRET_NO_MEMORY;
    }
    explicit_bzero(data, SECRET_BYTES_MAX + 1);
    tachoi_free(data);
    errno = reason;
    return result;
}

enum tachoi_secret_result tachoi_secret_file_refresh(struct tachoi_secret_file *file) {
    struct stat now;
    if (file->value != NULL && stat(file->path, &now) == 0 && is_same_file(&now, &file->seen)) {
        return TACHOI_SECRET_UNCHANGED;
    }
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return TACHOI_SECRET_UNREADABLE;
    }
    char *value = NULL;
    enum tachoi_secret_result result = TACHOI_SECRET_UNREADABLE;
    if (fstat(fd, &now) == 0) {
        result = read_secret(fd, &value);
    }
    int reason = errno;
    (void)close(fd);
    errno = reason;
    if (result == TACHOI_SECRET_CHANGED) {
        bool is_new = file->value == NULL || strcmp(file->value, value) != 0;
        tachoi_secret_free(file->value);
        file->value = value;
        file->seen = now;
        result = is_new ? TACHOI_SECRET_CHANGED : TACHOI_SECRET_UNCHANGED;
    }
    return result;
}
