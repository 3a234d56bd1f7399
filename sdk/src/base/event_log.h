/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rate limit of messages: one per component, kind, subject and minute, the others counted.
 * Pure; the caller locks and tells the time. */
#ifndef TACHOI_BASE_EVENT_LOG_H
#define TACHOI_BASE_EVENT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TACHOI_EVENT_LOG_KINDS 128
/** So many of the slots may be taken by subjects. */
#define TACHOI_EVENT_LOG_SUBJECTS 64
#define TACHOI_EVENT_LOG_INTERVAL_NS (UINT64_C(60) * 1000000000)

struct tachoi_event_log_entry {
    const char *component;
    const char *kind;
    uint64_t subject; /* 0 = none */
    uint64_t last_ns;
    uint64_t suppressed;
};

/** Zero-initialised before use. When all slots are taken, further kinds share the last one. When
 * those for subjects are taken, one whose minute is over is used again; else further subjects share
 * the slot of their kind. */
struct tachoi_event_log {
    struct tachoi_event_log_entry entries[TACHOI_EVENT_LOG_KINDS];
    size_t count;
    size_t subject_count;
};

/** Whether a message may pass now; if so `*suppressed` is the number swallowed before it.
 * `subject`: a hash of what the message is about, 0 where only the kind counts. */
bool tachoi_event_log_admit(struct tachoi_event_log *log, const char *component, const char *kind,
                            uint64_t subject, uint64_t now_ns, uint64_t *suppressed);

#endif
