#pragma once
/*
 * What the machine is: facts that change figures, for telling later whether two results may be
 * compared. Every field says what to do when it differs: REFUSE (another machine, or another
 * state of it that no one measures on purpose), WARN (what a user may want to compare: the kernel,
 * libc, microcode, …), IGNORE (kept for the reader). Nothing that jitters, as bogomips do, is in
 * it.
 *
 * The allowed CPUs are the calling thread's: read the fingerprint before binding it.
 * The struct holds no pointers.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FINGERPRINT_FIELDS_MAX = 40,
	FINGERPRINT_NAME_MAX = 24,
	FINGERPRINT_VALUE_MAX = 128,
	FINGERPRINT_SUMMARY_MAX = 256,
};

enum fingerprint_policy { FINGERPRINT_IGNORE, FINGERPRINT_WARN, FINGERPRINT_REFUSE };

struct fingerprint_field {
	char name[FINGERPRINT_NAME_MAX];
	char value[FINGERPRINT_VALUE_MAX]; /* "unknown" where the machine does not say */
	enum fingerprint_policy policy;
};

struct fingerprint {
	unsigned count;
	struct fingerprint_field fields[FINGERPRINT_FIELDS_MAX];
};

/* Reads this machine. Cannot fail: what cannot be read is "unknown". */
void fingerprint_read(struct fingerprint *ret);

/* The same from copies of /proc, /sys and /etc under `root` ("" for the live ones); what a system
 * call or an instruction tells is still this machine's. For tests and for looking at dumps. */
void fingerprint_read_at(const char *root, struct fingerprint *ret);

/* Adds a field, for reading a stored one back; the policy is the known one of that name, IGNORE
 * for names that this version doesn't know. Cuts what is too long. -ENOSPC when full. */
int fingerprint_add(struct fingerprint *fingerprint, const char *name, const char *value);

/* The value, or NULL. */
const char *fingerprint_value(const struct fingerprint *fingerprint, const char *name);

/* Hash of the REFUSE fields' names and values (FNV-1a, 64 bits), the same for every order and in
 * every version that has the same fields. */
uint64_t fingerprint_hash(const struct fingerprint *fingerprint);

/* The worst policy of the fields in which the two differ; IGNORE when they agree. A field that
 * only one of them has differs with WARN at most (it may come from another version). */
enum fingerprint_policy fingerprint_compare(
	const struct fingerprint *a, const struct fingerprint *b);

/*
 * Walks the differences: start with *cursor = 0; false at the end. The values are NULL where the
 * field is missing.
 */
struct fingerprint_difference {
	const char *name, *value_a, *value_b;
	enum fingerprint_policy policy;
};
bool fingerprint_next_difference(const struct fingerprint *a, const struct fingerprint *b,
	unsigned *cursor, struct fingerprint_difference *ret);

const char *fingerprint_policy_name(enum fingerprint_policy policy);

/* One line: "AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44, Debian 12"; returns buffer. */
char *fingerprint_summary(
	const struct fingerprint *fingerprint, char buffer[FINGERPRINT_SUMMARY_MAX]);
