/* SPDX-License-Identifier: Apache-2.0 */
/* Owns making the requests that tell of metric families. See metadata_bodies.h. */
#include "remote_write/metadata_bodies.h"

#include <string.h>

#include "base/alloc.h"

typedef const struct tachoi_prometheus_family *family_pointer;

void tachoi_metadata_maker_fini(struct tachoi_metadata_maker *maker) {
    tachoi_metadata_message_fini(&maker->message);
}

/* All of them, in an array; NULL when memory is short. */
static family_pointer *list_families(const struct tachoi_metric_families *families) {
    family_pointer *list = tachoi_calloc(families->chains.count + 1, sizeof(family_pointer));
    size_t count = 0;
    for (const struct tachoi_metric_family *family = families->first;
         list != NULL && family != NULL; family = family->next) {
        list[count++] = &family->is;
    }
    return list;
}

/* Copies the message's body into the next one of `bodies`; false when memory is short. */
static bool add_body(struct tachoi_metadata_bodies *bodies,
                     const struct tachoi_metadata_message *message) {
    unsigned char *bytes = tachoi_malloc(message->body_length + 1);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, message->body, message->body_length);
    bodies->bodies[bodies->count++] = (struct tachoi_metadata_body){
        .bytes = bytes, .length = message->body_length, .families = message->family_count};
    return true;
}

static bool fill(struct tachoi_metadata_maker *maker, const family_pointer *list, size_t count,
                 struct tachoi_metadata_bodies *bodies) {
    for (size_t done = 0; done < count;) {
        size_t taken = 0;
        const enum tachoi_encode_result result = tachoi_metadata_message_make(
            &maker->message, list + done, count - done, maker->max_count, &taken);
        if (result == TACHOI_ENCODE_NO_MEMORY ||
            (result == TACHOI_ENCODE_OK && maker->message.family_count > 0 &&
             !add_body(bodies, &maker->message))) {
            return false;
        }
        done += taken; /* one that is too long for a message is left out */
    }
    return true;
}

struct tachoi_metadata_bodies *
tachoi_metadata_maker_make(struct tachoi_metadata_maker *maker,
                           const struct tachoi_metric_families *families) {
    if (families->changes == maker->changes) {
        return NULL;
    }
    family_pointer *list = list_families(families);
    struct tachoi_metadata_bodies *bodies = tachoi_metadata_bodies_create(families->chains.count);
    bool ok = list != NULL && bodies != NULL;
    if (ok) {
        bodies->count = 0; /* as many as there is room for at most */
        ok = fill(maker, list, families->chains.count, bodies);
    }
    if (ok) {
        maker->changes = families->changes;
    } else {
        tachoi_metadata_bodies_destroy(bodies);
        bodies = NULL;
    }
    tachoi_free(list);
    return bodies;
}
