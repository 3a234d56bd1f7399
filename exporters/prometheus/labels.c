/* SPDX-License-Identifier: Apache-2.0 */
/* Owns which labels a series has: the candidates of each origin, and what is done with the set that
 * they become. Must not know samples or encodings. */
#include "prometheus/labels.h"

#include <string.h>

#include "prometheus/label_set.h"
#include "prometheus/value_text.h"

/* __name__, job, instance, the component's label, and the three labels of the scope */
#define GENERATED_MAX 7

/* A conversion under way. */
struct builder {
    struct tachoi_label_set set;
    const struct tachoi_prometheus_options *options;
    const tacho_resource *resource;
};

static void builder_init(struct builder *builder, struct tachoi_arena *arena,
                         const struct tachoi_prometheus_conversion *conversion,
                         size_t attribute_count) {
    *builder = (struct builder){.options = conversion->options, .resource = conversion->resource};
    const size_t promoted = tacho_resource_attributes(conversion->resource).count;
    tachoi_label_set_init(&builder->set, arena,
                          GENERATED_MAX + attribute_count + promoted +
                              conversion->options->external_count);
}

static bool equals(tacho_string string, const char *text) {
    return string.length == strlen(text) && memcmp(string.data, text, string.length) == 0;
}

/* A label that the conversion names and whose value is `value`; none if that is empty. */
static void add_own(struct builder *builder, enum tachoi_label_origin origin, const char *name,
                    tacho_string value) {
    if (value.length > 0) {
        const tacho_string string = tacho_string_from(name);
        tachoi_label_set_add(&builder->set, origin, string, string, value);
    }
}

static void add_generated(struct builder *builder, const char *name, tacho_string value) {
    add_own(builder, TACHOI_LABEL_GENERATED, name, value);
}

/* False if the key gives no label name. */
static bool add_attribute(struct builder *builder, enum tachoi_label_origin origin,
                          tacho_string key, const tacho_value *value) {
    struct tachoi_label_set *set = &builder->set;
    if (set->result != TACHOI_PROMETHEUS_OK) {
        return true;
    }
    if (equals(key, "__name__")) {
        set->overridden++;
        return true;
    }
    if (!tachoi_prometheus_label_name(&builder->options->naming, key, &set->text)) {
        return false;
    }
    const tacho_string name = tachoi_label_set_take_text(set);
    tachoi_value_to_text(value, &set->text);
    tachoi_label_set_add(set, origin, name, key, tachoi_label_set_take_text(set));
    return true;
}

/* --- the resource --- */

/* Appends the text of the attribute to the scratch text; false if it is absent or empty. */
static bool append_attribute(struct builder *builder, tacho_attributes attributes,
                             const char *key) {
    struct tachoi_text *text = &builder->set.text;
    const size_t before = text->length;
    for (size_t i = 0; i < attributes.count; i++) {
        if (equals(attributes.items[i].key, key)) {
            tachoi_value_to_text(&attributes.items[i].value, text);
        }
    }
    return text->length > before;
}

/* job and instance (PROM-44); absent where the resource does not name them. */
static void add_target(struct builder *builder) {
    struct tachoi_label_set *set = &builder->set;
    const tacho_attributes attributes = tacho_resource_attributes(builder->resource);
    if (append_attribute(builder, attributes, "service.namespace")) {
        tachoi_text_append_char(&set->text, '/');
    }
    const bool has_name = append_attribute(builder, attributes, "service.name");
    const tacho_string job = tachoi_label_set_take_text(set);
    if (has_name) {
        add_generated(builder, "job", job);
    }
    (void)append_attribute(builder, attributes, "service.instance.id");
    add_generated(builder, "instance", tachoi_label_set_take_text(set));
}

static bool is_promoted(const struct tachoi_prometheus_options *options, tacho_string key) {
    for (size_t i = 0; i < options->promoted_count; i++) {
        if (equals(key, options->promoted[i])) {
            return true;
        }
    }
    return options->promote_all && !equals(key, "service.name") &&
           !equals(key, "service.namespace") && !equals(key, "service.instance.id");
}

/* A key that gives no name is left out: it cannot make one series of two. */
static void add_promoted(struct builder *builder) {
    if (!builder->options->promote_all && builder->options->promoted_count == 0) {
        return;
    }
    const tacho_attributes attributes = tacho_resource_attributes(builder->resource);
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_attribute *attr = &attributes.items[i];
        if (is_promoted(builder->options, attr->key)) {
            (void)add_attribute(builder, TACHOI_LABEL_PROMOTED, attr->key, &attr->value);
        }
    }
}

