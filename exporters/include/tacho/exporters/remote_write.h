/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the Prometheus remote-write exporter: it turns batches into time series and delivers them to
 * Prometheus, Mimir, Cortex, Thanos or VictoriaMetrics, in order, with nothing lost silently.
 *
 * export_batch only queues. One thread of the exporter's own sends; it blocks all signals, is
 * called "tacho-remote-wr" and starts at creation. force_flush and shutdown wait for
 * acknowledgement.
 *
 * Remote write wants cumulative sums, gauges and explicit-bucket histograms; the exporter asks the
 * reader for cumulative temporality. Points that it cannot send (exponential histograms and
 * summaries, yet; deltas; points without a recorded value) are not accepted: they are counted as
 * unsupported_points, and a diagnostic names a metric and what helps. The rest of their batch is
 * sent, and export_batch returns TACHO_OK. Exemplars are not sent yet; they are counted, and a
 * diagnostic tells so once. Where a reader limits the size of batches, a collection
 * is gathered and queued with its last batch.
 *
 * Every option has an environment variable, TACHO_REMOTE_WRITE_ and its name in capitals; a value
 * given in code wins. Numbers are decimal; booleans are true or false; headers are
 * "Name=value,Name2=value2" with percent-encoding. See docs/DELIVERY.md.
 * Source: Prometheus remote-write specification 1.0 (RW1-01..15, HTTP-01..15, RETRY-01..09). */
#ifndef TACHO_EXPORTERS_REMOTE_WRITE_H
#define TACHO_EXPORTERS_REMOTE_WRITE_H

#include "tacho/sdk/metric_exporter.h"

TACHO_BEGIN_DECLS

/** A header to send. Neither part may hold CR, LF or NUL; reserved names are refused (HTTP-02). */
typedef struct tacho_remote_write_header {
    const char *name;
    const char *value;
} tacho_remote_write_header;

typedef struct tacho_remote_write_options {
    size_t struct_size; /**< Required. sizeof(tacho_remote_write_options). */
    /**
     * Required, here or as TACHO_REMOTE_WRITE_ENDPOINT. The whole URL, http or https, used as it
     * is: "http://127.0.0.1:9090/api/v1/write". User and password in it are refused.
     */
    const char *endpoint;

    /* Authentication. Secrets are never logged. */
    const char *basic_auth_username; /**< Optional (NULL = no basic authentication). */
    const char *basic_auth_password; /**< Optional (NULL = none). Not with the file. */
    /**
     * Optional (NULL = none). File with the password, one trailing line break ignored; it must be
     * readable at creation and is read again when it changes.
     */
    const char *basic_auth_password_file;

    /* HTTP. */
    /** Optional (NULL = none). Sent with each request; copied. X-Scope-OrgID, Authorization, ... */
    const tacho_remote_write_header *headers;
    size_t header_count; /**< Number of headers. */
    uint32_t timeout_ms; /**< Optional (0 = 30000). Of one request, from connect to answer. */
    const char
        *proxy_url; /**< Optional (NULL = the environment's, as libcurl reads it; "" = none). */

    /* TLS. */
    /* Regular files with a PEM block, readable at creation. */
    const char *tls_ca_file;   /**< Optional (NULL = the system's). PEM. */
    const char *tls_cert_file; /**< Optional (NULL = none). PEM, with tls_key_file. */
    const char *tls_key_file;  /**< Optional (NULL = none). PEM, with tls_cert_file. */
    /** Optional (false = verify). true switches the verification of the server off. */
    bool tls_insecure_skip_verify;

    /* Batches and queue. */
    uint32_t max_samples_per_send; /**< Optional (0 = 2000). Samples in one request. */
    uint32_t max_bytes_per_send;   /**< Optional (0 = 1 MiB). Of one request, compressed. */
    /**
     * Optional (0 = 64 MiB). Memory for queued samples, bytes; when it is full the oldest go and
     * are counted. At least 64 KiB.
     */
    uint64_t queue_max_bytes;
    uint32_t
        sample_age_limit_ms; /**< Optional (0 = 2 hours, TACHO_NO_LIMIT). Older ones are dropped. */

    /* Retry: exponential, doubled each time, full jitter; Retry-After is honoured, clamped. */
    uint32_t min_backoff_ms;     /**< Optional (0 = 250). First delay. */
    uint32_t max_backoff_ms;     /**< Optional (0 = 30000). Largest delay. */
    uint32_t max_retry_after_ms; /**< Optional (0 = 300000). Clamp of the receiver's Retry-After. */
    bool disable_retry_on_http_429; /**< Optional (false = 429 is retried). */

    /* Conversion. */
    bool disable_target_info; /**< Optional (false = send target_info). */
    bool disable_scope_info;  /**< Optional (false = otel_scope_* labels on every series). */

    /* Life. */
    size_t thread_stack_size; /**< Optional (0 = 512 KiB). Bytes. */
    /**
     * Optional (false). At exit() of a program that did not shut down, the sender is stopped
     * within 200 ms; true makes it use that time to deliver what is queued.
     */
    bool flush_at_exit;
    tacho_error *error; /**< Optional (NULL = not wanted). Says what was wrong. */
} tacho_remote_write_options;

