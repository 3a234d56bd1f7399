/* SPDX-License-Identifier: Apache-2.0 */
/* Owns how labels of different origin become one set: all candidates are listed, sorted by name,
 * and each run of equal names becomes one label or none. Must not know samples or encodings. */
#include "prometheus/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "prometheus/names.h"
#include "prometheus/value_text.h"

struct candidate {
    tacho_string name;
    tacho_string value;
    tacho_string key;  /* what it was called before it became a label */
    bool is_generated; /* wins; the others that share a name are joined */
    bool is_points;    /* an attribute of the point */
    size_t index;      /* makes the order total: the scope's own labels come first */
};

/* A set in the making. After a failure everything else is a no-op. */
struct builder {
    struct tachoi_arena *arena;
    const struct tachoi_prometheus_naming *naming;
    struct tachoi_text text; /* scratch */
    struct candidate *candidates;
    size_t count;
    size_t overridden;
    enum tachoi_prometheus_result result;
};

/* __name__, job, instance, le, and the three labels of the scope */
#define GENERATED_MAX 7

static void builder_init(struct builder *builder, struct tachoi_arena *arena,
                         const struct tachoi_prometheus_conversion *conversion,
                         size_t attribute_count) {
    *builder = (struct builder){
        .arena = arena, .naming = &conversion->options->naming, .result = TACHOI_PROMETHEUS_OK};
    tachoi_text_init(&builder->text, 0);
    builder->candidates =
        tachoi_arena_alloc(arena, attribute_count + GENERATED_MAX, sizeof(struct candidate));
    if (builder->candidates == NULL) {
        builder->result = TACHOI_PROMETHEUS_NO_MEMORY;
    }
}

static void builder_fini(struct builder *builder) {
    tachoi_text_fini(&builder->text);
}

static bool equals(tacho_string string, const char *text) {
    return string.length == strlen(text) && memcmp(string.data, text, string.length) == 0;
}

static void fail(struct builder *builder, enum tachoi_prometheus_result result) {
    if (builder->result == TACHOI_PROMETHEUS_OK) {
        builder->result = result;
    }
}

/* Moves the scratch text into the arena. */
static tacho_string take_text(struct builder *builder) {
    tacho_string taken = {"", 0};
    const struct tachoi_text *text = &builder->text;
    if (text->failed) {
        fail(builder, TACHOI_PROMETHEUS_NO_MEMORY);
    } else if (text->length > 0) {
        const char *copy = tachoi_arena_strndup(builder->arena, text->data, text->length);
        if (copy != NULL) {
            taken = (tacho_string){copy, text->length};
        } else {
            fail(builder, TACHOI_PROMETHEUS_NO_MEMORY);
        }
    }
    tachoi_text_clear(&builder->text);
    return taken;
}

static void add(struct builder *builder, bool is_generated, tacho_string name, tacho_string key,
                tacho_string value) {
    if (builder->result == TACHOI_PROMETHEUS_OK) {
        const size_t index = builder->count++;
        builder->candidates[index] = (struct candidate){
            .name = name, .value = value, .key = key, .is_generated = is_generated, .index = index};
    }
}

/* A label that the conversion names and whose value is `value`; none if that is empty. */
static void add_own(struct builder *builder, bool is_generated, const char *name,
                    tacho_string value) {
    if (value.length > 0) {
        add(builder, is_generated, tacho_string_from(name), tacho_string_from(name), value);
    }
}

/* False if the key gives no label name. */
static bool add_attribute(struct builder *builder, tacho_string key, const tacho_value *value) {
    if (builder->result != TACHOI_PROMETHEUS_OK) {
        return true;
    }
    if (equals(key, "__name__")) {
        builder->overridden++;
        return true;
    }
    if (!tachoi_prometheus_label_name(builder->naming, key, &builder->text)) {
        return false;
    }
    const tacho_string name = take_text(builder);
    tachoi_value_to_text(value, &builder->text);
    const tacho_string text = take_text(builder);
    add(builder, false, name, key, text);
    return true;
}

