#pragma once
/*
 * A Python script at work: started with pipes at its stdin and stdout, asked line by line. It dies
 * with the harness. One thread at a time.
 */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct script;

/* Whether there is a python3 that is new enough: 0, or -EOPNOTSUPP with the reason (room for
 * SUBJECT_REASON_MAX). Starts it. */
int script_probe(char *ret_reason);

/* python3 PATH. */
int script_start(struct script **ret_script, const char *path);

/* Sends the object as one line and waits for one line that is an object: a new reference.
 * -ETIMEDOUT when it takes longer than timeout_ns, -EPIPE when the script has ended, -EPROTO when
 * the line is something else; then the script is broken. */
int script_ask(
	struct script *script, const json_t *question, int64_t timeout_ns, json_t **ret_answer);

/* Whether it has not answered as it should: there is no sense in asking again. */
bool script_is_broken(const struct script *script);

/* A process that the script says it has started: killed with it, if it really is its child. */
void script_add_child(struct script *script, int pid);

/* Closes its stdin, waits for its end, and kills it when that takes too long or it is broken; then
 * its children that are left. Frees; accepts NULL. */
void script_stop(struct script *script);
