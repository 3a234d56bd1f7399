/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the Prometheus remote-write exporter: it turns batches into time series and delivers them to
 * Prometheus, Mimir, Cortex, Thanos or VictoriaMetrics, in order, with nothing lost silently.
 *
 * Where the provider has self-observation on, each endpoint is measured under names that are those
 * of Prometheus' own sender (docs/guides/remote-write-operations.md).
 *
 * export_batch only queues. One thread of the exporter's own sends, for all shards of an endpoint;
 * it blocks all signals, is called "tacho-remote-wr" and starts at creation. force_flush and
 * shutdown wait for acknowledgement, and fail where anything was lost.
 *
 * Remote write 2.0 is spoken, and 1.0 to receivers that turn out not to know it (`protocol`). Sums,
 * gauges, summaries and explicit-bucket histograms are sent in both; exponential histograms, as
 * native ones, and exemplars in 2.0, and in 1.0 if asked for. The exporter asks the reader for
 * cumulative temporality; deltas that come all the same are added up. A point without a recorded
 * value, or a series that a collection does not bring, ends the series by a stale marker. Points
 * that cannot be sent are not accepted: they are counted as unsupported_points, and a diagnostic
 * names a metric and what helps. The rest of their batch is sent, and export_batch returns
 * TACHO_OK. Where a reader limits the size of batches, a collection is gathered and queued with its
 * last batch.
 *
 * Every option but the hooks and `error` has an environment variable, TACHO_REMOTE_WRITE_ and its
 * name in capitals; a value given in code wins. Numbers are decimal; booleans are true or false;
 * lists, of headers, labels, keys and rules, are written as docs/guides/environment.md tells. What
 * happens to a sample: docs/DELIVERY.md. How to: docs/guides/remote-write.md.
 * Sources: Prometheus remote-write specifications 1.0 and 2.0 (RW1-01..15, RW2-01..22, HTTP-01..15,
 * RETRY-01..09), OpenTelemetry's "Prometheus and OpenMetrics Compatibility". */
#ifndef TACHO_EXPORTERS_REMOTE_WRITE_H
#define TACHO_EXPORTERS_REMOTE_WRITE_H

#include "tacho/sdk/metric_exporter.h"

TACHO_BEGIN_DECLS

/** A header to send. Neither part may hold CR, LF or NUL; reserved names are refused (HTTP-02). */
typedef struct tacho_remote_write_header {
    const char *name;
    const char *value;
} tacho_remote_write_header;

/** A label to add. The name may be any that translation leaves something of. */
typedef struct tacho_remote_write_label {
    const char *name;
    const char *value; /**< not empty */
} tacho_remote_write_label;

/** The version of remote write. In the environment: auto, 1, 2. */
typedef enum tacho_remote_write_protocol {
    /** 2.0 first; 1.0 for an endpoint that turns out not to know it, and 2.0 tried again after an
     * hour. */
    TACHO_REMOTE_WRITE_PROTOCOL_AUTO,
    TACHO_REMOTE_WRITE_PROTOCOL_1, /**< prometheus.WriteRequest */
    TACHO_REMOTE_WRITE_PROTOCOL_2  /**< io.prometheus.write.v2.Request */
} tacho_remote_write_protocol;

/** When something is done. In the environment: auto, always, never. What auto means is told where
 * it is used. */
typedef enum tacho_remote_write_when {
    TACHO_REMOTE_WRITE_AUTO,
    TACHO_REMOTE_WRITE_ALWAYS,
    TACHO_REMOTE_WRITE_NEVER
} tacho_remote_write_when;

/** How OpenTelemetry's names become Prometheus'. In the environment by Prometheus' own words:
 * UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes,
 * NoTranslation. The last two need 2.0; what falls back to 1.0 is escaped all the same. */
