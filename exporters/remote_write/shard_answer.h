/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what an answer does to a shard's request: settles, repeats, splits or delays it. Sending
 * thread only, without the lock. */
#ifndef TACHOI_REMOTE_WRITE_SHARD_ANSWER_H
#define TACHOI_REMOTE_WRITE_SHARD_ANSWER_H

#include "remote_write/shard.h"

/** Takes the answer to the request. */
void tachoi_shard_conclude(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                           uint64_t now_ns);

/** The request cannot leave as it is, since it is too large here: the next one is smaller. */
void tachoi_shard_exceeds_limits(struct tachoi_shard *shard, uint64_t now_ns);

/** The request must not leave, and is given up: its body is not valid. `problem` says why. */
void tachoi_shard_is_invalid(struct tachoi_shard *shard, const char *problem, uint64_t now_ns);

/** The request's version has no words for anything in it. */
void tachoi_shard_has_no_content(struct tachoi_shard *shard, uint64_t now_ns);

#endif
