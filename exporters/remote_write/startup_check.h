/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the check at the start: an empty request, and what its answer tells early about address,
 * rights and clock, in words for people. Pure: who sends the request is not known here, nor what it
 * means for the version, which is negotiation.h's. */
#ifndef TACHOI_REMOTE_WRITE_STARTUP_CHECK_H
#define TACHOI_REMOTE_WRITE_STARTUP_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "http/response.h"
#include "tacho/exporters/remote_write.h"
#include "tacho/sdk/diagnostics.h"

/** Differences between the clocks that are told as a warning, and as an error: receivers refuse
 * what lies more than ten minutes ahead of them. */
#define TACHOI_CLOCK_SKEW_WARNING_S 60
#define TACHOI_CLOCK_SKEW_ERROR_S 600

/** The body of a request that holds nothing: of 1.0 an empty message, of 2.0 one with the empty
 * symbol alone; compressed. */
struct tachoi_startup_body {
    const unsigned char *data;
    size_t length;
};
struct tachoi_startup_body tachoi_startup_check_body(int version);

struct tachoi_startup_finding {
    tacho_severity severity;
    const char *kind; /* of the diagnostic: "startup_check", "clock_skew" */
    char text[960];
};

/** At most one about the answer and one about the clock. */
struct tachoi_startup_findings {
    struct tachoi_startup_finding items[2];
    size_t count;
};

/** What was asked, and of whom. */
struct tachoi_startup_request {
    const char *url;                        /* redacted */
    int version;                            /* of the request */
    tacho_remote_write_protocol configured; /* with `auto`, what a fallback mends is not told */
};

/** Judges the answer, which came at `now_unix_s` of the local clock. A success finds nothing, and
 * neither does a refusal that may be for the emptiness alone. */
void tachoi_startup_check_judge(const struct tachoi_startup_request *request,
                                const struct tachoi_http_response *response, int64_t now_unix_s,
                                struct tachoi_startup_findings *out);

#endif
