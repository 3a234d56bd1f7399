/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a person can do about a refusal. See refusal_hint.h. */
#include "remote_write/refusal_hint.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "http/retry.h"

#define WORDS_MAX 8

/* One cause: words of which a message holds at least one, whatever their case. */
struct cause {
    long status; /* 0 = any */
    const char *words[WORDS_MAX];
    const char *hint;
};

/* The first that fits counts, so what is special stands before what is general: an exemplar or a
 * histogram may be out of order too, and what lies in the future is out of bounds. */
static const struct cause causes[] = {
    {0,
     {"err-mimir-exemplar", "out of order exemplar", "out-of-order exemplar", "duplicate exemplar",
      "exemplar missing", "invalid exemplar", "exemplar labels"},
     "it refuses exemplars; if that goes on, set send_exemplars to never"},
    {0,
     {"native-histogram", "native histogram", "histogram's count", "histogram schema",
      "observations found in buckets", "err-mimir-not-reducible"},
     "it refuses native histograms: switch them on there, set send_native_histograms to never, or "
     "give explicit buckets by a view"},
    {0,
     {"duplicate-timestamp", "duplicate sample", "duplicate timestamp"},
     "the same series comes from two places, or translation makes two series one: give each "
     "process a service.instance.id of its own"},
    {0,
     {"out-of-order", "out of order"},
     "a newer sample of the series was there before: two processes send under the same labels "
     "(give each a service.instance.id of its own), or a clock went back"},
    {0,
     {"too-far-in-future", "too far in the future", "too far in future"},
     "the clock of this machine is ahead of the receiver's: set it"},
    {0,
     {"too-old", "too old", "out of bounds", "too-far-in-past", "too far in the past",
      "outside of the allowed"},
     "the receiver takes no samples as old as these, which waited in an outage: lower "
     "sample_age_limit_ms, or let it accept out-of-order samples"},
    {0,
     {"max-label-names-per-series", "label-name-too-long", "label-value-too-long",
      "label name too long", "label value too long", "label names per series",
      "label name is too long", "label value is too long"},
     "a series has more or longer labels than the receiver allows: leave attributes out by a view "
     "or by write_relabel_configs"},
    {0,
     {"labels-not-sorted", "duplicate-label-name", "label-invalid", "metric-name-invalid",
      "missing-metric-name", "invalid metric name", "invalid label", "labels not sorted"},
     "the receiver does not take a name: where translation_strategy leaves names unescaped choose "
     "another one, else this is a mistake of tacho's that its authors want to know"},
    {0,
     {"max-series-per", "series limit", "max active series", "limit of series", "too many series"},
     "the receiver has a limit for series: leave attributes out by a view, or raise the limit"},
    {0,
     {"ingestion-rate", "ingestion rate", "request-rate", "request rate", "rate limit",
      "rate-limit"},
     "the receiver limits the rate: export less often or fewer series, or raise the limit"},
    {0,
     {"max-write-message-size", "message size", "message larger", "body too large",
      "request too large", "decompressed size", "request entity too large"},
     "the request is larger than the receiver takes: lower max_samples_per_send or "
     "max_bytes_per_send"},
    {0,
     {"unsupported proto", "unsupported content", "unsupported remote write", "content-type",
      "content type"},
     "the receiver does not take this version of remote write: set protocol to 1, or to auto"},
    {403,
     {"signature", "security token"},
     "the signature does not match: check the keys, the region and the clock of this machine"},
    {401,
     {"org id", "tenant"},
     "the receiver wants to know the tenant: set its header, such as X-Scope-OrgID"},
    {409,
     {""},
     "the receiver has samples of these series already, newer or other ones: give each process a "
     "service.instance.id of its own"},
};

static int lower(char character) {
    return character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character;
}

/* `word` is in lower case. */
static bool begins_with(const char *text, const char *word) {
    while (*word != '\0' && lower(*text) == *word) {
        text++;
        word++;
    }
    return *word == '\0';
}

static bool holds(const char *text, const char *word) {
    do {
        if (begins_with(text, word)) {
            return true;
        }
    } while (*text++ != '\0');
    return false;
}

static bool fits(const struct cause *cause, long status, const char *excerpt) {
    if (cause->status != 0 && cause->status != status) {
        return false;
    }
    for (size_t i = 0; i < WORDS_MAX && cause->words[i] != NULL; i++) {
        if (holds(excerpt, cause->words[i])) {
            return true;
        }
    }
    return false;
}

const char *tachoi_refusal_hint(long status, const char *excerpt) {
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (fits(&causes[i], status, excerpt)) {
            return causes[i].hint;
        }
    }
    return tachoi_http_status_hint(status);
}
