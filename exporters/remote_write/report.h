/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the words in which the sending side tells what went wrong (RWOBS-06, AUTH-11). Every message
 * goes through the rate limit of the diagnostics and holds no secret. No lock may be held. */
#ifndef TACHOI_REMOTE_WRITE_REPORT_H
#define TACHOI_REMOTE_WRITE_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "http/response.h"
#include "remote_write/negotiation.h"
#include "remote_write/startup_check.h"

/** Writes the outcome of a transfer in a few words: "HTTP 503", or why no answer came. */
void tachoi_outcome_describe(const struct tachoi_http_response *response, char *out,
                             size_t out_size);

/** The receiver refused samples for good; `example` is one of their series. The hint is for the
 * cause that the answer's words name, else for its status. */
void tachoi_report_refused(const char *url, const struct tachoi_http_response *response,
                           size_t samples, const char *example);

/** The same will be sent again. */
void tachoi_report_retry(const char *url, const struct tachoi_http_response *response);

/** The receiver does not know 2.0: the same is sent again in 1.0 (RW2-12, RW2-17). */
void tachoi_report_fallback(const char *url, const struct tachoi_http_response *response);

/** A request of 2.0 is lost by a verdict NOT_WRITTEN: nothing was kept (RW2-13), or 2.0 is insisted
 * on and not known there. */
void tachoi_report_not_written(const char *url, const struct tachoi_http_response *response,
                               size_t samples, const char *example);

/** What the *-Written headers tell does not match what was sent (RW2-14). */
void tachoi_report_mismatch(const char *url, const struct tachoi_http_response *response,
                            const struct tachoi_written *sent, const struct tachoi_written *written,
                            const char *example);

/** What the check at the start has found; silent if that is nothing. */
void tachoi_report_startup(const struct tachoi_startup_findings *findings);

/** Samples were dropped here; `kind` is the message's stable name, `why` ends the sentence. */
void tachoi_report_dropped(const char *kind, uint64_t samples, const char *why);

/** The end: what was not delivered, and the last error ("" if none). */
void tachoi_report_shutdown_loss(const char *url, uint64_t samples, const char *last_error);

#endif
