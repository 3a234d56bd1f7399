/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the files in refused_request_folder. See request_dump.h.
 *
 * A file's name is taken by making it, empty, where there is none (O_EXCL); then the text is
 * written beside it and renamed over it. So two exporters never take one name, and nobody sees half
 * a text under it. */
#include "remote_write/request_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "remote_write/options.h"
#include "remote_write/request_text.h"
#include "tacho/sdk/diagnostics.h"

#define CREATE_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

void tachoi_request_dump_init(struct tachoi_request_dump *dump, const char *folder) {
    *dump = (struct tachoi_request_dump){.folder = folder};
}

/* --- the text --- */

static void append_time(struct tachoi_text *text, int64_t unix_ms) {
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;
    char out[80];
    if (gmtime_r(&seconds, &parts) == NULL) {
        return;
    }
    (void)snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                   parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                   (int)(unix_ms % 1000));
    tachoi_text_append_string(text, out);
}

static void append_line(struct tachoi_text *text, const char *name, const char *value) {
    tachoi_text_append_string(text, name);
    tachoi_text_append_string(text, ": ");
    tachoi_text_append_string(text, value);
    tachoi_text_append_char(text, '\n');
}

static void append_answer(struct tachoi_text *text, const struct tachoi_http_response *response) {
    tachoi_text_append_string(text, "status: ");
    tachoi_text_append_i64(text, response->status);
    tachoi_text_append_char(text, '\n');
    append_line(text, "answer", response->excerpt);
    if (response->samples_written.is_present) {
        append_line(text, "samples written", response->samples_written.text);
    }
    if (response->histograms_written.is_present) {
        append_line(text, "histograms written", response->histograms_written.text);
    }
    if (response->exemplars_written.is_present) {
        append_line(text, "exemplars written", response->exemplars_written.text);
    }
}

/* "Name: value" and libcurl's "Name;" without what may be a secret. */
static void append_name_only(struct tachoi_text *text, const char *line) {
    tachoi_text_append_string(text, "header: ");
    tachoi_text_append(text, line, strcspn(line, ":;"));
    tachoi_text_append_string(text, ": (not shown)\n");
}

static void append_head(struct tachoi_text *text, const struct tachoi_refused_request *request) {
    tachoi_text_append_string(text, "A request of remote write that was refused.\n\ntime: ");
    append_time(text, request->time_unix_ms);
    tachoi_text_append_char(text, '\n');
    append_line(text, "endpoint", request->url);
    append_line(text, "protocol", request->version == 1 ? "1.0" : "2.0");
    append_answer(text, request->response);
    for (size_t i = 0; i < request->header_count; i++) {
        append_line(text, "header", request->headers[i]);
    }
    for (size_t i = 0; i < request->user_header_count; i++) {
        append_name_only(text, request->user_headers[i]);
    }
    tachoi_text_append_string(text, "body: ");
    tachoi_text_append_u64(text, request->body_length);
    tachoi_text_append_string(text, " bytes, compressed\n\n");
}

/* --- the file --- */

struct file_names {
    char final[32];
    char temporary[36];
};

/* Takes the first free name; its descriptor, or -1 with errno, EEXIST if all are taken. */
static int take_name(int folder, struct file_names *names) {
    for (unsigned i = 0; i < TACHOI_DUMP_FILES_MAX; i++) {
        (void)snprintf(names->final, sizeof names->final, "tacho-refused-%02u.txt", i);
        (void)snprintf(names->temporary, sizeof names->temporary, "%s.tmp", names->final);
        int fd = openat(folder, names->final, CREATE_FLAGS, S_IRUSR | S_IWUSR);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

static bool write_all(int fd, const char *data, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        data += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static bool write_temporary(int folder, const char *name, const struct tachoi_text *text) {
    static const char cut[] = "\n(the rest is left out)\n";
    int fd = openat(folder, name, CREATE_FLAGS, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return false;
    }
    bool ok = write_all(fd, text->data, text->length) &&
              (!text->failed || write_all(fd, cut, sizeof cut - 1));
    int reason = errno;
    if (close(fd) != 0) {
        return false;
    }
    errno = reason;
    return ok;
}

/* Writes the text under a free name; false with errno, EEXIST if there is none. */
static bool write_file(int folder, const struct tachoi_text *text, struct file_names *names) {
    int fd = take_name(folder, names);
    if (fd < 0) {
        return false;
    }
    (void)close(fd);
    if (write_temporary(folder, names->temporary, text) &&
        renameat(folder, names->temporary, folder, names->final) == 0) {
        return true;
    }
    int reason = errno == EEXIST ? EIO : errno; /* not "full": a name was free */
    (void)unlinkat(folder, names->temporary, 0);
    (void)unlinkat(folder, names->final, 0);
    errno = reason;
    return false;
}

static void tell_failure(struct tachoi_request_dump *dump, int reason) {
    if (dump->has_told) {
        return;
    }
    dump->has_told = true;
    if (reason == EEXIST) {
        tacho_diagnostics_report(TACHO_SEVERITY_INFO, TACHOI_REMOTE_WRITE, "refused_request",
                                 "%.200s holds %d refused requests; no more are written there",
                                 dump->folder, TACHOI_DUMP_FILES_MAX);
        return;
    }
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "refused_request",
                             "cannot write refused requests to %.200s: %s", dump->folder,
                             strerror(reason));
}

bool tachoi_request_dump_write(struct tachoi_request_dump *dump,
                               const struct tachoi_refused_request *request) {
    if (dump->folder == NULL) {
        return false;
    }
    int folder = open(dump->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        tell_failure(dump, errno);
        return false;
    }
    struct tachoi_text text;
    struct file_names names;
    tachoi_text_init(&text, TACHOI_DUMP_BYTES_MAX);
    append_head(&text, request);
    (void)tachoi_request_text_append(&text, request->version, request->body, request->body_length);
    bool is_written = text.length > 0 && write_file(folder, &text, &names);
    int reason = text.length > 0 ? errno : ENOMEM;
    tachoi_text_fini(&text);
    (void)close(folder);
    if (is_written) {
        tacho_diagnostics_report(TACHO_SEVERITY_INFO, TACHOI_REMOTE_WRITE, "refused_request",
                                 "a refused request was written to %.200s/%s", dump->folder,
                                 names.final);
    } else {
        tell_failure(dump, reason);
    }
    return is_written;
}