/**
 * Makes a remote-write exporter and starts its thread; it does not connect yet. All strings are
 * copied. `*out` is the caller's until a reader takes it. `options` may be NULL where the
 * environment says enough.
 * Returns TACHO_OK; TACHO_E_INVALID with the field in options->error (malformed URL, unreadable
 * file, forbidden header, contradictory limits); TACHO_E_UNSUPPORTED; TACHO_E_NO_MEMORY;
 * TACHO_E_SYSTEM (no thread).
 */
TACHO_API int tacho_remote_write_exporter_create(const tacho_remote_write_options *options,
                                                 tacho_metric_exporter **out);

/**
 * The account of a remote-write exporter, in samples. At every quiet moment accepted =
 * acknowledged + failed + the five dropped_* + pending.
 */
typedef struct tacho_remote_write_stats {
    size_t struct_size; /**< Required. sizeof(tacho_remote_write_stats), set by the caller. */
    uint64_t accepted;
    uint64_t acknowledged;
    uint64_t failed;             /**< refused by the receiver for good (4xx) */
    uint64_t dropped_queue_full; /**< the oldest, when the queue had no room */
    uint64_t dropped_too_old;    /**< older than sample_age_limit_ms */
    uint64_t dropped_shutdown;   /**< not delivered when the shutdown's deadline came */
    uint64_t dropped_clock;      /**< the wall clock was unusable */
    uint64_t dropped_invalid;    /**< no valid name or labels, or no memory for them */
    uint64_t pending;            /**< queued or being sent */
    uint64_t requests;           /**< attempts, retries included */
    uint64_t retries;            /**< attempts that repeated an earlier one */
    uint64_t bytes_sent;         /**< compressed bodies, retries included */
    int last_http_status;        /**< 0 before the first answer, and after a network error */
    size_t series_cached;        /**< series whose labels are kept encoded */
    /** Points that were not accepted, since they cannot be sent: exponential histograms, summaries,
     * delta temporality, no recorded value. In points, not samples; no part of the sum above. */
    uint64_t unsupported_points;
    uint64_t unsupported_exemplars; /**< Exemplars, none of which is sent yet. */
} tacho_remote_write_stats;

/**
 * Fills the account. Returns TACHO_OK, or TACHO_E_INVALID if `exporter` is of another type or
 * struct_size is not set. Any thread, until the exporter is destroyed.
 */
TACHO_API int tacho_remote_write_exporter_stats(const tacho_metric_exporter *exporter,
                                                tacho_remote_write_stats *out);

TACHO_END_DECLS

#endif
