/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the thread of a periodic reader: its schedule, the requests to flush, its end. The schedule
 * runs from start to start on the monotonic clock; ticks that a long collection missed are left
 * out. Nothing is done under its lock but looking and waiting. */
#ifndef TACHOI_READER_READER_THREAD_H
#define TACHOI_READER_READER_THREAD_H

#include "reader/reader.h"

struct tachoi_reader_thread_config {
    uint32_t interval_ms;
    uint32_t timeout_ms;
    size_t stack_size;
    uint64_t first_ns; /* from the start to the first tick */
};

/** NULL when memory is short. */
struct tachoi_reader_thread *
tachoi_reader_thread_create(const struct tachoi_reader_thread_config *config);
/** Of a thread that was never started or has been joined. NULL is allowed. */
void tachoi_reader_thread_destroy(struct tachoi_reader_thread *thread);

/** TACHO_OK or TACHO_E_SYSTEM. */
int tachoi_reader_thread_start(struct tachoi_reader_thread *thread, tacho_metric_reader *reader);
bool tachoi_reader_thread_is_here(struct tachoi_reader_thread *thread);

/** Asks for a collection that starts after this call. */
void tachoi_reader_thread_flush(struct tachoi_reader_thread *thread, uint64_t deadline_ns);
/** Waits until all that was asked for is done: the status of the last collection,
 * TACHO_E_SHUTDOWN if the thread has ended before, TACHO_E_TIMEOUT. */
int tachoi_reader_thread_await_flush(struct tachoi_reader_thread *thread, uint64_t deadline_ns);

/** Asks for the end. The deadline is what the last collection, export and shutdown get. */
void tachoi_reader_thread_stop(struct tachoi_reader_thread *thread, uint64_t deadline_ns);
/** Waits for the end and joins; false at the deadline, then it may be called again. `*status` is
 * what tachoi_reader_finish returned. Of a started thread; one caller at a time. */
bool tachoi_reader_thread_await_stop(struct tachoi_reader_thread *thread, uint64_t deadline_ns,
                                     int *status);

#endif
