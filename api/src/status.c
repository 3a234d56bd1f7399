/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the words for statuses. */
#include "tacho/status.h"

const char *tacho_status_text(int status) {
    if (status > TACHO_OK || status < TACHO_E_NOT_FOUND) {
        return "unknown status";
    }
    switch ((enum tacho_status)status) {
    case TACHO_OK:
        return "success";
    case TACHO_E_INVALID:
        return "an argument or an option is wrong";
    case TACHO_E_NO_MEMORY:
        return "out of memory";
    case TACHO_E_TIMEOUT:
        return "the deadline passed before the work was done";
    case TACHO_E_FAILED:
        return "the work failed: data was lost or refused";
    case TACHO_E_UNSUPPORTED:
        return "not supported by this version";
    case TACHO_E_BUSY:
        return "the object is in use";
    case TACHO_E_SHUTDOWN:
        return "the object was shut down";
    case TACHO_E_FORKED:
        return "the object belongs to the parent process";
    case TACHO_E_SYSTEM:
        return "the operating system refused";
    case TACHO_E_NOT_FOUND:
        return "there is no such thing";
    }
    return "unknown status";
}