/* Appends the text of the attribute to the scratch text; false if it is absent or empty. */
static bool append_attribute(struct builder *builder, tacho_attributes attributes,
                             const char *key) {
    const size_t before = builder->text.length;
    for (size_t i = 0; i < attributes.count; i++) {
        if (equals(attributes.items[i].key, key)) {
            tachoi_value_to_text(&attributes.items[i].value, &builder->text);
        }
    }
    return builder->text.length > before;
}

/* job and instance (PROM-44); absent where the resource does not name them. */
static void add_target(struct builder *builder, const tacho_resource *resource) {
    const tacho_attributes attributes = tacho_resource_attributes(resource);
    if (append_attribute(builder, attributes, "service.namespace")) {
        tachoi_text_append_char(&builder->text, '/');
    }
    const bool has_name = append_attribute(builder, attributes, "service.name");
    const tacho_string job = take_text(builder);
    if (has_name) {
        add_own(builder, true, "job", job);
    }
    (void)append_attribute(builder, attributes, "service.instance.id");
    add_own(builder, true, "instance", take_text(builder));
}

static void add_scope_text(struct builder *builder, const char *name, tacho_string value) {
    tachoi_utf8_append_repaired(&builder->text, value.data, value.length);
    add_own(builder, false, name, take_text(builder));
}

/* The candidate added last goes if it is one of the three that a scope has anyway (PROM-13). */
static void drop_reserved_scope_name(struct builder *builder) {
    const tacho_string name = builder->candidates[builder->count - 1].name;
    if (equals(name, "otel_scope_name") || equals(name, "otel_scope_version") ||
        equals(name, "otel_scope_schema_url")) {
        builder->count--;
        builder->overridden++;
    }
}

static void add_scope(struct builder *builder, const tacho_scope *scope) {
    add_scope_text(builder, "otel_scope_name", scope->name);
    add_scope_text(builder, "otel_scope_version", scope->version);
    add_scope_text(builder, "otel_scope_schema_url", scope->schema_url);
    for (size_t i = 0; i < scope->attributes.count; i++) {
        const tacho_attribute *attr = &scope->attributes.items[i];
        if (attr->key.length == 0) {
            continue;
        }
        tachoi_text_append_string(&builder->text, "otel_scope_");
        tachoi_text_append(&builder->text, attr->key.data, attr->key.length);
        const tacho_string key = take_text(builder);
        add_attribute(builder, key, &attr->value);
        if (builder->result == TACHOI_PROMETHEUS_OK) {
            drop_reserved_scope_name(builder);
        }
    }
}

static int compare_strings(tacho_string a, tacho_string b) {
    const size_t shorter = a.length < b.length ? a.length : b.length;
    const int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;
    if (order != 0) {
        return order;
    }
    return (a.length > b.length) - (a.length < b.length);
}

/* By name; generated ones first; then by original key; then as they were added. */
static int compare_candidates(const void *left, const void *right) {
    const struct candidate *a = left;
    const struct candidate *b = right;
    int order = compare_strings(a->name, b->name);
    if (order == 0) {
        order = b->is_generated - a->is_generated;
    }
    if (order == 0) {
        order = compare_strings(a->key, b->key);
    }
    if (order == 0) {
        order = (a->index > b->index) - (a->index < b->index);
    }
    return order;
}

static tacho_string join_values(struct builder *builder, const struct candidate *run,
                                size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            tachoi_text_append_char(&builder->text, ';');
        }
        tachoi_text_append(&builder->text, run[i].value.data, run[i].value.length);
    }
    return take_text(builder);
}

/* Whether the label that `count` candidates of the same name make has to do with the point. */
static bool is_points(const struct candidate *run, size_t count) {
    bool any = false;
    for (size_t i = 0; i < count && !run->is_generated; i++) {
        any = any || run[i].is_points;
    }
    return any;
}

/* The one value of `count` candidates of the same name. */
static tacho_string merge_run(struct builder *builder, const struct candidate *run, size_t count) {
    if (count == 1) {
        return run->value;
    }
    if (run->is_generated) {
        builder->overridden += count - 1;
        return run->value;
    }
    return join_values(builder, run, count);
}

