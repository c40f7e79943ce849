#include "mp/family.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "mp/handoff.h"
#include "mp/latch.h"
#include "mp/lifeline.h"
#include "mp/shared.h"
#include "os/proc.h"

enum { RECORDS = 8 };

/* All that a start writes to is here, in a page of its own: what a fork has write-protected, it
 * pays for by the page. */
static struct {
	struct latch lock;
	struct mp_process *first, *last; /* the children that were not reaped, the oldest first */
	unsigned released;               /* of them */
	_Atomic unsigned number;
	bool has_parent;
	struct mp_process parent;
	struct mp_process self;
	struct mp_process records[RECORDS]; /* used first; the rest are from the heap */
} family __attribute__((aligned(4096))) = {
	.parent = {.pidfd = -1},
	.self = {.pidfd = -1, .name = "MainProcess"},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int prepared;

static void prepare(void)
{
	family.self.pid = getpid();
	/* The arena's handlers first: those registered later lock earlier. */
	mp_shared_contains(NULL, 0);
	if (pthread_atfork(family_enter, family_leave, family_forked) != 0 ||
		atexit(family_finish) != 0)
		prepared = -ENOMEM;
}

int family_prepare(void)
{
	pthread_once(&once, prepare);
	if (prepared < 0)
		return fail(prepared, "no memory for the handlers of fork and exit");
	return 0;
}

void family_enter(void)
{
	latch_lock(&family.lock);
}

void family_leave(void)
{
	latch_unlock(&family.lock);
}

void family_forked(void)
{
	/* Only read: writing would copy a page for each. */
	for (const struct mp_process *p = family.first; p; p = p->next)
		if (p->pidfd >= 0)
			close(p->pidfd);
	if (family.parent.pidfd >= 0)
		close(family.parent.pidfd);
	family.parent = (struct mp_process){.pidfd = -1};
	family.has_parent = false;
	family.first = family.last = NULL;
	family.released = 0;
	family.number = 0;
	family.self.pid = (pid_t)kernel_call(SYS_getpid, 0, 0, 0, 0);
	lifeline_forked();
	latch_reset(&family.lock);
}

void family_become(const struct mp_process *record, const char parent_name[MP_PROCESS_NAME_MAX])
{
	memcpy(family.parent.name, parent_name, sizeof(family.parent.name));
	family.parent.pid = record->owner;
	family.has_parent = true;
	memcpy(family.self.name, record->name, sizeof(family.self.name));
	family.self.is_daemon = record->is_daemon;
}

struct mp_process *family_record_new(void)
{
	struct mp_process *record = NULL;

	family_enter();
	for (unsigned i = 0; i < RECORDS && !record; i++) {
		if (!family.records[i].is_used)
			record = &family.records[i];
	}
	if (record)
		*record = (struct mp_process){.is_used = true};
	family_leave();
	if (!record && !fault_hit())
		record = calloc(1, sizeof(*record));
	if (!record)
		return NULL;
	record->pidfd = -1;
	record->owner = family.self.pid;
	return record;
}

struct mp_process *mp_current_process(void)
{
	family_prepare();
	return &family.self;
}

struct mp_process *mp_parent_process(void)
{
	return family.has_parent ? &family.parent : NULL;
}

unsigned family_next_number(void)
{
	return atomic_fetch_add_explicit(&family.number, 1, memory_order_relaxed) + 1;
}

void family_add(struct mp_process *process)
{
	family_enter();
	process->previous = family.last;
	if (family.last)
		family.last->next = process;
	else
		family.first = process;
	family.last = process;
	family_leave();
}

static void family_remove(struct mp_process *process)
{
	if (process->previous)
		process->previous->next = process->next;
	else
		family.first = process->next;
	if (process->next)
		process->next->previous = process->previous;
	else
		family.last = process->previous;
	process->next = process->previous = NULL;
	if (process->is_released)
		family.released--;
}

int family_reap(struct mp_process *process)
{
	siginfo_t info = {0};
	int fd = process->pidfd, r;

	if (process->is_ended)
		return 0;
	/* __WALL: also one that sends no signal at its end. */
	const int options = WEXITED | WNOHANG | __WALL;
	do {
		r = fd < 0 ? waitid(P_PID, (id_t)process->pid, &info, options)
			   : waitid(P_PIDFD, (id_t)fd, &info, options);
	} while (r < 0 && errno == EINTR);
	if (r == 0 && info.si_pid == 0)
		return -EAGAIN;
	if (r < 0)
		process->error = -errno;
	else
		process->exit_code = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
	if (process->error == 0 && process->handoff)
		process->error = handoff_outcome(process->handoff, process->exit_code);
	family_remove(process);
	atomic_store_explicit(&process->is_ended, true, memory_order_release);
	return 0;
}

void family_free(struct mp_process *process)
{
	int fd = process->pidfd;

	/* A child has closed it already: what has the number now is another one's. */
	if (process->owner == family.self.pid && fd >= 0)
		kernel_call(SYS_close, fd, 0, 0, 0);
	mp_shared_free(process->handoff);
	if (!process->is_used) {
		free(process);
		return;
	}
	family_enter();
	process->is_used = false;
	family_leave();
}

void mp_process_free(struct mp_process *process)
{
	int saved = errno;

	if (!process || process == &family.self || process == &family.parent)
		return;
	family_enter();
	bool goes_on = process->owner == family.self.pid && family_reap(process) < 0;
	if (goes_on) {
		process->is_released = true;
		family.released++;
	}
	family_leave();
	if (!goes_on)
		family_free(process);
	errno = saved;
}

void family_sweep(void)
{
	struct mp_process *ended = NULL;

	family_enter();
	struct mp_process *next = family.released ? family.first : NULL;
	while (next) {
		struct mp_process *process = next;
		next = process->next;
		if (process->is_released && family_reap(process) == 0) {
			process->next = ended;
			ended = process;
		}
	}
	family_leave();
	while (ended) {
		struct mp_process *process = ended;
		ended = process->next;
		family_free(process);
	}
}

unsigned mp_active_children(struct mp_process **ret_children, unsigned max)
{
	unsigned count = 0;

	family_sweep();
	family_enter();
	struct mp_process *next = family.first;
	while (next) {
		struct mp_process *process = next;
		next = process->next;
		if (family_reap(process) == 0)
			continue;
		if (count < max)
			ret_children[count] = process;
		count++;
	}
	family_leave();
	return count;
}

void family_finish(void)
{
	siginfo_t info;

	family_enter();
	for (struct mp_process *p = family.first; p; p = p->next)
		if (p->is_daemon && p->owner == getpid())
			kill(p->pid, SIGKILL);
	while (family.first && family.first->owner == getpid()) {
		pid_t pid = family.first->pid;
		/* Other threads may reap it meanwhile, so look at it anew. */
		family_leave();
		while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | __WALL) < 0 &&
			errno == EINTR)
			;
		family_enter();
		if (family.first && family.first->pid == pid)
			family_reap(family.first);
	}
	family_leave();
}

/* The parent may have ended, and its pid be another one's, before the descriptor was opened. */
static int watch_parent(struct mp_process *parent)
{
	if (getppid() != parent->pid)
		return -ESRCH;
	int fd = proc_pidfd(parent->pid);
	if (fd >= 0 && getppid() != parent->pid) {
		close(fd);
		fd = -ESRCH;
	}
	return fd;
}

int family_watch(struct mp_process *process)
{
	int r = 0;

	if (process->pidfd >= 0)
		return 0;
	family_enter();
	if (process->pidfd < 0) {
		r = process == &family.parent ? watch_parent(process) : proc_pidfd(process->pid);
		if (r >= 0) {
			process->pidfd = r;
			r = 0;
		}
	}
	family_leave();
	return r;
}
