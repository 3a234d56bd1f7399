/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/duplicate.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/names.h"
#include "pipeline/report.h"

#define RECIPE_BYTES 1536
#define DESCRIPTION_SHOWN 128
#define SUFFIX_BYTES 64
#define UNIT_MAX 255
#define SUBJECT_BYTES 512

/* The beginning of a text, for "%.*s": a tacho_string may be without data. */
#define TEXT_SHOWN 63
#define TEXT(text)                                                                                 \
    (int)((text).length < TEXT_SHOWN ? (text).length : TEXT_SHOWN),                                \
        (text).length > 0 ? (text).data : ""

/* --- words --- */

static const struct {
    const char *text;   /* for sentences */
    const char *suffix; /* for names */
    const char *constant;
} kinds[TACHO_INSTRUMENT_KINDS] = {
    [TACHO_INSTRUMENT_COUNTER] = {"counter", "counter", "TACHO_INSTRUMENT_COUNTER"},
    [TACHO_INSTRUMENT_UP_DOWN_COUNTER] = {"up-down counter", "up_down_counter",
                                          "TACHO_INSTRUMENT_UP_DOWN_COUNTER"},
    [TACHO_INSTRUMENT_GAUGE] = {"gauge", "gauge", "TACHO_INSTRUMENT_GAUGE"},
    [TACHO_INSTRUMENT_HISTOGRAM] = {"histogram", "histogram", "TACHO_INSTRUMENT_HISTOGRAM"},
    [TACHO_INSTRUMENT_OBSERVABLE_COUNTER] = {"observable counter", "observable_counter",
                                             "TACHO_INSTRUMENT_OBSERVABLE_COUNTER"},
    [TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER] = {"observable up-down counter",
                                                     "observable_up_down_counter",
                                                     "TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER"},
    [TACHO_INSTRUMENT_OBSERVABLE_GAUGE] = {"observable gauge", "observable_gauge",
                                           "TACHO_INSTRUMENT_OBSERVABLE_GAUGE"},
};

static const char *number_text(const struct tachoi_instrument_about *about) {
    return about->number_type == TACHO_NUMBER_I64 ? "integers" : "doubles";
}

/* The text as a C string literal; false if there is not enough room, or what a literal cannot
 * plainly show. */
static bool write_literal(tacho_string text, char *out, size_t size) {
    size_t length = 0;
    out[length++] = '"';
    for (size_t i = 0; i < text.length; i++) {
        if (length + 4 > size || (unsigned char)text.data[i] < ' ') {
            return false;
        }
        if (text.data[i] == '"' || text.data[i] == '\\') {
            out[length++] = '\\';
        }
        out[length++] = text.data[i];
    }
    out[length++] = '"';
    out[length] = '\0';
    return true;
}

/* --- what mends it --- */

static bool differs_in_kind(const struct tachoi_stream_conflict *conflict) {
    return conflict->about->kind != conflict->seen->about->kind;
}

static bool differs_in_description_alone(const struct tachoi_stream_conflict *conflict) {
    const struct tachoi_stream *a = conflict->stream;
    const struct tachoi_stream *b = conflict->seen;
    struct tachoi_stream_plan plan = a->plan; /* borrows all; freed by nobody */
    plan.description = b->plan.description;
    return !differs_in_kind(conflict) && a->about->number_type == b->about->number_type &&
           tachoi_string_equals(a->about->unit, b->about->unit) &&
           tachoi_stream_plan_equals(&plan, &b->plan);
}

static bool differs_in_unit(const struct tachoi_stream_conflict *conflict) {
    return !tachoi_string_equals(conflict->stream->about->unit, conflict->seen->about->unit);
}

/* In what the instruments themselves say, as far as views leave it. */
static bool differs_in_identity(const struct tachoi_stream_conflict *conflict) {
    const struct tachoi_stream *a = conflict->stream;
    const struct tachoi_stream *b = conflict->seen;
    return a->about->number_type != b->about->number_type || differs_in_unit(conflict) ||
           !tachoi_string_equals(a->plan.description, b->plan.description);
}

/* INST-05 */
static void recipe_for_kinds(const struct tachoi_stream_conflict *conflict, char *out) {
    const struct tachoi_instrument_about *about = conflict->about;
    (void)snprintf(out, RECIPE_BYTES,
                   "rename one, or give the provider the view "
                   "tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = \"%s\", "
                   ".instrument_types = TACHO_INSTRUMENT_TYPE(%s), .name = \"%s.%s\"), &view)",
                   about->name.data, kinds[about->kind].constant, about->name.data,
                   kinds[about->kind].suffix);
}

/* INST-04 */
static void recipe_for_descriptions(const struct tachoi_stream_conflict *conflict, char *out) {
    char description[DESCRIPTION_SHOWN];
    tacho_string a = conflict->stream->plan.description;
    tacho_string b = conflict->seen->plan.description;
    if (!write_literal(a.length > b.length ? a : b, description, sizeof description)) {
        (void)snprintf(description, sizeof description, "\"...\"");
    }
    (void)snprintf(out, RECIPE_BYTES,
                   "make the descriptions equal, or give the provider the view "
                   "tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = \"%s\", "
                   ".description = %s), &view)",
                   conflict->about->name.data, description);
}

