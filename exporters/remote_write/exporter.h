/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the exporter to one endpoint: as the SDK sees it, and in the steps in which several are
 * driven at once (fan_out.h). */
#ifndef TACHOI_REMOTE_WRITE_EXPORTER_H
#define TACHOI_REMOTE_WRITE_EXPORTER_H

#include "remote_write/options.h"
#include "remote_write/worker.h"

/** Points of a batch: so many, with their attributes, stay in the processor's cache until they are
 * converted, and what a batch costs is little beside them. */
enum { TACHOI_REMOTE_WRITE_BATCH_POINTS = 384 };

struct tachoi_remote_write_exporter;

extern const tacho_metric_exporter_ops tachoi_remote_write_ops;

/** Makes endpoint number `index` of a list and starts its thread; details of a failure are in
 * `error` (may be NULL). To be destroyed by the table's function. */
int tachoi_remote_write_exporter_create(const tacho_remote_write_options *options, size_t index,
                                        tacho_error *error,
                                        struct tachoi_remote_write_exporter **out);

/** What applies to it. */
const struct tachoi_remote_write_config *
tachoi_remote_write_exporter_config(const struct tachoi_remote_write_exporter *exporter);

/** Fills the account but for struct_size; zeros in a forked child. */
void tachoi_remote_write_exporter_tell(struct tachoi_remote_write_exporter *exporter,
                                       tacho_remote_write_stats *out);

/** Flush and shutdown in the steps of worker.h. In a forked child the last ones return
 * TACHO_E_FORKED and the others do nothing. */
void tachoi_remote_write_exporter_flush_begin(struct tachoi_remote_write_exporter *exporter,
                                              struct tachoi_worker_wait *wait);
int tachoi_remote_write_exporter_flush_end(struct tachoi_remote_write_exporter *exporter,
                                           struct tachoi_worker_wait *wait, uint64_t deadline_ns);
void tachoi_remote_write_exporter_close_begin(struct tachoi_remote_write_exporter *exporter,
                                              struct tachoi_worker_wait *wait,
                                              uint64_t deadline_ns);
void tachoi_remote_write_exporter_close_settle(struct tachoi_remote_write_exporter *exporter,
                                               struct tachoi_worker_wait *wait,
                                               uint64_t deadline_ns);
void tachoi_remote_write_exporter_close_stop(struct tachoi_remote_write_exporter *exporter,
                                             const struct tachoi_worker_wait *wait);
int tachoi_remote_write_exporter_close_end(struct tachoi_remote_write_exporter *exporter,
                                           struct tachoi_worker_wait *wait, uint64_t deadline_ns,
                                           uint64_t grace_ns);

/** The end in steps, not in a forked child: retire, then close, then free, which waits until then
 * for the thread. */
void tachoi_remote_write_exporter_retire(struct tachoi_remote_write_exporter *exporter);
void tachoi_remote_write_exporter_free(struct tachoi_remote_write_exporter *exporter,
                                       uint64_t until_ns);

#endif