/* Sorts and merges the candidates into `out`. */
static enum tachoi_prometheus_result finish(struct builder *builder,
                                            struct tachoi_prometheus_labels *out) {
    if (builder->result != TACHOI_PROMETHEUS_OK) {
        return builder->result;
    }
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    labels.items = tachoi_arena_alloc(builder->arena, builder->count, sizeof(*labels.items));
    if (labels.items == NULL) {
        return TACHOI_PROMETHEUS_NO_MEMORY;
    }
    qsort(builder->candidates, builder->count, sizeof(struct candidate), compare_candidates);
    for (size_t first = 0, end = 0; first < builder->count; first = end) {
        const struct candidate *run = &builder->candidates[first];
        for (end = first + 1; end < builder->count; end++) {
            if (compare_strings(run->name, builder->candidates[end].name) != 0) {
                break;
            }
        }
        const tacho_string value = merge_run(builder, run, end - first);
        if (value.length > 0) {
            labels.items[labels.count++] = (struct tachoi_prometheus_label){
                .name = run->name, .value = value, .is_points = is_points(run, end - first)};
        }
    }
    if (builder->result == TACHOI_PROMETHEUS_OK) {
        labels.overridden = builder->overridden;
        *out = labels;
    }
    return builder->result;
}

static void add_point_attributes(struct builder *builder, tacho_attributes attributes) {
    const size_t first = builder->count;
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_attribute *attr = &attributes.items[i];
        if (attr->key.length > 0 && !add_attribute(builder, attr->key, &attr->value)) {
            fail(builder, TACHOI_PROMETHEUS_INVALID);
        }
    }
    for (size_t i = first; i < builder->count; i++) {
        builder->candidates[i].is_points = true;
    }
}

static void add_metric_name(struct builder *builder, const tacho_metric *metric,
                            const char *suffix) {
    if (!tachoi_prometheus_metric_name(builder->naming, metric, &builder->text)) {
        fail(builder, TACHOI_PROMETHEUS_INVALID);
        return;
    }
    tachoi_text_append_string(&builder->text, suffix);
    add_own(builder, true, "__name__", take_text(builder));
}

enum tachoi_prometheus_result
tachoi_prometheus_point_labels(const struct tachoi_prometheus_conversion *conversion,
                               const tacho_scope *scope, const tacho_metric *metric,
                               tacho_attributes attributes,
                               const struct tachoi_prometheus_component *component,
                               struct tachoi_arena *arena, struct tachoi_prometheus_labels *out) {
    struct builder builder;
    builder_init(&builder, arena, conversion, attributes.count + scope->attributes.count);
    if (builder.result == TACHOI_PROMETHEUS_OK) {
        add_metric_name(&builder, metric, component->suffix);
        add_target(&builder, conversion->resource);
        if (component->label_name != NULL) {
            tachoi_text_append_string(&builder.text, component->label_value);
            add_own(&builder, true, component->label_name, take_text(&builder));
        }
        if (!conversion->options->disable_scope_info) {
            add_scope(&builder, scope);
        }
        add_point_attributes(&builder, attributes);
    }
    const enum tachoi_prometheus_result result = finish(&builder, out);
    builder_fini(&builder);
    return result;
}

enum tachoi_prometheus_result
tachoi_prometheus_target_info_labels(const struct tachoi_prometheus_conversion *conversion,
                                     struct tachoi_arena *arena,
                                     struct tachoi_prometheus_labels *out) {
    const tacho_resource *resource = conversion->resource;
    const tacho_attributes attributes = tacho_resource_attributes(resource);
    struct builder builder;
    bool says_something = false;
    builder_init(&builder, arena, conversion, attributes.count);
    if (builder.result == TACHOI_PROMETHEUS_OK) {
        for (size_t i = 0; i < attributes.count; i++) {
            (void)add_attribute(&builder, attributes.items[i].key, &attributes.items[i].value);
        }
        for (size_t i = 0; i < builder.count; i++) {
            says_something = says_something || builder.candidates[i].value.length > 0;
        }
        add_own(&builder, true, "__name__", tacho_string_from("target_info"));
        add_target(&builder, resource);
    }
    const enum tachoi_prometheus_result result = finish(&builder, out);
    builder_fini(&builder);
    if (result == TACHOI_PROMETHEUS_OK && !says_something) {
        out->count = 0;
    }
    return result;
}
