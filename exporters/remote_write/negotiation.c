/* SPDX-License-Identifier: Apache-2.0 */
/* Owns which version of remote write an endpoint is spoken to in. See negotiation.h. */
#include "remote_write/negotiation.h"

#include <string.h>

#include "base/env.h"

void tachoi_negotiation_init(struct tachoi_negotiation *negotiation,
                             tacho_remote_write_protocol protocol,
                             tacho_remote_write_when require_written_headers) {
    *negotiation = (struct tachoi_negotiation){
        .configured = protocol,
        .require_written_headers = require_written_headers,
        .version = protocol == TACHO_REMOTE_WRITE_PROTOCOL_1 ? 1 : 2,
    };
}

int tachoi_negotiation_version(struct tachoi_negotiation *negotiation, uint64_t now_ns) {
    bool has_fallen_back =
        negotiation->configured == TACHO_REMOTE_WRITE_PROTOCOL_AUTO && negotiation->version == 1;
    if (has_fallen_back && now_ns >= negotiation->fallen_back_ns &&
        now_ns - negotiation->fallen_back_ns >= TACHOI_PROBE_AGAIN_NS) {
        negotiation->version = 2;
    }
    return negotiation->version;
}

static bool is_success(const struct tachoi_http_response *response) {
    return response->status >= 200 && response->status < 300;
}

/* --- an answer's meaning for the version --- */

static bool has_written_header(const struct tachoi_http_response *response) {
    return response->samples_written.is_present || response->histograms_written.is_present ||
           response->exemplars_written.is_present;
}

/* Whether the answer is that of a receiver that does not know 2.0 (RW2-12, RW2-17). */
static bool denies_2(const struct tachoi_negotiation *negotiation,
                     const struct tachoi_http_response *response) {
    if (response->status == 415) {
        return true;
    }
    if (has_written_header(response)) {
        return false;
    }
    if (response->status == 400) {
        return !negotiation->has_confirmed;
    }
    switch (negotiation->require_written_headers) {
    case TACHO_REMOTE_WRITE_ALWAYS:
        return is_success(response);
    case TACHO_REMOTE_WRITE_NEVER:
        return false;
    case TACHO_REMOTE_WRITE_AUTO:
        break;
    }
    return is_success(response) && !negotiation->has_confirmed;
}

/* Whether it is that of one that does: where its headers may be lost on the way, a success says so
 * too, lest each refusal of bad data be taken for ignorance. */
static bool confirms_2(const struct tachoi_negotiation *negotiation,
                       const struct tachoi_http_response *response) {
    return has_written_header(response) ||
           (negotiation->require_written_headers == TACHO_REMOTE_WRITE_NEVER &&
            is_success(response));
}

static enum tachoi_negotiation_verdict fall_back(struct tachoi_negotiation *negotiation,
                                                 uint64_t now_ns) {
    if (negotiation->version == 2) { /* else another shard's answer was here before */
        negotiation->version = 1;
        negotiation->has_confirmed = false; /* it is another receiver than the one that did */
        negotiation->fallen_back_ns = now_ns;
    }
    return TACHOI_NEGOTIATION_FALL_BACK;
}

/* --- *-Written --- */

/* RW2-14: one integer of 64 bits, with or without sign; what is negative counts as zero. */
static bool parse_count(const struct tachoi_http_field *field, uint64_t *out) {
    const char *text = field->text;
    bool is_negative = text[0] == '-';
    size_t length = strlen(text);
    uint64_t number = 0;
    if (length + 1 >= sizeof field->text) {
        return false; /* perhaps cut */
    }
    size_t sign = is_negative || text[0] == '+' ? 1 : 0;
    uint64_t most = is_negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
    if (!tachoi_parse_u64(text + sign, length - sign, most, &number)) {
        return false;
    }
    *out = is_negative ? 0 : number;
    return true;
}

/* What one header tells. */
struct count {
    uint64_t written; /* at most what was sent */
    bool is_sound;    /* well formed, not negative and not more than was sent */
    bool is_known;    /* not malformed */
};

static struct count count_of(const struct tachoi_http_field *field, uint64_t sent) {
    struct count count = {.is_sound = true, .is_known = true};
    if (!field->is_present) {
        return count;
    }
    uint64_t number = 0;
    count.is_known = parse_count(field, &number);
    count.is_sound = count.is_known && number <= sent && field->text[0] != '-';
    count.written = number < sent ? number : sent;
    return count;
}

/* What all three tell; a malformed one is passed over: of its kind everything counts as written
 * with a success, nothing with a refusal. */
struct counts {
    struct tachoi_written written;
    bool are_sound;
};

static struct counts counts_of(const struct tachoi_written *sent,
                               const struct tachoi_http_response *response) {
    bool all = is_success(response);
    struct count samples = count_of(&response->samples_written, sent->samples);
    struct count histograms = count_of(&response->histograms_written, sent->histograms);
    struct count exemplars = count_of(&response->exemplars_written, sent->exemplars);
    return (struct counts){
        .written = {.samples = !samples.is_known && all ? sent->samples : samples.written,
                    .histograms =
                        !histograms.is_known && all ? sent->histograms : histograms.written,
                    .exemplars = !exemplars.is_known && all ? sent->exemplars : exemplars.written},
        .are_sound = samples.is_sound && histograms.is_sound && exemplars.is_sound};
}

static bool is_none(const struct tachoi_written *written) {
    return written->samples == 0 && written->histograms == 0 && written->exemplars == 0;
}

/* RW2-13 */
static bool has_kept_nothing(const struct tachoi_written *sent,
                             const struct tachoi_http_response *response) {
    if (!is_success(response) || !has_written_header(response) || is_none(sent)) {
        return false;
    }
    struct counts counts = counts_of(sent, response);
    return is_none(&counts.written);
}

struct tachoi_written tachoi_written_of(int version, const struct tachoi_written *sent,
                                        const struct tachoi_http_response *response,
                                        bool *is_mismatch) {
    const struct tachoi_written none = {0};
    bool is_refusal = response->status >= 400 && response->status < 500;
    *is_mismatch = false;
    if (version == 1 || !has_written_header(response)) {
        return is_success(response) ? *sent : none;
    }
    if (!is_success(response) && !is_refusal) {
        return none; /* it will be sent again (RW2-15) */
    }
    struct counts counts = counts_of(sent, response);
    bool is_less =
        counts.written.samples < sent->samples || counts.written.histograms < sent->histograms;
    *is_mismatch = !counts.are_sound || (is_success(response) && is_less);
    return counts.written;
}

enum tachoi_negotiation_verdict tachoi_negotiation_take(struct tachoi_negotiation *negotiation,
                                                        int version,
                                                        const struct tachoi_written *sent,
                                                        const struct tachoi_http_response *response,
                                                        uint64_t now_ns) {
    if (version == 1) {
        return TACHOI_NEGOTIATION_GO_ON;
    }
    if (denies_2(negotiation, response)) {
        if (negotiation->configured == TACHO_REMOTE_WRITE_PROTOCOL_AUTO) {
            return fall_back(negotiation, now_ns);
        }
        return response->status == 400 ? TACHOI_NEGOTIATION_GO_ON : TACHOI_NEGOTIATION_NOT_WRITTEN;
    }
    if (negotiation->version == 2 && confirms_2(negotiation, response)) {
        negotiation->has_confirmed = true;
    }
    return has_kept_nothing(sent, response) ? TACHOI_NEGOTIATION_NOT_WRITTEN
                                            : TACHOI_NEGOTIATION_GO_ON;
}
