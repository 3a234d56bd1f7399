/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rules for header fields that users add to requests (HTTP-02). Pure. */
#ifndef TACHOI_HTTP_HEADER_H
#define TACHOI_HTTP_HEADER_H

/**
 * Why a header may not be sent, as words that follow its name ("holds a line break"); NULL if it
 * may. Authorization is not judged here: it depends on the other options.
 */
const char *tachoi_http_header_problem(const char *name, const char *value);

#endif
