/* SPDX-License-Identifier: Apache-2.0 */
/* fault_server: an HTTP server on loopback that fails as a script says, alone or between a sender
 * and a real receiver. fault_server_script.h has the script's language.
 *
 *     fault_server [--port N] [--control-port N] [--upstream-port N] [--script FILE]
 *
 * Ports default to any that are free; the first line printed names them. Then each request that is
 * over gets a line: what was asked, decided and answered. The control port takes a new script with
 * POST, and answers GET with the totals. Ends on SIGINT and SIGTERM, with status 0. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fault/fault_server_connection.h"

enum { CONNECTIONS_MAX = 128, SCRIPT_BYTES = 65536, NAP_MS = 50 };

struct program {
    struct fault_server server;
    struct fault_connection connections[CONNECTIONS_MAX];
    size_t count;
    int port;
    int control_port;
    int listener; /* -1 while connections are refused */
    int control;
};

static struct program program = {.listener = -1, .control = -1};
static volatile sig_atomic_t is_ending;

static void end(int signal_number) {
    (void)signal_number;
    is_ending = 1;
}

static uint64_t clock_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/** Listens on a port of 127.0.0.1; 0 takes a free one, which is written back. -1 on failure. */
static int open_listener(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)*port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int yes = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (const struct sockaddr *)&address, length) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        (void)close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static void accept_from(int listener, bool is_control) {
    while (program.count < CONNECTIONS_MAX) {
        const int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            return;
        }
        program.server.connections += is_control ? 0 : 1;
        fault_connection_init(&program.connections[program.count++], fd, is_control,
                              program.server.connections);
    }
}

static void remove_done(void) {
    for (size_t i = 0; i < program.count;) {
        if (program.connections[i].state == FAULT_DONE) {
            fault_connection_fini(&program.connections[i]);
            program.connections[i] = program.connections[--program.count];
        } else {
            i++;
        }
    }
}

/** Nobody listens while the script says `refuse`, and what is open closes when it is idle. */
static void keep_listening(uint64_t now_ms) {
    const bool is_refusing =
        fault_script_now(&program.server.script, now_ms)->action == FAULT_REFUSE;
    if (!is_refusing && program.listener < 0) {
        program.listener = open_listener(&program.port);
    }
    if (!is_refusing) {
        return;
    }
    if (program.listener >= 0) {
        (void)close(program.listener);
        program.listener = -1;
    }
    for (size_t i = 0; i < program.count; i++) {
        struct fault_connection *connection = &program.connections[i];
        if (!connection->is_control && fault_connection_is_idle(connection)) {
            connection->state = FAULT_DONE;
        }
    }
    remove_done();
}

/** How long to wait: not beyond the next thing that is due. */
static int nap_ms(uint64_t now_ms) {
    uint64_t most = NAP_MS;
    for (size_t i = 0; i < program.count; i++) {
        const uint64_t wake_ms = program.connections[i].wake_ms;
        if (wake_ms != 0) {
            const uint64_t left = wake_ms > now_ms ? wake_ms - now_ms : 0;
            most = left < most ? left : most;
        }
    }
    return (int)most;
}

static void serve_once(void) {
    struct pollfd polled[2 * CONNECTIONS_MAX + 2];
    keep_listening(clock_ms());
    const size_t count = program.count;
    for (size_t i = 0; i < count; i++) {
        fault_connection_wants(&program.connections[i], &polled[2 * i]);
    }
    polled[2 * count] = (struct pollfd){.fd = program.listener, .events = POLLIN};
    polled[2 * count + 1] = (struct pollfd){.fd = program.control, .events = POLLIN};
    if (poll(polled, 2 * count + 2, nap_ms(clock_ms())) < 0) {
        return;
    }
    const uint64_t now_ms = clock_ms();
    for (size_t i = 0; i < count; i++) {
        fault_connection_step(&program.connections[i], &program.server, &polled[2 * i], now_ms);
    }
    remove_done();
    if (polled[2 * count].revents != 0) {
        accept_from(program.listener, false);
    }
    if (polled[2 * count + 1].revents != 0) {
        accept_from(program.control, true);
    }
}

static bool read_script(const char *path) {
    static char text[SCRIPT_BYTES];
    char error[256];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return false;
    }
    const size_t length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[length] = '\0';
    if (!fault_script_parse(text, clock_ms(), &program.server.script, error, sizeof error)) {
        (void)fprintf(stderr, "%s: %s\n", path, error);
        return false;
    }
    return true;
}

static bool read_port(const char *text, int *out) {
    char *rest = NULL;
    const long port = strtol(text, &rest, 10);
    *out = (int)port;
    return rest != text && *rest == '\0' && port >= 0 && port <= 65535;
}

static bool read_option(const char *name, const char *value) {
    if (strcmp(name, "--port") == 0) {
        return read_port(value, &program.port);
    }
    if (strcmp(name, "--control-port") == 0) {
        return read_port(value, &program.control_port);
    }
    if (strcmp(name, "--upstream-port") == 0) {
        return read_port(value, &program.server.upstream_port);
    }
    return strcmp(name, "--script") == 0 && read_script(value);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "usage: fault_server [--port N] [--control-port N] "
                                  "[--upstream-port N] [--script FILE]\n");
            return 2;
        }
    }
    const struct sigaction action = {.sa_handler = end};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    program.listener = open_listener(&program.port);
    program.control = open_listener(&program.control_port);
    if (program.listener < 0 || program.control < 0) {
        perror("fault_server: cannot listen");
        return 1;
    }
    program.server.begin_ms = clock_ms();
    program.server.script.since_ms = program.server.begin_ms;
    (void)printf("{\"port\": %d, \"control_port\": %d}\n", program.port, program.control_port);
    (void)fflush(stdout);
    while (is_ending == 0) {
        serve_once();
    }
    for (size_t i = 0; i < program.count; i++) {
        program.connections[i].state = FAULT_DONE;
    }
    remove_done();
    (void)close(program.listener);
    (void)close(program.control);
    return 0;
}
