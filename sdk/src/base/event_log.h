/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rate limit of messages: one per component, kind and minute, the others counted. Pure;
 * the caller locks and tells the time. */
#ifndef TACHOI_BASE_EVENT_LOG_H
#define TACHOI_BASE_EVENT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TACHOI_EVENT_LOG_KINDS 128
#define TACHOI_EVENT_LOG_INTERVAL_NS (UINT64_C(60) * 1000000000)

struct tachoi_event_log_entry {
    const char *component;
    const char *kind;
    uint64_t last_ns;
    uint64_t suppressed;
};

/** Zero-initialised before use. When all slots are taken, further kinds share the last one. */
struct tachoi_event_log {
    struct tachoi_event_log_entry entries[TACHOI_EVENT_LOG_KINDS];
    size_t count;
};

/** Whether a message may pass now; if so `*suppressed` is the number swallowed before it. */
bool tachoi_event_log_admit(struct tachoi_event_log *log, const char *component, const char *kind,
                            uint64_t now_ns, uint64_t *suppressed);

#endif
