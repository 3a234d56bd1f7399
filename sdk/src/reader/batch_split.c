/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/batch_split.h"

static size_t count_metrics(const tacho_metric_batch *batch) {
    size_t count = 0;
    for (size_t i = 0; i < batch->scope_count; i++) {
        count += tacho_metric_batch_scope(batch, i)->metric_count;
    }
    return count;
}

bool tachoi_batch_split_init(struct tachoi_batch_split *split, const tacho_metric_batch *whole,
                             size_t max_points, struct tachoi_arena *arena) {
    *split = (struct tachoi_batch_split){
        .whole = whole, .max_points = max_points, .points_left = whole->point_count};
    if (whole->point_count <= max_points) {
        return true; /* it is the one part itself */
    }
    split->scopes = tachoi_arena_alloc(arena, whole->scope_count, sizeof split->scopes[0]);
    split->metrics = tachoi_arena_alloc(arena, count_metrics(whole), sizeof split->metrics[0]);
    return split->scopes != NULL && split->metrics != NULL;
}

/* Up to `room` points of the metric at the cursor, which moves behind them. */
static tacho_metric cut_metric(struct tachoi_batch_split *split, const tacho_scope_metrics *scope,
                               size_t room) {
    const tacho_metric *whole = tacho_scope_metrics_metric(scope, split->metric_index);
    size_t left = whole->point_count - split->point_index;
    tacho_metric piece = *whole;
    piece.points = (const char *)whole->points + split->point_index * whole->point_size;
    piece.point_count = left < room ? left : room;
    split->point_index += piece.point_count;
    if (split->point_index == whole->point_count) {
        split->metric_index++;
        split->point_index = 0;
    }
    return piece;
}

/* Up to `room` points of the scope at the cursor, their metrics written to `metrics`. */
static size_t cut_scope(struct tachoi_batch_split *split, size_t room, tacho_metric *metrics,
                        tacho_scope_metrics *out) {
    const tacho_scope_metrics *whole = tacho_metric_batch_scope(split->whole, split->scope_index);
    size_t points = 0;
    size_t count = 0;
    while (split->metric_index < whole->metric_count && points < room) {
        metrics[count] = cut_metric(split, whole, room - points);
        points += metrics[count].point_count;
        count += metrics[count].point_count > 0 ? 1 : 0;
    }
    if (split->metric_index == whole->metric_count) {
        split->scope_index++;
        split->metric_index = 0;
    }
    *out = *whole;
    out->metrics = metrics;
    out->metric_count = count;
    out->metric_size = sizeof metrics[0];
    return points;
}

/* The next points, up to the maximum. */
static void cut_part(struct tachoi_batch_split *split, tacho_metric_batch *part) {
    size_t metric_count = 0;
    *part = *split->whole;
    part->scopes = split->scopes;
    part->scope_size = sizeof split->scopes[0];
    part->scope_count = 0;
    part->point_count = 0;
    while (split->scope_index < split->whole->scope_count &&
           part->point_count < split->max_points) {
        tacho_scope_metrics *scope = &split->scopes[part->scope_count];
        part->point_count += cut_scope(split, split->max_points - part->point_count,
                                       split->metrics + metric_count, scope);
        metric_count += scope->metric_count;
        part->scope_count += scope->metric_count > 0 ? 1 : 0;
    }
}

bool tachoi_batch_split_next(struct tachoi_batch_split *split, tacho_metric_batch *part) {
    if (split->whole == NULL) {
        return false;
    }
    if (split->whole->point_count <= split->max_points) {
        *part = *split->whole;
        split->whole = NULL;
        return true;
    }
    cut_part(split, part);
    split->points_left -= part->point_count;
    part->has_more = split->points_left > 0 && split->scope_index < split->whole->scope_count;
    split->whole = part->has_more ? split->whole : NULL;
    return true;
}