/* --- the scope --- */

static void add_scope_text(struct builder *builder, const char *name, tacho_string value) {
    struct tachoi_label_set *set = &builder->set;
    tachoi_utf8_append_repaired(&set->text, value.data, value.length);
    add_own(builder, TACHOI_LABEL_SHARED, name, tachoi_label_set_take_text(set));
}

/* The candidate added last goes if it is one of the three that a scope has anyway (PROM-13). */
static void drop_reserved_scope_name(struct tachoi_label_set *set) {
    const tacho_string name = set->candidates[set->count - 1].name;
    if (equals(name, "otel_scope_name") || equals(name, "otel_scope_version") ||
        equals(name, "otel_scope_schema_url")) {
        set->count--;
        set->overridden++;
    }
}

static void add_scope(struct builder *builder, const tacho_scope *scope) {
    struct tachoi_label_set *set = &builder->set;
    add_scope_text(builder, "otel_scope_name", scope->name);
    add_scope_text(builder, "otel_scope_version", scope->version);
    add_scope_text(builder, "otel_scope_schema_url", scope->schema_url);
    for (size_t i = 0; i < scope->attributes.count; i++) {
        const tacho_attribute *attr = &scope->attributes.items[i];
        if (attr->key.length == 0) {
            continue;
        }
        tachoi_text_append_string(&set->text, "otel_scope_");
        tachoi_text_append(&set->text, attr->key.data, attr->key.length);
        const tacho_string key = tachoi_label_set_take_text(set);
        if (!add_attribute(builder, TACHOI_LABEL_SHARED, key, &attr->value)) {
            tachoi_label_set_fail(set, TACHOI_PROMETHEUS_INVALID);
        } else if (set->result == TACHOI_PROMETHEUS_OK) {
            drop_reserved_scope_name(set);
        }
    }
}

/* --- the point --- */

static void add_point_attributes(struct builder *builder, tacho_attributes attributes) {
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_attribute *attr = &attributes.items[i];
        if (attr->key.length > 0 &&
            !add_attribute(builder, TACHOI_LABEL_POINT, attr->key, &attr->value)) {
            tachoi_label_set_fail(&builder->set, TACHOI_PROMETHEUS_INVALID);
        }
    }
}

static void add_metric_name(struct builder *builder, const tacho_metric *metric,
                            const char *suffix) {
    struct tachoi_label_set *set = &builder->set;
    if (!tachoi_prometheus_metric_name(&builder->options->naming, metric, &set->text)) {
        tachoi_label_set_fail(set, TACHOI_PROMETHEUS_INVALID);
        return;
    }
    tachoi_text_append_string(&set->text, suffix);
    add_generated(builder, "__name__", tachoi_label_set_take_text(set));
}

/* --- the end of both --- */

static bool has_name(const struct tachoi_prometheus_labels *labels) {
    for (size_t i = 0; i < labels->count; i++) {
        if (equals(labels->items[i].name, "__name__")) {
            return true;
        }
    }
    return false;
}

/* Lets the user's rules change the labels. */
static enum tachoi_prometheus_result relabel(const struct tachoi_relabel *rules,
                                             struct tachoi_arena *arena,
                                             struct tachoi_prometheus_labels *labels) {
    struct tachoi_relabel_labels between = {
        .items = tachoi_arena_alloc(arena, labels->count, sizeof(struct tachoi_relabel_label)),
        .count = labels->count,
    };
    if (between.items == NULL) {
        return TACHOI_PROMETHEUS_NO_MEMORY;
    }
    for (size_t i = 0; i < labels->count; i++) {
        const struct tachoi_prometheus_label *from = &labels->items[i];
        between.items[i] = (struct tachoi_relabel_label){from->name, from->value, from->is_points};
    }
    const enum tachoi_relabel_result result = tachoi_relabel_apply(rules, &between, arena);
    if (result != TACHOI_RELABEL_OK) {
        return result == TACHOI_RELABEL_DROPPED ? TACHOI_PROMETHEUS_FILTERED
                                                : TACHOI_PROMETHEUS_NO_MEMORY;
    }
    labels->items = tachoi_arena_alloc(arena, between.count, sizeof(*labels->items));
    if (labels->items == NULL) {
        return TACHOI_PROMETHEUS_NO_MEMORY;
    }
    labels->count = between.count;
    for (size_t i = 0; i < between.count; i++) {
        const struct tachoi_relabel_label *from = &between.items[i];
        labels->items[i] =
            (struct tachoi_prometheus_label){from->name, from->value, from->is_points};
    }
    return has_name(labels) ? TACHOI_PROMETHEUS_OK : TACHOI_PROMETHEUS_INVALID;
}

