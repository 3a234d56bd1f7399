/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds what a receiver may send to what judges it: *-Written headers, dates, addresses, the words
 * of refusals. Never more is written than was sent, and whatever comes is told in whole texts. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "http/url.h"
#include "remote_write/negotiation.h"
#include "remote_write/refusal_hint.h"
#include "remote_write/startup_check.h"

const char fuzz_alphabet[] = {'0', '1', '9', '-', '+', ' ', ',', ':', 'S', 'u',    'n', 'G',
                              'M', 'T', '/', '@', 'o', 'f', 'r', 'd', 'e', '\xc2', '.', '\0'};
const size_t fuzz_alphabet_size = sizeof fuzz_alphabet;

/* The first bytes, ended by NUL. */
static void take(char *out, size_t out_size, const uint8_t *data, size_t size) {
    size_t length = size < out_size - 1 ? size : out_size - 1;
    if (length > 0) {
        memcpy(out, data, length);
    }
    out[length] = '\0';
}

static void take_field(struct tachoi_http_field *field, const uint8_t *data, size_t size) {
    field->is_present = size % 5 != 0;
    take(field->text, sizeof field->text, data, field->is_present ? size : 0);
}

static void check_written(const struct tachoi_http_response *response) {
    const struct tachoi_written sent = {.samples = 10, .histograms = 1, .exemplars = 0};
    for (int version = 1; version <= 2; version++) {
        struct tachoi_negotiation negotiation;
        bool is_mismatch = false;
        struct tachoi_written written = tachoi_written_of(version, &sent, response, &is_mismatch);
        fuzz_check(written.samples <= sent.samples && written.histograms <= sent.histograms &&
                   written.exemplars <= sent.exemplars);
        tachoi_negotiation_init(&negotiation, TACHO_REMOTE_WRITE_PROTOCOL_AUTO,
                                TACHO_REMOTE_WRITE_AUTO);
        enum tachoi_negotiation_verdict verdict =
            tachoi_negotiation_take(&negotiation, version, &sent, response, 1);
        fuzz_check((verdict == TACHOI_NEGOTIATION_FALL_BACK) == (negotiation.version == 1));
        fuzz_check(version == 2 || verdict == TACHOI_NEGOTIATION_GO_ON);
    }
}

static void check_startup(const struct tachoi_http_response *response) {
    const struct tachoi_startup_request request = {"http://receiver/write", 2,
                                                   TACHO_REMOTE_WRITE_PROTOCOL_2};
    struct tachoi_startup_findings findings;
    tachoi_startup_check_judge(&request, response, 1900000000, &findings);
    fuzz_check(findings.count <= 2);
    for (size_t i = 0; i < findings.count; i++) {
        fuzz_check(memchr(findings.items[i].text, '\0', sizeof findings.items[i].text) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const long statuses[] = {0, 100, 200, 204, 302, 400, 401, 403, 404, 409, 415, 503};
    struct tachoi_http_response response = {0};
    char host[32];
    if (size > 0) {
        response.status = statuses[data[0] % (sizeof statuses / sizeof statuses[0])];
        data++;
        size--;
    }
    take_field(&response.samples_written, data, size);
    take_field(&response.histograms_written, data + size / 2, size - size / 2);
    take_field(&response.exemplars_written, data, size / 3);
    take(response.date, sizeof response.date, data, size);
    take(response.location, sizeof response.location, data, size);
    take(response.excerpt, sizeof response.excerpt, data, size);
    check_written(&response);
    check_startup(&response);
    fuzz_check(tachoi_refusal_hint(response.status, response.excerpt) != NULL);
    tachoi_http_url_host(response.location, host, sizeof host);
    fuzz_check(memchr(host, '\0', sizeof host) != NULL);
    return 0;
}
