/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what options must satisfy that say how requests travel. See options_check.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "http/header.h"
#include "http/url.h"
#include "remote_write/options.h"
#include "remote_write/options_check.h"

/* What every PEM block begins with; libcurl reads nothing else. */
#define PEM_BEGIN "-----BEGIN "
#define PEM_BEGIN_LENGTH (sizeof PEM_BEGIN - 1)

static int check_endpoint(const tacho_remote_write_options *values, tacho_error *error) {
    if (values->endpoint == NULL) {
        return tachoi_remote_write_invalid(
            error, "endpoint",
            "is missing: set it in the options or in TACHO_REMOTE_WRITE_ENDPOINT, for "
            "example to http://127.0.0.1:9090/api/v1/write");
    }
    const char *problem = tachoi_http_url_problem(values->endpoint, TACHOI_HTTP_URL_ENDPOINT);
    if (problem != NULL) {
        return tachoi_remote_write_invalid(error, "endpoint", problem);
    }
    if (values->proxy_url != NULL && values->proxy_url[0] != '\0') {
        problem = tachoi_http_url_problem(values->proxy_url, TACHOI_HTTP_URL_PROXY);
    }
    return problem == NULL ? TACHO_OK : tachoi_remote_write_invalid(error, "proxy_url", problem);
}

/* --- files --- */

static const char *pem_problem(int fd) {
    char text[4096];
    size_t length = 0;
    for (;;) {
        ssize_t count = read(fd, text + length, sizeof text - length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count < 0 ? strerror(errno) : "it holds no PEM block (\"-----BEGIN ...\")";
        }
        length += (size_t)count;
        if (memmem(text, length, PEM_BEGIN, PEM_BEGIN_LENGTH) != NULL) {
            return NULL;
        }
        /* The end may be the first part of what is looked for. */
        size_t kept = length < PEM_BEGIN_LENGTH - 1 ? length : PEM_BEGIN_LENGTH - 1;
        memmove(text, text + length - kept, kept);
        length = kept;
    }
}

enum file_content { ANYTHING, PEM };

/* NULL, or why the file cannot be used. */
static const char *file_problem(const char *path, enum file_content content) {
    struct stat information;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return strerror(errno);
    }
    const char *problem = NULL;
    if (fstat(fd, &information) != 0) {
        problem = strerror(errno);
    } else if (S_ISDIR(information.st_mode)) {
        problem = strerror(EISDIR);
    } else if (content == PEM && !S_ISREG(information.st_mode)) {
        problem = "it is no regular file"; /* it is read with every connection */
    } else if (content == PEM) {
        problem = pem_problem(fd);
    }
    (void)close(fd);
    return problem;
}

static int check_file(const char *path, enum file_content content, const char *field,
                      tacho_error *error) {
    const char *problem = path != NULL ? file_problem(path, content) : NULL;
    if (problem == NULL) {
        return TACHO_OK;
    }
    return tachoi_remote_write_refuse(error, TACHO_E_INVALID, field, "cannot use `%.200s`: %s",
                                      path, problem);
}

static int check_tls(const tacho_remote_write_options *values, tacho_error *error) {
    if (values->tls_cert_file != NULL && values->tls_key_file == NULL) {
        return tachoi_remote_write_invalid(error, "tls_key_file",
                                           "is missing: tls_cert_file needs it");
    }
    if (values->tls_key_file != NULL && values->tls_cert_file == NULL) {
        return tachoi_remote_write_invalid(error, "tls_cert_file",
                                           "is missing: tls_key_file needs it");
    }
    int status = check_file(values->tls_ca_file, PEM, "tls_ca_file", error);
    if (status == TACHO_OK) {
        status = check_file(values->tls_cert_file, PEM, "tls_cert_file", error);
    }
    return status == TACHO_OK ? check_file(values->tls_key_file, PEM, "tls_key_file", error)
                              : status;
}

static int check_basic_auth(const tacho_remote_write_options *values, tacho_error *error) {
    if (values->basic_auth_password != NULL && values->basic_auth_password_file != NULL) {
        return tachoi_remote_write_invalid(error, "basic_auth_password_file",
                                           "contradicts basic_auth_password: give one of them");
    }
    bool has_password =
        values->basic_auth_password != NULL || values->basic_auth_password_file != NULL;
    if (has_password && values->basic_auth_username == NULL) {
        return tachoi_remote_write_invalid(error, "basic_auth_username",
                                           "is missing: the password needs it");
    }
    if (values->basic_auth_username != NULL && strchr(values->basic_auth_username, ':') != NULL) {
        return tachoi_remote_write_invalid(
            error, "basic_auth_username", "holds a colon, which basic authentication cannot carry");
    }
    return check_file(values->basic_auth_password_file, ANYTHING, "basic_auth_password_file",
                      error);
}

static bool is_printable_name(const char *name) {
    static const char printable[] = "-_0123456789abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t length = name != NULL ? strspn(name, printable) : 0;
    return length > 0 && length < 64 && name[length] == '\0';
}

static int check_header(const tacho_remote_write_options *values, size_t index,
                        tacho_error *error) {
    const tacho_remote_write_header *header = &values->headers[index];
    const char *problem = tachoi_http_header_problem(header->name, header->value);
    if (problem == NULL && tachoi_ascii_equal_ignoring_case(header->name, "authorization") &&
        values->basic_auth_username != NULL) {
        problem = "contradicts basic authentication: give one of them";
    }
    if (problem == NULL) {
        return TACHO_OK;
    }
    if (!is_printable_name(header->name)) {
        return tachoi_remote_write_refuse(error, TACHO_E_INVALID, "headers", "header %zu %s",
                                          index + 1, problem);
    }
    return tachoi_remote_write_refuse(error, TACHO_E_INVALID, "headers", "header %zu (`%s`) %s",
                                      index + 1, header->name, problem);
}

static int check_headers(const tacho_remote_write_options *values, tacho_error *error) {
    int status = TACHO_OK;
    for (size_t i = 0; i < values->header_count && status == TACHO_OK; i++) {
        status = check_header(values, i, error);
    }
    return status;
}

int tachoi_remote_write_check_transport(const tacho_remote_write_options *values,
                                        tacho_error *error) {
    int status = check_endpoint(values, error);
    status = status == TACHO_OK ? check_basic_auth(values, error) : status;
    status = status == TACHO_OK ? check_headers(values, error) : status;
    return status == TACHO_OK ? check_tls(values, error) : status;
}
