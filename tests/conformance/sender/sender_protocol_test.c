/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's protocol and symbol table cases: how a request of 2.0 looks from the
 * outside, and its table of symbols. */
#include <strings.h>

#include "conformance/sender/sender_fixture.h"

TestSuite(protocol, .init = sender_init, .fini = sender_fini);

static const char *header(const char *name) {
    return receiver_header(sender.receiver, 0, name);
}

static void send_one_gauge(void) {
    sender_start_usual();
    set_gauge("level", 42);
    (void)sender_flushed();
}

/* RW2-01
 * cases: TestProtocolCompliance/content_type_protobuf,
 * TestProtocolCompliance/content_type_with_proto_param, TestContentTypeNegotiation */
Test(protocol, content_type_names_the_message_and_nothing_else) {
    send_one_gauge();
    cr_assert(eq(str, (char *)header("Content-Type"),
                 "application/x-protobuf;proto=io.prometheus.write.v2.Request"));
}

/* HTTP-14
 * cases: TestProtocolCompliance/content_encoding_snappy */
Test(protocol, content_encoding_is_snappy) {
    send_one_gauge();
    cr_assert(eq(str, (char *)header("Content-Encoding"), "snappy"));
}

/* RW2-02
 * cases: TestProtocolCompliance/version_header_present,
 * TestProtocolCompliance/version_header_value */
Test(protocol, version_header_is_2_0_0) {
    send_one_gauge();
    cr_assert(eq(str, (char *)header("X-Prometheus-Remote-Write-Version"), "2.0.0"));
}

/* cases: TestProtocolCompliance/user_agent_present */
Test(protocol, user_agent_has_name_and_version) {
    send_one_gauge();
    unsigned major = 0;
    unsigned minor = 0;
    unsigned patch = 0;
    cr_assert(eq(int, sscanf(header("User-Agent"), "tacho/%u.%u.%u", &major, &minor, &patch), 3),
              "%s", header("User-Agent"));
}

/* RW1-01
 * cases: TestProtocolCompliance/snappy_block_format */
Test(protocol, body_is_one_snappy_block_and_no_frames) {
    static const unsigned char stream_identifier[] = {0xff, 0x06, 0x00, 0x00, 's',
                                                      'N',  'a',  'P',  'p',  'Y'};
    size_t length = 0;
    send_one_gauge();
    const void *body = receiver_body(sender.receiver, 0, &length);
    cr_assert(gt(sz, length, sizeof stream_identifier));
    cr_assert(ne(int, memcmp(body, stream_identifier, sizeof stream_identifier), 0));
    cr_assert(ne(ptr, sent_unpack(2, body, length), NULL));
}

/* RW2-03, RW2-04
 * cases: TestProtocolCompliance/protobuf_parseable */
Test(protocol, body_is_a_request_with_symbols_and_series) {
    send_one_gauge();
    const struct sent *sent = sender_request(0);
    cr_assert(ge(sz, sent->v2->n_symbols, 2));
    cr_assert(eq(sz, sent->series_count, 1));
    cr_assert(eq(sz, sent->v2->base.n_unknown_fields, 0));
}

/* HTTP-01
 * cases: TestHTTPMethod */
Test(protocol, request_is_a_post_to_the_path_of_the_url) {
    char url[128];
    snprintf(url, sizeof url, "%s?tenant=a%%20b&x=1", receiver_url(sender.receiver));
    tacho_remote_write_options options = sender_options();
    options.endpoint = url;
    sender_start(&options);
    set_gauge("level", 42);
    (void)sender_flushed();
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), 1));
    cr_assert(eq(str, (char *)receiver_target(sender.receiver, 0), "/api/v1/write"));
}

/* --- symbols --- */

static const char *const methods[] = {"GET", "POST"};
static const char *const handlers[] = {"/api/v1", "/api/v2"};
static const char *const codes[] = {"200", "404"};

/* Eight series that share their labels' names and values. */
static const struct sent *send_shared_labels(void) {
    sender_start_usual();
    tacho_counter *counter = counter_of("http.requests");
    for (size_t i = 0; i < 8; i++) {
        tacho_counter_add(counter, (int64_t)i + 1,
                          TACHO_ATTRS(TACHO_STR("method", methods[i & 1]),
                                      TACHO_STR("handler", handlers[(i >> 1) & 1]),
                                      TACHO_STR("code", codes[i >> 2])));
    }
    const struct sent *sent = sender_flushed();
    cr_assert(eq(sz, sent->series_count, 8));
    return sent;
}

/* RW2-03
 * cases: TestSymbolTable/empty_string_at_index_zero */
Test(protocol, first_symbol_is_empty) {
    const struct sent *sent = send_shared_labels();
    cr_assert(eq(str, sent->v2->symbols[0], ""));
    for (size_t i = 1; i < sent->v2->n_symbols; i++) {
        cr_assert(ne(str, sent->v2->symbols[i], ""), "symbol %zu", i);
    }
}

/* cases: TestSymbolTable/string_deduplication, TestSymbolTableEfficiency,
 * TestBatchingBehavior/efficient_symbol_reuse */
Test(protocol, symbols_are_all_different_and_all_used) {
    const struct sent *sent = send_shared_labels();
    const Io__Prometheus__Write__V2__Request *request = sent->v2;
    bool used[64] = {true};
    cr_assert(le(sz, request->n_symbols, 30)); /* 8 series of 7 labels */
    for (size_t i = 0; i < request->n_symbols; i++) {
        for (size_t j = 0; j < i; j++) {
            cr_assert(ne(str, request->symbols[i], request->symbols[j]), "%zu and %zu", i, j);
        }
    }
    for (size_t i = 0; i < request->n_timeseries; i++) {
        for (size_t j = 0; j < request->timeseries[i]->n_labels_refs; j++) {
            used[request->timeseries[i]->labels_refs[j]] = true;
        }
    }
    for (size_t i = 0; i < request->n_symbols; i++) {
        cr_expect(used[i], "nothing refers to %s", request->symbols[i]);
    }
}

/* cases: TestSymbolTable/labels_refs_valid_indices, TestSymbolTable/labels_refs_even_length */
Test(protocol, label_references_are_pairs_that_lead_to_symbols) {
    const Io__Prometheus__Write__V2__Request *request = send_shared_labels()->v2;
    for (size_t i = 0; i < request->n_timeseries; i++) {
        const Io__Prometheus__Write__V2__TimeSeries *series = request->timeseries[i];
        cr_assert(ge(sz, series->n_labels_refs, 2));
        cr_assert(eq(sz, series->n_labels_refs % 2, 0));
        for (size_t j = 0; j < series->n_labels_refs; j++) {
            cr_assert(lt(sz, series->labels_refs[j], request->n_symbols));
            cr_assert(gt(u32, series->labels_refs[j], 0)); /* neither name nor value is empty */
        }
    }
}

/* RW2-03: a receiver knows nothing of the requests before. */
Test(protocol, each_request_has_a_table_of_its_own) {
    const size_t symbols = send_shared_labels()->v2->n_symbols;
    tacho_counter_add(counter_of("other"), 1, TACHO_NO_ATTRS);
    const struct sent *second = sender_flushed();
    cr_assert(eq(sz, second->series_count, 9));
    cr_assert(eq(sz, second->v2->n_symbols, symbols + 1));
    cr_assert(eq(dbl, value_of(second, "other_total", NULL, NULL), 1.0));
}
