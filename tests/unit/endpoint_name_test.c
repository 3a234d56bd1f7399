/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the names of endpoints that are measured. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fork.h"
#include "remote_write/endpoint_name.h"

static struct tachoi_endpoint_name names[4];

static bool take(size_t i, const char *name, const char *url) {
    return tachoi_endpoint_name_take(&names[i], name, url);
}

Test(endpoint_name, that_is_free_is_taken_as_it_is) {
    cr_expect(take(0, "one", "u"));
    cr_expect(take(1, "two", "u"));
    cr_expect(take(2, "one", "v")); /* the URL tells them apart */
    cr_expect(eq(str, names[0].text, "one"));
    cr_expect(eq(str, names[2].text, "one"));
}

Test(endpoint_name, that_is_taken_gets_the_first_number_that_is_free) {
    cr_expect(take(0, "one", "u"));
    cr_expect(take(1, "one#2", "u"));
    cr_expect(not(take(2, "one", "u")));
    cr_expect(eq(str, names[2].text, "one#3"));
    tachoi_endpoint_name_give_back(&names[1]);
    cr_expect(not(take(1, "one", "u")));
    cr_expect(eq(str, names[1].text, "one#2"));
    tachoi_endpoint_name_give_back(&names[0]);
    cr_expect(take(3, "one", "u"));
    cr_expect(eq(str, names[3].text, "one"));
}

Test(endpoint_name, that_was_never_taken_may_be_given_back) {
    tachoi_endpoint_name_give_back(&names[0]);
    cr_expect(take(0, "one", "u"));
    tachoi_endpoint_name_give_back(&names[0]);
    tachoi_endpoint_name_give_back(&names[0]);
    cr_expect(take(1, "one", "u"));
}

Test(endpoint_name, that_are_long_are_told_apart) {
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    cr_expect(take(0, name, "u"));
    cr_expect(not(take(1, name, "u")));
    cr_expect(eq(sz, strlen(names[1].text), 257));
}

/* QUEUE-09 */
Test(endpoint_name, of_a_parent_is_free_in_a_forked_child) {
    cr_assert(tachoi_fork_watch());
    cr_expect(take(0, "one", "u"));
    const pid_t child = fork();
    if (child == 0) {
        const bool is_free = take(1, "one", "u");
        tachoi_endpoint_name_give_back(&names[0]); /* the parent's */
        _exit(is_free && !take(2, "one", "u") ? 0 : 1);
    }
    int status = -1;
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    cr_expect(eq(int, status, 0));
}
