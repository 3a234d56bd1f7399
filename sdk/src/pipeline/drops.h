/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the account of measurements that were not kept: instruments and storages count while
 * recording, here it is added up and told. */
#ifndef TACHOI_PIPELINE_DROPS_H
#define TACHOI_PIPELINE_DROPS_H

#include "pipeline/instrument.h"

/** Adds what a storage counted. Any thread. */
void tachoi_drops_add_storage(struct tachoi_pipeline *pipeline,
                              const struct tachoi_storage_drops *drops);

/** Gathers what is new since the last call and tells it to the diagnostics. No lock held. */
void tachoi_drops_report(struct tachoi_pipeline *pipeline);

#endif
