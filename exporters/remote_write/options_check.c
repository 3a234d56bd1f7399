/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what resolved options must satisfy. See options_check.h. */
#include "remote_write/options_check.h"

#include <errno.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "remote_write/converter_options.h"
#include "remote_write/options.h"

#define NAME_BYTES_MAX ((size_t)128)
#define QUEUE_BYTES_PER_SHARD (UINT64_C(64) * 1024)

int tachoi_remote_write_invalid(tacho_error *error, const char *field, const char *reason) {
    return tachoi_remote_write_refuse(error, TACHO_E_INVALID, field, "%s", reason);
}

/* --- the endpoint's name --- */

static bool has_control_character(const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char first = (unsigned char)text[0];
        unsigned char second = (unsigned char)text[1];
        if (first < 0x20 || first == 0x7f || (first == 0xc2 && second < 0xa0)) {
            return true;
        }
    }
    return false;
}

static int check_name(const tacho_remote_write_options *values, tacho_error *error) {
    const char *name = values->name;
    const char *problem = NULL;
    if (name == NULL) {
        return TACHO_OK;
    }
    if (name[0] == '\0') {
        problem = "is empty; leave it out for the host of endpoint";
    } else if (strlen(name) > NAME_BYTES_MAX) {
        problem = "is longer than 128 bytes";
    } else if (!tachoi_utf8_is_valid(name, strlen(name)) || has_control_character(name)) {
        problem = "is not printable";
    }
    return problem == NULL ? TACHO_OK : tachoi_remote_write_invalid(error, "name", problem);
}

/* --- what 1.0 cannot do --- */

static int check_protocol(const tacho_remote_write_options *values, tacho_error *error) {
    if (values->protocol != TACHO_REMOTE_WRITE_PROTOCOL_1) {
        return TACHO_OK;
    }
    if (values->require_written_headers == TACHO_REMOTE_WRITE_ALWAYS) {
        return tachoi_remote_write_invalid(
            error, "require_written_headers",
            "is `always`, but with protocol 1 receivers send no such headers");
    }
    if (values->convert_classic_histograms_to_nhcb) {
        return tachoi_remote_write_invalid(
            error, "convert_classic_histograms_to_nhcb",
            "contradicts protocol 1, which has no histograms with buckets of their own");
    }
    if (tachoi_remote_write_is_utf8(values)) {
        return tachoi_remote_write_invalid(
            error, "translation_strategy",
            "leaves names unescaped, which protocol 1 cannot carry; use protocol auto or 2, or an "
            "UnderscoreEscaping strategy");
    }
    return TACHO_OK;
}

/* --- limits --- */

static int check_limits(const tacho_remote_write_options *values, tacho_error *error) {
    if (values->min_backoff_ms > values->max_backoff_ms) {
        return tachoi_remote_write_invalid(error, "min_backoff_ms",
                                           "is larger than max_backoff_ms");
    }
    if (values->capacity != 0 && values->capacity < values->max_samples_per_send) {
        return tachoi_remote_write_refuse(
            error, TACHO_E_INVALID, "capacity",
            "must hold one request: it is %u, and max_samples_per_send is %u", values->capacity,
            values->max_samples_per_send);
    }
    if (values->queue_max_bytes / values->max_shards < QUEUE_BYTES_PER_SHARD) {
        return tachoi_remote_write_refuse(
            error, TACHO_E_INVALID, "queue_max_bytes",
            "must be at least 65536 for each of the %u shards, and is %llu", values->max_shards,
            (unsigned long long)values->queue_max_bytes);
    }
    if (values->sample_age_limit_ms != TACHO_NO_LIMIT &&
        values->batch_send_deadline_ms > values->sample_age_limit_ms) {
        return tachoi_remote_write_invalid(
            error, "batch_send_deadline_ms",
            "is longer than sample_age_limit_ms: samples would be too old before they are sent");
    }
    return TACHO_OK;
}

/* --- the folder for refused requests --- */

/* NULL, or why no files can be made in the folder. */
static const char *folder_problem(const char *path) {
    struct stat information;
    if (stat(path, &information) != 0 ||
        (S_ISDIR(information.st_mode) && access(path, W_OK | X_OK) != 0)) {
        return strerror(errno);
    }
    return S_ISDIR(information.st_mode) ? NULL : strerror(ENOTDIR);
}

static int check_folder(const tacho_remote_write_options *values, tacho_error *error) {
    const char *path = values->refused_request_folder;
    const char *problem = path != NULL ? folder_problem(path) : NULL;
    return problem == NULL
               ? TACHO_OK
               : tachoi_remote_write_refuse(error, TACHO_E_INVALID, "refused_request_folder",
                                            "cannot use `%.200s`: %s", path, problem);
}

int tachoi_remote_write_options_check(const tacho_remote_write_options *values,
                                      tacho_error *error) {
    int status = tachoi_remote_write_check_transport(values, error);
    status = status == TACHO_OK ? check_name(values, error) : status;
    status = status == TACHO_OK ? check_protocol(values, error) : status;
    status = status == TACHO_OK ? check_limits(values, error) : status;
    status = status == TACHO_OK ? tachoi_remote_write_check_conversion(values, error) : status;
    return status == TACHO_OK ? check_folder(values, error) : status;
}
