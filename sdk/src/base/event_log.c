/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rate limit of messages. */
#include "base/event_log.h"

#include <string.h>

static struct tachoi_event_log_entry *find(struct tachoi_event_log *log, const char *component,
                                           const char *kind, uint64_t subject) {
    for (size_t i = 0; i < log->count; i++) {
        struct tachoi_event_log_entry *entry = &log->entries[i];
        if (entry->subject == subject && strcmp(entry->kind, kind) == 0 &&
            strcmp(entry->component, component) == 0) {
            return entry;
        }
    }
    return NULL;
}

static bool is_due(const struct tachoi_event_log_entry *entry, uint64_t now_ns) {
    return now_ns >= entry->last_ns && now_ns - entry->last_ns >= TACHOI_EVENT_LOG_INTERVAL_NS;
}

static struct tachoi_event_log_entry *next_slot(struct tachoi_event_log *log) {
    return log->count < TACHOI_EVENT_LOG_KINDS ? &log->entries[log->count++] : NULL;
}

/* One that a new subject may have; NULL if all are in use. */
static struct tachoi_event_log_entry *slot_for_subject(struct tachoi_event_log *log,
                                                       uint64_t now_ns) {
    if (log->subject_count < TACHOI_EVENT_LOG_SUBJECTS && log->count < TACHOI_EVENT_LOG_KINDS) {
        log->subject_count++;
        return next_slot(log);
    }
    for (size_t i = 0; i < log->count; i++) {
        struct tachoi_event_log_entry *entry = &log->entries[i];
        if (entry->subject != 0 && entry->suppressed == 0 && is_due(entry, now_ns)) {
            return entry;
        }
    }
    return NULL;
}

/* The entry that the message counts for, made if need be; `*is_new` if it was made now. */
static struct tachoi_event_log_entry *find_or_make(struct tachoi_event_log *log,
                                                   const char *component, const char *kind,
                                                   uint64_t subject, uint64_t now_ns,
                                                   bool *is_new) {
    *is_new = false;
    struct tachoi_event_log_entry *entry = find(log, component, kind, subject);
    if (entry != NULL) {
        return entry;
    }
    struct tachoi_event_log_entry *slot = subject != 0 ? slot_for_subject(log, now_ns) : NULL;
    if (slot == NULL && subject != 0) {
        subject = 0;
        entry = find(log, component, kind, subject);
        if (entry != NULL) {
            return entry;
        }
    }
    if (slot == NULL) {
        slot = next_slot(log);
    }
    if (slot == NULL) {
        return &log->entries[TACHOI_EVENT_LOG_KINDS - 1];
    }
    *is_new = true;
    *slot =
        (struct tachoi_event_log_entry){.component = component, .kind = kind, .subject = subject};
    return slot;
}

bool tachoi_event_log_admit(struct tachoi_event_log *log, const char *component, const char *kind,
                            uint64_t subject, uint64_t now_ns, uint64_t *suppressed) {
    bool is_new;
    struct tachoi_event_log_entry *entry =
        find_or_make(log, component, kind, subject, now_ns, &is_new);
    if (!is_new && !is_due(entry, now_ns)) {
        entry->suppressed++;
        return false;
    }
    *suppressed = entry->suppressed;
    entry->suppressed = 0;
    entry->last_ns = now_ns;
    return true;
}
