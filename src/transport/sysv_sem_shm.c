/*
 * sysv_sem_shm: a ring of slots in shared memory each way (slots.h), notified by the semaphores of
 * one System V set, one for each token. Every take and every put is a system call: the values live
 * in the kernel, which also wakes.
 *
 * The set lives until somebody removes it, and removing it at once, as one unlinks a file, would
 * end it for both sides. The opener removes it in close(). When the opener was killed, the last
 * side to close does. What stays possible: all of them killed at once, or both sides leaving in
 * the same instant after the opener was killed; then a set with the key 0 is left, which 'ipcs -s'
 * shows and 'ipcrm -s ID' removes.
 */
#include <errno.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "os/proc.h"
#include "transport/slots.h"

struct sysv_sem_shm {
	struct slots slots;
	int id; /* of the set; -1: none */
	pid_t opener;
};

/* The kernel's argument; the C library leaves its definition to the program. */
union semun {
	int val;
	unsigned short *array;
	struct seminfo *info;
};

/* EIDRM, or EINVAL when it was gone before the call: the opener has closed. */
static int semaphore_error(int error)
{
	switch (error) {
	case EAGAIN:
		return -ETIMEDOUT;
	case EINTR:
		return -EINTR;
	default:
		return trace(error == EIDRM || error == EINVAL ? -EPIPE : -error);
	}
}

static int sysv_sem_shm_take(void *state, unsigned token, int timeout_ms)
{
	struct sysv_sem_shm *s = state;
	struct sembuf take = {.sem_num = (unsigned short)token, .sem_op = -1};
	struct timespec timeout = timespec_of(timeout_ms * NS_PER_MS);

	return semtimedop(s->id, &take, 1, &timeout) < 0 ? semaphore_error(errno) : 0;
}

static int sysv_sem_shm_put(void *state, unsigned token)
{
	struct sysv_sem_shm *s = state;
	struct sembuf put = {.sem_num = (unsigned short)token, .sem_op = 1};

	return semop(s->id, &put, 1) < 0 ? semaphore_error(errno) : 0;
}

static const struct slots_tokens sysv_sem_shm_tokens = {sysv_sem_shm_take, sysv_sem_shm_put};

static int sysv_sem_shm_probe(struct transport_limits *limits)
{
	struct seminfo info;

	if (semctl(0, 0, IPC_INFO, (union semun){.info = &info}) >= 0)
		return 0;
	snprintf(limits->reason, sizeof(limits->reason),
		"no System V semaphores: the kernel was built without CONFIG_SYSVIPC, or a seccomp "
		"filter forbids semctl()");
	return -EOPNOTSUPP;
}

static int sysv_sem_shm_open(void *state, const struct transport_options *options)
{
	struct sysv_sem_shm *s = state;
	unsigned short values[SLOTS_TOKENS];

	s->id = -1;
	s->opener = getpid();
	int r = slots_open(&s->slots, options, &sysv_sem_shm_tokens);
	if (r < 0)
		return trace(r);
	s->id = sys(semget(IPC_PRIVATE, SLOTS_TOKENS, 0600));
	if (s->id < 0)
		return fail(s->id,
			"semget: %s (the limits are in kernel.sem; 'ipcs -s' lists what is there)",
			error_message(s->id));
	for (unsigned i = 0; i < SLOTS_TOKENS; i++)
		values[i] = (unsigned short)slots_initial(&s->slots, i);
	return trace(sys(semctl(s->id, 0, SETALL, (union semun){.array = values})));
}

static bool process_has_ended(pid_t pid)
{
	int fd = proc_pidfd(pid);

	if (fd < 0)
		return fd == -ESRCH;
	bool ended = proc_has_ended(fd);
	fd_close(&fd);
	return ended;
}

static void sysv_sem_shm_close(void *state)
{
	struct sysv_sem_shm *s = state;

	if (s->id >= 0 && slots_owns(&s->slots) &&
		(s->opener == getpid() ||
			(process_has_ended(s->opener) && peer_is_gone(&s->slots.peer))))
		semctl(s->id, 0, IPC_RMID);
	s->id = -1;
	slots_close(&s->slots);
}

const struct transport transport_sysv_sem_shm = {
	SLOTS_MEMBERS,
	.name = "sysv_sem_shm",
	.summary = "slots in shared memory, notified by System V semaphores",
	.state_bytes = sizeof(struct sysv_sem_shm),
	.probe = sysv_sem_shm_probe,
	.open = sysv_sem_shm_open,
	.close = sysv_sem_shm_close,
};
