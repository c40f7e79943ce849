#pragma once
/*
 * How a daemon ends with its parent.
 *
 * PR_SET_PDEATHSIG will not do: it tells of the end of the thread that forked. A parent has a pipe
 * whose writing end nobody else keeps; each daemon has an open file of the reading end, which is
 * told to send it SIGKILL (F_SETSIG) when something happens there (O_ASYNC). All that ever happens
 * is the end of the last writer. Nobody watches, no thread, no polling; the kernel does it.
 *
 * How it fails: a parent that closes all its descriptors kills its daemons; a daemon that does so
 * outlives its parent. A process made by a bare clone without libmp keeps a copy of the writing
 * end, and the daemons live until it ends, too.
 */

/* In the parent, before the start: an open file for one daemon, close-on-exec. The lock is the
 * family's. */
int lifeline_open(int *ret_fd);

/* In the daemon, or in its vfork'ed beginning: from here on its parent's end kills it. Also when it
 * was before. Async-signal-safe. */
int lifeline_hold(int fd);

/* In a forked child: this pipe is its parent's. */
void lifeline_forked(void);