typedef enum tacho_remote_write_translation_strategy {
    TACHO_REMOTE_WRITE_UNDERSCORE_ESCAPING_WITH_SUFFIXES,
    TACHO_REMOTE_WRITE_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES,
    TACHO_REMOTE_WRITE_NO_UTF8_ESCAPING_WITH_SUFFIXES,
    TACHO_REMOTE_WRITE_NO_TRANSLATION
} tacho_remote_write_translation_strategy;

/** The text of bounds in `le` and of quantiles. In the environment: otel, openmetrics. */
typedef enum tacho_remote_write_le_format {
    TACHO_REMOTE_WRITE_LE_OTEL,       /**< 5, 0.005, 10000000000: as OpenTelemetry's translators */
    TACHO_REMOTE_WRITE_LE_OPENMETRICS /**< 5.0, 0.005, 1e+10: as Prometheus 3 writes scraped ones */
} tacho_remote_write_le_format;

/** What a relabelling rule does, as Prometheus has it. */
typedef enum tacho_remote_write_relabel_action {
    TACHO_REMOTE_WRITE_RELABEL_REPLACE,    /**< target_label = replacement, where regex matches */
    TACHO_REMOTE_WRITE_RELABEL_KEEP,       /**< drops the series unless regex matches */
    TACHO_REMOTE_WRITE_RELABEL_DROP,       /**< drops the series if regex matches */
    TACHO_REMOTE_WRITE_RELABEL_LABEL_DROP, /**< drops labels whose name matches */
    TACHO_REMOTE_WRITE_RELABEL_LABEL_KEEP, /**< drops labels whose name does not match */
    TACHO_REMOTE_WRITE_RELABEL_LABEL_MAP,  /**< copies labels whose name matches to `replacement` */
    TACHO_REMOTE_WRITE_RELABEL_LOWERCASE,  /**< target_label = the source in lower case */
    TACHO_REMOTE_WRITE_RELABEL_UPPERCASE,
    TACHO_REMOTE_WRITE_RELABEL_KEEP_EQUAL, /**< drops unless the source equals target_label's value
                                            */
    TACHO_REMOTE_WRITE_RELABEL_DROP_EQUAL
} tacho_remote_write_relabel_action;

/** One rule of write_relabel_configs, with Prometheus' names, defaults and meaning. The regular
 * expression is anchored at both ends. Prometheus' hashmod is missing. */
typedef struct tacho_remote_write_relabel_config {
    tacho_remote_write_relabel_action action; /**< Optional (0 = replace). */
    const char *const *source_labels; /**< Optional (NULL = none). Their values are joined. */
    size_t source_label_count;
    const char *separator;    /**< Optional (NULL = ";"). Between the values. */
    const char *regex;        /**< Optional (NULL = "(.*)"). PCRE2 syntax. */
    const char *target_label; /**< Required by replace, lowercase, uppercase, *_equal. */
    const char *replacement;  /**< Optional (NULL = "$1"). $1 and ${1} are groups, $$ a dollar. */
} tacho_remote_write_relabel_config;

/** What became of one request, for on_request. Texts are valid during the call. */
typedef struct tacho_remote_write_result {
    size_t struct_size;
    const char *url;       /**< redacted */
    int http_status;       /**< 0 = no answer */
    const char *error;     /**< why there was none, "" if there was */
    int protocol;          /**< 1 or 2 */
    uint32_t attempt;      /**< 0 for the first */
    uint64_t duration_ns;  /**< of this attempt */
    uint64_t samples;      /**< in the request, native histograms included */
    uint64_t acknowledged; /**< of them, now settled as received */
    /** Of them, now lost for good. What is in neither will be sent again, or 1.0, which was spoken,
     * had no words for it: then on_drop has it. */
    uint64_t failed;
    const char *example; /**< one of its series, "" if all is well */
} tacho_remote_write_result;

