#pragma once
/* Golden files of tests/golden/report: compared, and written anew with GOLDEN_RENEW=1. */
#include <stdbool.h>

/* Whether the text is that of the file; prints where they begin to differ. */
bool golden_is(const char *name, const char *text);

/* Likewise with the content of a file. */
bool golden_is_file(const char *name, const char *path);
