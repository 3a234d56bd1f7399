/* SPDX-License-Identifier: Apache-2.0 */
/* Owns how a shard settles requests and parts of them, and carries a round of bisection out:
 * numbers of records to ranges of samples, and back to the account. Sending thread only, without
 * the lock. */
#ifndef TACHOI_REMOTE_WRITE_SHARD_ROUND_H
#define TACHOI_REMOTE_WRITE_SHARD_ROUND_H

#include "remote_write/shard.h"

/** The request got 500 often enough: a round begins. */
void tachoi_shard_begin_round(struct tachoi_shard *shard,
                              const struct tachoi_http_response *response, uint64_t now_ns);

/** The request got its final answer, and is settled so. In a round it is a part, the answer may
 * leave it open (tachoi_bisection_take), and the round goes on. `response` is NULL if it was never
 * sent. Whether it is settled. */
bool tachoi_shard_finish(struct tachoi_shard *shard, enum tachoi_bisection_answer answer,
                         const struct tachoi_settlement *settlement,
                         const struct tachoi_http_response *response, uint64_t now_ns);

/** The same request must be made again, in another way: at once, as a first attempt. */
void tachoi_shard_redo(struct tachoi_shard *shard);

#endif
