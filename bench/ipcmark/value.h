#pragma once
/*
 * Values as options and job files give them. Each returns 0, or -EINVAL with a message that says
 * what was expected; `what` names the option or the key in it.
 */
#include <stdbool.h>
#include <stdint.h>

int value_unsigned(const char *what, const char *text, unsigned min, unsigned max, unsigned *ret);

/* Decimal or 0x…: a seed. */
int value_seed(const char *what, const char *text, uint64_t *ret);

/* "1.5", "90s", "500ms", "2min": a bare number is seconds. More than 0, at most a week. */
int value_seconds(const char *what, const char *text, double *ret_seconds);

/* yes, no, true, false, 1, 0. */
int value_bool(const char *what, const char *text, bool *ret);

/* How idle states are chosen for cells that do not say. AUTO: held where that is permitted. */
enum idle_policy { IDLE_POLICY_UNSET, IDLE_POLICY_AUTO, IDLE_POLICY_HELD, IDLE_POLICY_FREE };

int value_idle(const char *what, const char *text, enum idle_policy *ret);