/* External labels, merging, relabelling; then the builder is over. */
static enum tachoi_prometheus_result finish(struct builder *builder,
                                            struct tachoi_prometheus_labels *out) {
    const struct tachoi_prometheus_options *options = builder->options;
    for (size_t i = 0; i < options->external_count; i++) {
        const struct tachoi_prometheus_extra_label *label = &options->external[i];
        tachoi_label_set_add(&builder->set, TACHOI_LABEL_EXTERNAL, label->name, label->name,
                             label->value);
    }
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    enum tachoi_prometheus_result result = tachoi_label_set_finish(&builder->set, &labels);
    if (result == TACHOI_PROMETHEUS_OK && options->relabel != NULL) {
        result = relabel(options->relabel, builder->set.arena, &labels);
    }
    tachoi_label_set_fini(&builder->set);
    if (result == TACHOI_PROMETHEUS_OK) {
        *out = labels;
    }
    return result;
}

enum tachoi_prometheus_result
tachoi_prometheus_point_labels(const struct tachoi_prometheus_conversion *conversion,
                               const tacho_scope *scope, const tacho_metric *metric,
                               tacho_attributes attributes,
                               const struct tachoi_prometheus_component *component,
                               struct tachoi_arena *arena, struct tachoi_prometheus_labels *out) {
    struct builder builder;
    builder_init(&builder, arena, conversion, attributes.count + scope->attributes.count);
    if (builder.set.result == TACHOI_PROMETHEUS_OK) {
        add_metric_name(&builder, metric, component->suffix);
        add_target(&builder);
        if (component->label_name != NULL) {
            tachoi_text_append_string(&builder.set.text, component->label_value);
            add_generated(&builder, component->label_name,
                          tachoi_label_set_take_text(&builder.set));
        }
        if (!conversion->options->disable_scope_info) {
            add_scope(&builder, scope);
        }
        add_promoted(&builder);
        add_point_attributes(&builder, attributes);
    }
    return finish(&builder, out);
}

/* All attributes of the resource; whether any of them has a value. */
static bool add_resource(struct builder *builder) {
    const tacho_attributes attributes = tacho_resource_attributes(builder->resource);
    bool says_something = false;
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_attribute *attr = &attributes.items[i];
        (void)add_attribute(builder, TACHOI_LABEL_SHARED, attr->key, &attr->value);
    }
    for (size_t i = 0; i < builder->set.count; i++) {
        says_something = says_something || builder->set.candidates[i].value.length > 0;
    }
    return says_something;
}

enum tachoi_prometheus_result
tachoi_prometheus_target_info_labels(const struct tachoi_prometheus_conversion *conversion,
                                     struct tachoi_arena *arena,
                                     struct tachoi_prometheus_labels *out) {
    struct builder builder;
    builder_init(&builder, arena, conversion, 0);
    bool says_something = true;
    if (builder.set.result == TACHOI_PROMETHEUS_OK) {
        says_something = add_resource(&builder);
        add_generated(&builder, "__name__", tacho_string_from("target_info"));
        add_target(&builder);
    }
    if (!says_something && builder.set.result == TACHOI_PROMETHEUS_OK) {
        tachoi_label_set_fini(&builder.set);
        *out = (struct tachoi_prometheus_labels){NULL, 0, 0};
        return TACHOI_PROMETHEUS_OK;
    }
    return finish(&builder, out);
}

const char *tachoi_prometheus_external_label(const struct tachoi_prometheus_naming *naming,
                                             const struct tachoi_prometheus_extra_label *label,
                                             struct tachoi_text *name) {
    if (label->name.length == 0) {
        return "has no name";
    }
    if (label->value.length == 0) {
        return "has no value";
    }
    if (!tachoi_utf8_is_valid(label->name.data, label->name.length) ||
        !tachoi_utf8_is_valid(label->value.data, label->value.length)) {
        return "is not valid UTF-8";
    }
    if (equals(label->name, "__name__")) {
        return "is the name of the series";
    }
    return tachoi_prometheus_label_name(naming, label->name, name)
               ? NULL
               : "has a name of which nothing is left when it is escaped";
}
