/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the making of series, and the passage of one point to its record: what the converter's kinds
 * of points share. For the converter's own files. */
#ifndef TACHOI_REMOTE_WRITE_CONVERTER_SERIES_H
#define TACHOI_REMOTE_WRITE_CONVERTER_SERIES_H

#include "base/clock.h"
#include "remote_write/converter.h"
#include "remote_write/exemplar_choice.h"
#include "remote_write/unsupported.h"

/** A point on its way to a record. */
struct tachoi_passage {
    const struct tachoi_encoded_series_source *source;
    struct tachoi_cached_series *entry; /* NULL: it is new */
    bool is_first;                      /* of its series in the collection */
    bool is_new_contest;
    size_t samples;             /* that it would be, for the account */
    size_t uncounted_exemplars; /* of the point: what became of them is not yet in the account */
    struct tachoi_chosen_exemplars exemplars;
    struct tachoi_record *record; /* once prepared */
};

/** The point comes to nothing: its samples are accepted and not valid, for want of memory or not;
 * or it cannot be sent, which is told. Its exemplars are not accepted. */
void tachoi_passage_count_invalid(struct tachoi_converter *converter,
                                  const struct tachoi_passage *passage);
void tachoi_passage_lack_memory(struct tachoi_converter *converter,
                                const struct tachoi_passage *passage);
void tachoi_passage_count_unsupported(struct tachoi_converter *converter,
                                      const struct tachoi_passage *passage,
                                      enum tachoi_unsupported why);

/** Finds the series of the point, or makes it. False if there is no record to be made: all is
 * counted then. */
bool tachoi_passage_begin(struct tachoi_converter *converter, struct tachoi_passage *passage);

/** Chooses exemplars, where they are sent, for a series that was found. */
void tachoi_passage_choose_exemplars(struct tachoi_converter *converter,
                                     struct tachoi_passage *passage,
                                     const tacho_exemplars *exemplars);

/** Prepares the record, with its head, and room for `extra` words besides those of the exemplars.
 * False if memory is short: it is counted. */
bool tachoi_passage_prepare(struct tachoi_converter *converter, struct tachoi_passage *passage,
                            uint64_t start_ns, size_t extra);

/** Adds the exemplars to the filled record and places it. */
void tachoi_passage_finish(struct tachoi_converter *converter, struct tachoi_passage *passage);

/** Ends the series of the entry, unless another one has its labels, at the collection's time. */
void tachoi_converter_end_entry(struct tachoi_converter *converter,
                                struct tachoi_cached_series *entry);

/** The memory of the passage's series; NULL when memory is short or the series has no id. */
struct tachoi_series_memory *tachoi_passage_memory(struct tachoi_converter *converter,
                                                   struct tachoi_passage *passage);

/** Puts a series that was made into the cache; NULL when memory is short. */
struct tachoi_cached_series *tachoi_converter_keep(struct tachoi_converter *converter,
                                                   tacho_series_ref ref,
                                                   enum tachoi_encoded_series_kind kind,
                                                   enum tachoi_prometheus_result result,
                                                   const struct tachoi_encoded_series_made *made);

/** When a series began: 0 = unknown. A start is before its sample (RW2-08): where a series was
 * collected in the millisecond in which it began, it is sent 1 ms earlier, from then on always, for
 * a start that changes means that the series was reset. */
static inline int64_t tachoi_start_ms_of(struct tachoi_cached_series *entry, uint64_t start_ns,
                                         int64_t time_ms) {
    int64_t start_ms = (int64_t)(start_ns / TACHOI_NS_PER_MS);
    if (start_ms == 0) {
        return 0;
    }
    if (start_ms >= time_ms) {
        start_ms = time_ms;
        entry->is_early = true;
    }
    return start_ms - entry->is_early;
}

/** A producer without ids has no generations. */
static inline void tachoi_converter_note_generation(struct tachoi_converter *converter,
                                                    tacho_series_ref ref) {
    if (ref.id != TACHOI_NO_SERIES_ID) {
        converter->generation = ref.generation;
    }
}

/** Converts the points of a metric that has a kind. */
void tachoi_convert_points(struct tachoi_converter *converter,
                           struct tachoi_encoded_series_source *source);

#endif
