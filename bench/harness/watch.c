#include "harness/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

/* How long the harness may take to notice that the watchdog has killed the sides, and how long a
 * side that died by itself goes unmentioned: some slices of transport/peer.h. */
enum { WATCH_GRACE_MS = 1000 };

struct watch {
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	int wake;             /* eventfd: something below has changed */
	bool stopping, active, stepped_in;
	char phase[32];
	struct watch_side sides[TRANSPORT_SIDES_MAX];
	unsigned side_count;
	int64_t begin_ns, deadline_ns;
	int64_t asleep_until_ns;
	char message[WATCH_MESSAGE_MAX];
	void (*emergency)(void *context, const char *message);
	void *context;
};

/* The system calls that the mechanisms wait in. */
static const char *syscall_name(long number)
{
	static const struct {
		long number;
		const char *name;
	} names[] = {
		{SYS_read, "read"},
		{SYS_write, "write"},
		{SYS_futex, "futex"},
		{SYS_recvfrom, "recvfrom"},
		{SYS_sendto, "sendto"},
		{SYS_recvmsg, "recvmsg"},
		{SYS_sendmsg, "sendmsg"},
		{SYS_ppoll, "ppoll"},
		{SYS_mq_timedsend, "mq_timedsend"},
		{SYS_mq_timedreceive, "mq_timedreceive"},
		{SYS_msgsnd, "msgsnd"},
		{SYS_msgrcv, "msgrcv"},
		{SYS_semop, "semop"},
		{SYS_semtimedop, "semtimedop"},
		{SYS_rt_sigtimedwait, "rt_sigtimedwait"},
		{SYS_vmsplice, "vmsplice"},
		{SYS_splice, "splice"},
		{SYS_io_uring_enter, "io_uring_enter"},
		{SYS_clock_nanosleep, "clock_nanosleep"},
		{SYS_sched_yield, "sched_yield"},
#ifdef SYS_poll
		{SYS_poll, "poll"},
#endif
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

/* Appends where a side is: from /proc/PID/task/TID/syscall. */
static void describe(const struct watch_side *side, unsigned i, char *out, size_t size)
{
	char path[64], text[128] = "";
	size_t length = strlen(out);
	long number;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", side->pid, side->tid);
	_cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	snprintf(out + length, size - length, "%sside %u (pid %d) ", i ? ", " : "", i, side->pid);
	length = strlen(out);
	if (n <= 0)
		snprintf(out + length, size - length, "%s",
			errno == ENOENT || errno == ESRCH ? "is gone" : "cannot be looked at");
	else if (strncmp(text, "running", 7) == 0 || sscanf(text, "%ld", &number) != 1)
		snprintf(out + length, size - length, "runs in user space (spins?)");
	else if (number < 0)
		snprintf(out + length, size - length, "has ended or is stopped");
	else if (syscall_name(number))
		snprintf(out + length, size - length, "is in %s()", syscall_name(number));
	else
		snprintf(out + length, size - length, "is in system call %ld", number);
}

/* With the lock held. */
static void step_in(struct watch *watch, const char *why)
{
	snprintf(watch->message, sizeof(watch->message), "%s in the phase '%s': ", why,
		watch->phase);
	for (unsigned i = 0; i < watch->side_count; i++)
		describe(&watch->sides[i], i, watch->message, sizeof(watch->message));
	for (unsigned i = 0; i < watch->side_count; i++)
		if (watch->sides[i].pidfd >= 0)
			syscall(SYS_pidfd_send_signal, watch->sides[i].pidfd, SIGKILL, NULL, 0);
	watch->stepped_in = true;
	watch->deadline_ns = deadline_after_ms(WATCH_GRACE_MS);
}

/* What the watchdog does now, with the lock held. */
static void look(struct watch *watch, bool side_died)
{
	char why[128];
	int64_t now = clock_ns();

	if (!watch->active)
		return;
	if (watch->stepped_in && now >= watch->deadline_ns)
		watch->emergency(watch->context, watch->message);
	if (!watch->stepped_in && side_died) {
		step_in(watch, "a side died");
	} else if (!watch->stepped_in && now >= watch->deadline_ns) {
		snprintf(why, sizeof(why), "no end after %.1f s",
			(double)(now - watch->begin_ns) / 1e9);
		step_in(watch, why);
	}
}

static void *watch_main(void *argument)
{
	struct watch *watch = argument;
	struct pollfd fds[1 + TRANSPORT_SIDES_MAX];
	unsigned count = 0;
	uint64_t drained;

	pthread_mutex_lock(&watch->lock);
	while (!watch->stopping) {
		bool died = false;
		for (unsigned i = 1; i < count; i++)
			died |= fds[i].revents != 0;
		look(watch, died);
		/* Between phases it sleeps on: the next one ends later than the last. */
		int64_t now = clock_ns();
		watch->asleep_until_ns = watch->active || watch->deadline_ns > now
						 ? watch->deadline_ns
						 : DEADLINE_NEVER;
		count = 0;
		fds[count++] = (struct pollfd){.fd = watch->wake, .events = POLLIN};
		for (unsigned i = 0; watch->active && !watch->stepped_in && i < watch->side_count;
			i++)
			if (watch->sides[i].pidfd >= 0)
				fds[count++] = (struct pollfd){
					.fd = watch->sides[i].pidfd, .events = POLLIN};
		int timeout_ms = deadline_left_ms(watch->asleep_until_ns);
		pthread_mutex_unlock(&watch->lock);
		poll(fds, count, timeout_ms);
		if (read(watch->wake, &drained, sizeof(drained)) < 0 && errno != EAGAIN)
			abort();
		pthread_mutex_lock(&watch->lock);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

int watch_start(struct watch **ret_watch, void (*emergency)(void *context, const char *message),
	void *context)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return fail(-ENOMEM, "no memory for the watchdog");
	watch->emergency = emergency;
	watch->context = context;
	pthread_mutex_init(&watch->lock, NULL);
	watch->asleep_until_ns = DEADLINE_NEVER;
	watch->wake = sys(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	int r = watch->wake < 0 ? watch->wake
				: -pthread_create(&watch->thread, NULL, watch_main, watch);
	if (r < 0) {
		fd_close(&watch->wake);
		free(watch);
		return fail(r, "cannot start the watchdog: %s", error_message(r));
	}
	*ret_watch = watch;
	return 0;
}

static void wake(struct watch *watch)
{
	uint64_t one = 1;

	/* A full counter means that it is awake already. */
	if (write(watch->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
}

void watch_begin(struct watch *watch, const char *phase, const struct watch_side *sides,
	unsigned side_count, int64_t deadline_ns)
{
	pthread_mutex_lock(&watch->lock);
	/* Waking it costs a context switch on the CPU of side 0: only when there is news. */
	bool news = deadline_ns < watch->asleep_until_ns || side_count != watch->side_count ||
		    memcmp(watch->sides, sides, side_count * sizeof(sides[0])) != 0;
	snprintf(watch->phase, sizeof(watch->phase), "%s", phase);
	memcpy(watch->sides, sides, side_count * sizeof(sides[0]));
	watch->side_count = side_count;
	watch->begin_ns = clock_ns();
	watch->deadline_ns = deadline_ns;
	watch->active = true;
	watch->stepped_in = false;
	pthread_mutex_unlock(&watch->lock);
	if (news)
		wake(watch);
}

const char *watch_end(struct watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	watch->active = false;
	bool stepped_in = watch->stepped_in;
	pthread_mutex_unlock(&watch->lock);
	return stepped_in ? watch->message : NULL;
}

void watch_stop(struct watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->stopping = true;
	pthread_mutex_unlock(&watch->lock);
	wake(watch);
	pthread_join(watch->thread, NULL);
	fd_close(&watch->wake);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}
