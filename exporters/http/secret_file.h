/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a secret that lives in a file and may be replaced while the program runs (AUTH-02). The
 * secret never appears in messages; its memory is wiped before it is freed. One thread at a time.
 */
#ifndef TACHOI_HTTP_SECRET_FILE_H
#define TACHOI_HTTP_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum tachoi_secret_result {
    TACHOI_SECRET_UNCHANGED,
    TACHOI_SECRET_CHANGED,
    TACHOI_SECRET_UNREADABLE, /* errno says why; the former secret stays in use */
    TACHOI_SECRET_MALFORMED,  /* larger than 64 KiB or with a NUL inside; the former stays */
    TACHOI_SECRET_NO_MEMORY   /* the former stays */
};

struct tachoi_secret_file {
    char *path;
    char *value; /* NULL before the first successful refresh */
    struct stat seen;
};

/** False when memory is short. Does not read. */
bool tachoi_secret_file_init(struct tachoi_secret_file *file, const char *path);
void tachoi_secret_file_fini(struct tachoi_secret_file *file);

/** Reads the file if its inode, size or times differ from the last reading. One line break at the
 * end is not part of the secret. Blocks for local file I/O. */
enum tachoi_secret_result tachoi_secret_file_refresh(struct tachoi_secret_file *file);

/** Frees a text after wiping it. NULL is allowed. */
void tachoi_secret_free(char *secret);

#endif