typedef struct tacho_remote_write_options {
    size_t struct_size; /**< Required. sizeof(tacho_remote_write_options). */
    /**
     * Required, here or as TACHO_REMOTE_WRITE_ENDPOINT. The whole URL, http or https, used as it
     * is: "http://127.0.0.1:9090/api/v1/write". User and password in it are refused.
     */
    const char *endpoint;
    /** Optional (NULL = the host of the endpoint). Names the endpoint in self-metrics. Where an
     * endpoint of the process with the same URL has it already (two tenants, say), this one gets
     * #2, #3 ... behind it, in the order in which they begin to be measured; a warning says so. */
    const char *name;

    /* Protocol. */
    tacho_remote_write_protocol protocol; /**< Optional (0 = auto). */
    /**
     * Optional (0 = auto). Whether an answer 2xx to 2.0 without any of the headers
     * X-Prometheus-Remote-Write-*-Written is taken as "does not know 2.0": never = such an answer
     * is a success; always = it is, auto = it is until the endpoint has confirmed once. never is
     * for receivers of 2.0 behind something that removes the headers: one that knows 1.0 alone may
     * answer 2xx and keep nothing, and all of it counts as acknowledged.
     */
    tacho_remote_write_when require_written_headers;
    /** Optional (0 = auto: with 2.0). Exemplars; always = with 1.0 too, as Prometheus does. Those
     * of gauges and those without labels are never sent. */
    tacho_remote_write_when send_exemplars;
    /** Optional (0 = auto: with 2.0). Exponential histograms as native ones; always = with 1.0 too.
     * Where 1.0 is spoken and this is auto they are dropped and counted, which a flush tells. */
    tacho_remote_write_when send_native_histograms;
    /** Optional (false). Explicit-bucket histograms as native ones with custom buckets, where 2.0
     * is spoken; with 1.0 they are classic ones all the same. */
    bool convert_classic_histograms_to_nhcb;
    bool disable_metadata; /**< Optional (false = type, help and unit are sent). */
    /** Optional (0 = 60000). How often 1.0 sends metadata, which has requests of its own. */
    uint32_t metadata_send_interval_ms;
    uint32_t metadata_max_samples_per_send; /**< Optional (0 = 2000). Families in one of these. */

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

    /* Batches, queue and shards. */
    uint32_t max_samples_per_send; /**< Optional (0 = 2000). Samples in one request. */
    uint32_t max_bytes_per_send;   /**< Optional (0 = 1 MiB). Of one request, compressed. */
    /**
     * Optional (0 = at once). How long samples may wait for a request to be full, in ms. A flush
     * and a shutdown do not wait.
     */
    uint32_t batch_send_deadline_ms;
    /** Optional (0 = 1). Requests under way at once; each series belongs to one shard, so that its
     * samples stay in order. At most 64; fixed for the exporter's life. */
    uint32_t max_shards;
    /** Optional (0 = bounded by queue_max_bytes alone). Samples queued in each shard; when it is
     * full the oldest go and are counted. */
    uint32_t capacity;
    /**
     * Optional (0 = 64 MiB). Memory for queued samples of all shards, bytes; when it is full the
     * oldest go and are counted. At least 64 KiB for each shard.
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
    tacho_remote_write_translation_strategy translation_strategy; /**< Optional (0 = the first). */
    const char *metric_namespace; /**< Optional (NULL = none). Before each metric's name, with _. */
    /** Optional (false). Gauges of unit 1 get _ratio and all words of a name are looked at, as
     * Prometheus' own translator does; the specification of OpenTelemetry does not have it. */
    bool prometheus_name_parity;
    tacho_remote_write_le_format le_format; /**< Optional (0 = otel). */
    bool disable_target_info;               /**< Optional (false = send target_info). */
    bool disable_scope_info; /**< Optional (false = otel_scope_* labels on every series). */
    /** Optional (NULL = none). Resource attributes that become labels of all series; copied. */
    const char *const *promote_resource_attributes;
    size_t promote_resource_attribute_count;
    /** Optional (false). All of them become labels, but for those that make job and instance. */
    bool promote_all_resource_attributes;
    /** Optional (NULL = none). Labels for all series that lack them (CONV-21); copied. */
    const tacho_remote_write_label *external_labels;
    size_t external_label_count;
    /** Optional (NULL = none). Applied to each series once, when it is new; copied. */
    const tacho_remote_write_relabel_config *write_relabel_configs;
    size_t write_relabel_config_count;
    /**
     * Optional (0 = auto: of series that at least two collections have brought). Whether the end
     * of series is told at shutdown: never = their last values stay visible for five minutes.
     */
    tacho_remote_write_when stale_on_shutdown;

    /* Help for people. */
    bool disable_startup_check; /**< Optional (false = an empty request at the start tells early
                                     what is wrong with address, rights or clock). */
    /** Optional (0 = auto: in debug builds). Each request is decoded by protobuf-c and checked
     * against the specification before it leaves; what fails is not sent, but told and counted. */
    tacho_remote_write_when validate;
    /** Optional (NULL = none). An existing folder; requests that are refused for good are written
     * there as text, at most 16 files of mode 0600. */
    const char *refused_request_folder;
    /** Optional (NULL = none). Told each answer to a request of samples, retries included, on the
     * sending thread, which waits for it; must not block long and may call nothing of this exporter
     * but stats. */
    void (*on_request)(void *user, const tacho_remote_write_result *result);
    /** Optional (NULL = none). Told samples that are lost here: how many, why ("queue_full",
     * "too_old", "shutdown", "clock", "invalid", "rw1_unsupported"), and one of their series (""
     * where unknown). On the exporting or the sending thread, as above. */
    void (*on_drop)(void *user, uint64_t samples, const char *reason, const char *series);
    /** Optional. Handed to both; must live until the exporter is destroyed. Destruction waits for a
     * hook that does not return for a second only, then the thread is left behind: it goes on with
     * that call, or one that was just to be made, and makes no other. */
    void *user;

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
 * Makes one exporter that hands each batch to `count` endpoints (1 to 100), as Prometheus' list of
 * remote_write entries does. Each is a complete exporter with conversion, relabelling, protocol,
 * queue, thread, backoff and account of its own: one that is slow or fails never disturbs another.
 * Their names must differ: give `name` where two have one host. The environment speaks of the first
 * endpoint alone; the others are what their options say.
 *
 * export_batch gives the batch to all and returns the first failure, if there was one. force_flush
 * and shutdown run on all at once, under the one deadline, and return the worst result.
 *
 * As tacho_remote_write_exporter_create; the details of a failure are in the error of the
 * endpoint's options and in that of the first ones, and begin with the endpoint's number, from 1
 * on. Nothing is left then of the others. TACHO_E_INVALID also for a wrong count.
 */
TACHO_API int
tacho_remote_write_exporter_create_many(const tacho_remote_write_options *const *options,
                                        size_t count, tacho_metric_exporter **out);

/**
 * The account of a remote-write exporter. At every quiet moment accepted = acknowledged + failed +
 * the six dropped_* + pending. In samples: what goes over the wire, where a native histogram is
 * one, and a histogram that is to be one (convert_classic_histograms_to_nhcb) also counts as one
 * where 1.0 makes many of it.
 */
typedef struct tacho_remote_write_stats {
    size_t struct_size; /**< Required. sizeof(tacho_remote_write_stats), set by the caller. */
    uint64_t accepted;
    uint64_t acknowledged;
    uint64_t failed;              /**< refused by the receiver for good, or not written by it */
    uint64_t dropped_queue_full;  /**< the oldest, when the queue had no room */
    uint64_t dropped_too_old;     /**< older than sample_age_limit_ms */
    uint64_t dropped_shutdown;    /**< not delivered when the shutdown's deadline came */
    uint64_t dropped_clock;       /**< the wall clock was unusable */
    uint64_t dropped_invalid;     /**< no valid name or labels, no memory for them, not valid */
    uint64_t dropped_unsupported; /**< 1.0, which was spoken then, has no words for them */
    uint64_t pending;             /**< queued or being sent */

    uint64_t requests;            /**< attempts, retries included, metadata not */
    uint64_t retries;             /**< attempts that repeated an earlier one */
    uint64_t samples_retried;     /**< samples in them */
    uint64_t bytes_sent;          /**< compressed bodies, retries included */
    int last_http_status;         /**< 0 before the first answer, and after a network error */
    int protocol;                 /**< 1 or 2: what the next request speaks */
    uint64_t protocol_fallbacks;  /**< from 2.0 to 1.0 */
    uint64_t written_mismatches;  /**< answers whose *-Written headers do not fit what was sent */
    int64_t highest_timestamp_ms; /**< of accepted samples; 0 = none yet */
    int64_t highest_sent_timestamp_ms; /**< of acknowledged samples; 0 = none yet */

    size_t series_cached;     /**< series whose labels are kept encoded */
    size_t shards;            /**< as max_shards */
    uint64_t stale_markers;   /**< samples among those accepted that end a series */
    uint64_t series_filtered; /**< series that write_relabel_configs dropped, when they were new */

    /* Exemplars travel with their samples: accepted = acknowledged + failed + dropped + pending. */
    uint64_t exemplars_accepted;
    uint64_t exemplars_acknowledged;
    uint64_t exemplars_failed;
    uint64_t exemplars_dropped;
    uint64_t exemplars_pending;

    /* Requests of metadata alone, with 1.0. In metric families. */
    uint64_t metadata_acknowledged;
    uint64_t metadata_failed;

    /** Points that were not accepted, since they cannot be sent: exponential histograms where
     * native ones are switched off, without a sum or of a scale below -4, delta points out of
     * order, unknown types. In points, not samples; no part of the sums above. */
    uint64_t unsupported_points;
    /** Exemplars that were not accepted: switched off, or protocol 1 without send_exemplars, or of
     * a gauge or an up-down counter, or without labels, or of a point that was not queued:
     * unsupported, or dropped_invalid before, or dropped_clock, or added to another one of equal
     * labels. */
    uint64_t unsupported_exemplars;

    uint64_t histograms_acknowledged; /**< native histograms among those acknowledged */

    uint64_t exemplars_retried; /**< in requests that repeat an earlier one */
    uint64_t metadata_retried;  /**< likewise, in metric families */

    /** Points whose labels another series of the same collection had already: added to it, or
     * dropped, where they do not fit together (their samples are dropped_invalid). */
    uint64_t label_collisions_merged;
    uint64_t label_collisions_dropped;

    uint64_t credentials_refreshed;      /**< a new password was read from the file */
    uint64_t credentials_refresh_failed; /**< it could not be read; the former one stays in use */

    size_t shards_backing_off; /**< shards that wait before they send again what failed */
} tacho_remote_write_stats;

/**
 * Fills the account. Of an exporter with several endpoints numbers are added up; of times the
 * latest is told, of protocols the lowest, and the status of the first endpoint whose last answer
 * was no success. Returns TACHO_OK, or TACHO_E_INVALID if `exporter` is of another type or
 * struct_size is not set. Any thread, until the exporter is destroyed.
 */
TACHO_API int tacho_remote_write_exporter_stats(const tacho_metric_exporter *exporter,
                                                tacho_remote_write_stats *out);

/** How many endpoints it has: 1 unless it was made with several; 0 if it is of another type. */
TACHO_API size_t tacho_remote_write_exporter_endpoint_count(const tacho_metric_exporter *exporter);

/** The same as tacho_remote_write_exporter_stats for one endpoint, in the order in which they were
 * given. TACHO_E_INVALID also where there is no such index. */
TACHO_API int tacho_remote_write_exporter_endpoint_stats(const tacho_metric_exporter *exporter,
                                                         size_t index,
                                                         tacho_remote_write_stats *out);

TACHO_END_DECLS

#endif
