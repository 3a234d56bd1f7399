/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the one initialisation of libcurl in a process. See global.h. */
#include "http/global.h"

#include <curl/curl.h>
#include <pthread.h>

#include "http/sockets.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_ready; /* written under `once` */

static void init(void) {
    tachoi_http_sockets_watch_fork();
    is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    is_ready = is_ready && version != NULL && version->version_num >= 0x075700;
}

bool tachoi_http_global_init(void) {
    (void)pthread_once(&once, init);
    return is_ready;
}
