#pragma once
/*
 * Foreign subjects: peers that run outside of our process, in Python. They are members of any
 * family and run in its harness binary; a script does what a member in C would do, all sides of it,
 * and side 0 of the session only talks to it: one JSON object a line to its stdin, one from its
 * stdout (stderr goes through).
 *
 *	{"command": "open", "workload": "pingpong", "subject": "python_queue", "exec": "process",
 *	 "size_bytes": 64, "params": {…}, "cpus": [1, 0], "seed": 7}	→ {"ok": true, "pids": […]}
 *	{"command": "verify"}						→ {"ok": true}
 *	{"command": "run", "iterations": 1000}	→ {"ok": true, "elapsed_ns": …, "messages": 1000,
 *		and optional: "begin_ns", "end_ns", "samples_ns": […], "batch": 1, "facts": {…},
 *		"cpu_ns": [per side], "cpus": [where each side was]}
 *	{"command": "close"}						→ {"ok": true}
 *
 * "params" has the params of the workload by their keys, times in ns, sizes in bytes, choices as
 * words. {"ok": false, "reason": "…"} fails the cell; no answer within the deadline, too, and then
 * the script and its processes are killed. An answer is not trusted: what is missing or of the
 * wrong type is an error that names it.
 *
 * Which subjects there are says the manifest, subjects.json beside the scripts, found in
 * $IPCMARK_PYTHON_DIR, in the build tree, or in the installed tree:
 *
 *	{"schema": 1, "subjects": [{"name": "python_queue", "family": "transport",
 *	 "summary": "…", "script": "harness.py", "exec": ["process"], "workloads": ["pingpong"]}]}
 *
 * Without python3 (3.9 or later) in the PATH they are skipped with that reason.
 */
#include "harness/family.h"

struct session_result;

/* The i-th of the family; false behind the last. A broken manifest has none, and is said once. */
bool foreign_subject(const struct family *family, unsigned i, struct subject *ret);

bool foreign_can(const struct foreign *foreign, const char *workload);

/* 0, or -EOPNOTSUPP with the reason. */
int foreign_probe(const struct subject *subject, struct subject_limits *limits);

/* What stands in the family's place for open, attach, close, bind, verify and facts. */
extern const struct family foreign_life;

/* What stands in the workload's place. */
int foreign_run(struct load *load);

/* Puts the script's sides in the place of the one that talks to it. */
void foreign_report(const struct instance *instance, struct session_result *result);
