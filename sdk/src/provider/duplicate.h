/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the words for streams of one name that are not one stream: what differs, that both are
 * exported, and what mends it, as text for the program where a view does; and for those of several
 * instruments that are one. (INST-03..06, VIEW-08, VIEW-21) */
#ifndef TACHOI_PROVIDER_DUPLICATE_H
#define TACHOI_PROVIDER_DUPLICATE_H

#include "pipeline/scope.h"

/** Warns of the conflict, once a minute. */
void tachoi_duplicate_tell(const struct tachoi_stream_conflict *conflict);

#endif
