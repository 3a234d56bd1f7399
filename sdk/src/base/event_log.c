/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rate limit of messages. */
#include "base/event_log.h"

#include <string.h>

/* The entry of a kind, made if there is room; `*is_new` if it was made now. */
static struct tachoi_event_log_entry *
find_entry(struct tachoi_event_log *log, const char *component, const char *kind, bool *is_new) {
    *is_new = false;
    for (size_t i = 0; i < log->count; i++) {
        struct tachoi_event_log_entry *entry = &log->entries[i];
        if (strcmp(entry->kind, kind) == 0 && strcmp(entry->component, component) == 0) {
            return entry;
        }
    }
    if (log->count == TACHOI_EVENT_LOG_KINDS) {
        return &log->entries[TACHOI_EVENT_LOG_KINDS - 1];
    }
    *is_new = true;
    struct tachoi_event_log_entry *entry = &log->entries[log->count++];
    *entry = (struct tachoi_event_log_entry){.component = component, .kind = kind};
    return entry;
}

bool tachoi_event_log_admit(struct tachoi_event_log *log, const char *component, const char *kind,
                            uint64_t now_ns, uint64_t *suppressed) {
    bool is_new;
    struct tachoi_event_log_entry *entry = find_entry(log, component, kind, &is_new);
    bool is_due =
        now_ns >= entry->last_ns && now_ns - entry->last_ns >= TACHOI_EVENT_LOG_INTERVAL_NS;
    if (!is_new && !is_due) {
        entry->suppressed++;
        return false;
    }
    *suppressed = entry->suppressed;
    entry->suppressed = 0;
    entry->last_ns = now_ns;
    return true;
}
