/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the table of open sockets. See sockets.h.
 *
 * What is closed in a child must be what was opened here, so a slot knows the socket's inode beside
 * its number: a descriptor that the host closed and used again is left alone. */
#include "http/sockets.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Many exporters with a few connections each; further ones are not remembered. */
#define SOCKETS_MAX 128

/* atomic, relaxed throughout: a slot guards no data, and half written it matches no descriptor */
struct slot {
    _Atomic(int) number; /* the descriptor + 1; 0 = free */
    _Atomic(uint64_t) inode;
};

static struct slot slots[SOCKETS_MAX];

/* 0 if it is no open socket. */
static uint64_t inode_of(int fd) {
    struct stat information;
    bool is_socket = fstat(fd, &information) == 0 && S_ISSOCK(information.st_mode);
    return is_socket ? (uint64_t)information.st_ino : 0;
}

static void clear(struct slot *slot) {
    atomic_store_explicit(&slot->inode, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->number, 0, memory_order_relaxed);
}

static void remember(int fd) {
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        int free_number = 0;
        if (atomic_compare_exchange_strong_explicit(&slots[i].number, &free_number, fd + 1,
                                                    memory_order_relaxed, memory_order_relaxed)) {
            atomic_store_explicit(&slots[i].inode, inode_of(fd), memory_order_relaxed);
            return;
        }
    }
}

static void forget(int fd) {
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if (atomic_load_explicit(&slots[i].number, memory_order_relaxed) == fd + 1) {
            clear(&slots[i]);
            return;
        }
    }
}

/* In the child, before any other code of it: only async-signal-safe functions. */
static void close_inherited(void) {
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        int number = atomic_load_explicit(&slots[i].number, memory_order_relaxed);
        uint64_t inode = atomic_load_explicit(&slots[i].inode, memory_order_relaxed);
        if (number > 0 && inode != 0 && inode_of(number - 1) == inode) {
            (void)close(number - 1);
        }
        clear(&slots[i]);
    }
}

static void watch(void) {
    (void)pthread_atfork(NULL, NULL, close_inherited);
}

void tachoi_http_sockets_watch_fork(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, watch);
}

curl_socket_t tachoi_http_socket_open(void *user, curlsocktype purpose,
                                      struct curl_sockaddr *address) {
    (void)user;
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0) {
        remember(fd);
    }
    return fd;
}

int tachoi_http_socket_close(void *user, curl_socket_t fd) {
    (void)user;
    forget(fd); /* first: the number may be another thread's as soon as it is closed */
    return close(fd);
}
