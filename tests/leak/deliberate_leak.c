/* SPDX-License-Identifier: Apache-2.0 */
/* A test that passes and leaks, so that leak_is_caught.sh can see it fail. Criterion runs each test
 * in a process of its own and does not look at what LeakSanitizer says when that one ends. */
#include <criterion/criterion.h>
#include <stdlib.h>

static void *volatile last_pointer;

Test(leak, passes_and_leaks) {
    last_pointer = malloc(123);
    cr_assert_not_null(last_pointer);
    last_pointer = NULL;
}
