/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a person can do about a refusal (AUTH-11, RWOBS-06): one sentence for each cause that
 * the receivers' well-known messages name. Pure. Only for messages to people: what becomes of the
 * data is decided by status and headers alone, and never by these words (HTTP-05). */
#ifndef TACHOI_REMOTE_WRITE_REFUSAL_HINT_H
#define TACHOI_REMOTE_WRITE_REFUSAL_HINT_H

/** A hint for an answer with this status whose body begins so; "" if there is none. Valid for ever.
 */
const char *tachoi_refusal_hint(long status, const char *excerpt);

#endif