/* The unit as the end of a name: "{request}" is "request", "By/s" is "By.s". */
static void write_suffix(tacho_string unit, char *out) {
    size_t length = 0;
    for (size_t i = 0; i < unit.length && length < SUFFIX_BYTES - 1; i++) {
        const char byte = unit.data[i];
        const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                              (byte >= '0' && byte <= '9');
        if (is_plain) {
            out[length++] = byte;
        } else if (byte == '/' && length > 0) {
            out[length++] = '.';
        }
    }
    if (length == 0) {
        (void)snprintf(out, SUFFIX_BYTES, "renamed");
    } else {
        out[length] = '\0';
    }
}

/* INST-06: one of the two has a unit. */
static bool recipe_for_units(const struct tachoi_stream_conflict *conflict, char *out) {
    const struct tachoi_instrument_about *about =
        conflict->about->unit.length > 0 ? conflict->about : conflict->seen->about;
    char unit[2 * UNIT_MAX + 3];
    char suffix[SUFFIX_BYTES];
    if (!write_literal(about->unit, unit, sizeof unit)) {
        return false;
    }
    write_suffix(about->unit, suffix);
    (void)snprintf(out, RECIPE_BYTES,
                   "make the units equal, rename one, or give the provider the view "
                   "tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = \"%s\", "
                   ".unit = %s, .name = \"%s.%s\"), &view)",
                   about->name.data, unit, about->name.data, suffix);
    return true;
}

static void write_cure(const struct tachoi_stream_conflict *conflict, char *out) {
    if (differs_in_kind(conflict)) {
        recipe_for_kinds(conflict, out);
    } else if (differs_in_description_alone(conflict)) {
        recipe_for_descriptions(conflict, out);
    } else if (differs_in_unit(conflict) && recipe_for_units(conflict, out)) {
        return;
    } else if (differs_in_identity(conflict)) {
        (void)snprintf(out, RECIPE_BYTES,
                       "make kind, number type, unit and description equal, or rename one");
    } else {
        (void)snprintf(out, RECIPE_BYTES,
                       "they differ in what advice or views make of them; make that equal, or "
                       "rename one");
    }
}

/* --- telling --- */

/* What the rate limit tells conflicts apart by. */
static void write_subject(const struct tachoi_stream_conflict *conflict, char *out) {
    const struct tachoi_instrument_about *a = conflict->about;
    const struct tachoi_instrument_about *b = conflict->seen->about;
    (void)snprintf(out, SUBJECT_BYTES, "%.*s %d %d %.*s %.*s %.*s %d %d %.*s %.*s", TEXT(a->name),
                   (int)a->kind, (int)a->number_type, TEXT(a->unit), TEXT(a->description),
                   TEXT(b->name), (int)b->kind, (int)b->number_type, TEXT(b->unit),
                   TEXT(b->description));
}

static void tell_of_instruments(const struct tachoi_stream_conflict *conflict,
                                const char *subject) {
    const struct tachoi_instrument_about *about = conflict->about;
    const struct tachoi_instrument_about *seen = conflict->seen->about;
    char cure[RECIPE_BYTES];
    write_cure(conflict, cure);
    tachoi_report(TACHO_SEVERITY_WARNING, "meter", "duplicate_instrument", subject,
                  "instrument `%s` (%s of %s, unit `%.*s`) was made before as %s of %s, unit "
                  "`%.*s`%s; both are exported: %s",
                  seen->name.data, kinds[about->kind].text, number_text(about), TEXT(about->unit),
                  kinds[seen->kind].text, number_text(seen), TEXT(seen->unit),
                  differs_in_description_alone(conflict) ? ", with another description" : "", cure);
}

static void tell_of_views(const struct tachoi_stream_conflict *conflict, const char *subject) {
    const struct tachoi_instrument_about *about = conflict->about;
    const struct tachoi_instrument_about *seen = conflict->seen->about;
    tachoi_report(TACHO_SEVERITY_WARNING, "meter", "duplicate_stream", subject,
                  "views give instrument `%.*s` (%s) and instrument `%.*s` (%s) different streams "
                  "of one name, `%.*s`; both are exported: give a view another name",
                  TEXT(seen->name), kinds[seen->kind].text, TEXT(about->name),
                  kinds[about->kind].text, TEXT(conflict->stream->plan.name));
}

/* VIEW-08 */
static void tell_of_sharing(const struct tachoi_stream_conflict *conflict, const char *subject) {
    const struct tachoi_stream *shared = conflict->seen;
    const bool adds_up = !tachoi_kind_is_observable(shared->about->kind) &&
                         shared->plan.aggregation.kind != TACHOI_AGGREGATION_LAST_VALUE;
    tachoi_report(TACHO_SEVERITY_WARNING, "meter", "shared_stream", subject,
                  "views make one stream, `%.*s`, of instrument `%.*s` and instrument `%.*s`: %s; "
                  "give each a name of its own",
                  TEXT(shared->plan.name), TEXT(shared->about->name), TEXT(conflict->about->name),
                  adds_up ? "what both measure is added up"
                          : "where both measure a set, one value is lost");
}

void tachoi_duplicate_tell(const struct tachoi_stream_conflict *conflict) {
    const struct tachoi_stream *stream = conflict->stream;
    const struct tachoi_stream *seen = conflict->seen;
    char subject[SUBJECT_BYTES];
    write_subject(conflict, subject);
    if (stream == seen) {
        tell_of_sharing(conflict, subject);
    } else if (stream->plan.has_view_name || seen->plan.has_view_name) {
        tell_of_views(conflict, subject);
    } else {
        tell_of_instruments(conflict, subject);
    }
}
