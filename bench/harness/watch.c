#include "harness/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
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
#include "os/proc.h"
#include "os/shm.h"

/* How long the harness may take to notice that the watchdog has killed the sides: many slices of
 * transport/peer.h. */
enum { WATCH_GRACE_MS = 1000 };

/* How long it may take to notice that a side has ended by itself. */
enum { DEATH_GRACE_MS = 300 };

/* `state`: no phase; the watchdog has stepped in; else the number of the phase that runs. */
enum { IDLE = 0, STEPPED_IN = 1, FIRST_PHASE = 2 };

/* What harness and watchdog share. The harness writes it while no phase runs; the watchdog writes
 * the message, and then takes the phase by compare-and-swap: whoever comes first has it. */
struct watch_board {
	_Atomic uint32_t state;
	char phase[32];
	struct watch_side sides[SIDES_MAX];
	unsigned side_count;
	int64_t begin_ns, deadline_ns;
	_Atomic int64_t asleep_until_ns;
	char message[WATCH_MESSAGE_MAX];
};

struct watch {
	struct shm memory;
	struct proc proc;
	int wake; /* eventfd: something has changed */
	uint32_t phase_number;
	void (*emergency)(void *context, const char *message);
	void *context;
};

static struct watch_board *board_of(const struct watch *watch)
{
	return watch->memory.data;
}

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

/* ---- the watchdog's process ---- */

/* Takes the phase from the harness, says why, and kills the sides that are processes. False when
 * the phase has ended meanwhile. */
static bool step_in(struct watch_board *board, uint32_t phase, bool side_died)
{
	char message[WATCH_MESSAGE_MAX];

	if (side_died)
		snprintf(message, sizeof(message), "a side died in the phase '%s': ", board->phase);
	else
		snprintf(message, sizeof(message), "no end after %.1f s in the phase '%s': ",
			(double)(clock_ns() - board->begin_ns) / 1e9, board->phase);
	for (unsigned i = 0; i < board->side_count; i++)
		describe(&board->sides[i], i, message, sizeof(message));
	memcpy(board->message, message, sizeof(message));
	/* Pairs with watch_end(): who sees STEPPED_IN sees the whole message. */
	if (!atomic_compare_exchange_strong(&board->state, &phase, STEPPED_IN))
		return false;
	for (unsigned i = 1; i < board->side_count; i++)
		if (board->sides[i].pid != board->sides[0].pid)
			kill(board->sides[i].pid, SIGKILL);
	return true;
}

/* The harness is not back a second after that. */
static void give_up(const struct watch *watch)
{
	int64_t end = deadline_after_ms(WATCH_GRACE_MS);

	while (clock_ns() < end && atomic_load(&board_of(watch)->state) == STEPPED_IN)
		poll(NULL, 0, 10);
	if (atomic_load(&board_of(watch)->state) != STEPPED_IN)
		return;
	watch->emergency(watch->context, board_of(watch)->message);
	kill(getppid(), SIGKILL);
	_exit(1);
}

/* Sleeps until the deadline, the death of a side, or news; whether a side has died. */
static bool watch_sleep(const struct watch *watch, const int pidfds[], unsigned count)
{
	struct watch_board *board = board_of(watch);
	struct pollfd fds[1 + SIDES_MAX];
	int64_t until = DEADLINE_NEVER;
	uint64_t drained;
	bool died = false;

	/* Between phases it sleeps on: the next one ends later than the last. */
	if (atomic_load(&board->state) >= FIRST_PHASE || board->deadline_ns > clock_ns())
		until = board->deadline_ns;
	atomic_store(&board->asleep_until_ns, until);
	fds[0] = (struct pollfd){.fd = watch->wake, .events = POLLIN};
	for (unsigned i = 0; i < count; i++)
		fds[1 + i] = (struct pollfd){.fd = pidfds[i], .events = POLLIN};
	poll(fds, 1 + count, deadline_left_ms(until));
	for (unsigned i = 0; i < count; i++)
		died |= fds[1 + i].revents != 0;
	if (read(watch->wake, &drained, sizeof(drained)) < 0 && errno != EAGAIN)
		abort();
	return died;
}

/* The sides that are processes; children of the harness, which reaps them after their phases. */
static unsigned open_pidfds(const struct watch_board *board, int pidfds[SIDES_MAX])
{
	unsigned count = 0;

	for (unsigned i = 1; i < board->side_count; i++) {
		if (board->sides[i].pid == board->sides[0].pid)
			continue;
		int fd = proc_pidfd(board->sides[i].pid);
		if (fd >= 0)
			pidfds[count++] = fd;
	}
	return count;
}

/* A side that fails says why, and ends; who waits for it sees that, but perhaps later than the
 * watchdog. False when the phase has ended meanwhile. */
static bool outlasts_death(struct watch_board *board, uint32_t phase)
{
	int64_t end = deadline_after_ms(DEATH_GRACE_MS);

	while (clock_ns() < end && atomic_load(&board->state) == phase)
		poll(NULL, 0, 5);
	return atomic_load(&board->state) == phase;
}

static int watch_main(void *argument)
{
	const struct watch *watch = argument;
	struct watch_board *board = board_of(watch);
	int pidfds[SIDES_MAX];
	unsigned count = 0;

	/* Nothing that the harness holds may live longer because of it: PM QoS, above all. */
	dup2(watch->wake, 3);
	((struct watch *)argument)->wake = 3;
	close_range(4, ~0u, 0);
	for (;;) {
		bool died = watch_sleep(watch, pidfds, count);
		uint32_t phase = atomic_load(&board->state);
		if (phase >= FIRST_PHASE && count == 0)
			count = open_pidfds(board, pidfds);
		if (phase >= FIRST_PHASE && (died || clock_ns() >= board->deadline_ns) &&
			(!died || outlasts_death(board, phase)) && step_in(board, phase, died))
			give_up(watch);
	}
	return 0;
}

/* ---- the harness' side ---- */

int watch_start(struct watch **ret_watch, void (*emergency)(void *context, const char *message),
	void *context)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return fail(-ENOMEM, "no memory for the watchdog");
	*watch = (struct watch){.proc = PROC_NULL,
		.wake = -1,
		.phase_number = FIRST_PHASE - 1,
		.emergency = emergency,
		.context = context};
	int r = shm_open_anonymous(&watch->memory, sizeof(struct watch_board));
	if (r >= 0) {
		board_of(watch)->asleep_until_ns = DEADLINE_NEVER;
		r = watch->wake = sys(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	}
	if (r >= 0)
		r = proc_start(&watch->proc, watch_main, watch);
	if (r < 0) {
		watch_stop(watch);
		return fail(r, "cannot start the watchdog: %s", error_message(r));
	}
	*ret_watch = watch;
	return 0;
}

void watch_begin(struct watch *watch, const char *phase, const struct watch_side *sides,
	unsigned side_count, int64_t deadline_ns)
{
	struct watch_board *board = board_of(watch);
	uint64_t one = 1;

	/* Waking it costs a context switch: only when there is news. */
	bool news = side_count != board->side_count ||
		    deadline_ns < atomic_load(&board->asleep_until_ns);
	snprintf(board->phase, sizeof(board->phase), "%s", phase);
	memcpy(board->sides, sides, side_count * sizeof(sides[0]));
	board->side_count = side_count;
	board->begin_ns = clock_ns();
	board->deadline_ns = deadline_ns;
	/* Publishes all of it. */
	atomic_store(&board->state, ++watch->phase_number);
	if (news && write(watch->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
}

const char *watch_end(struct watch *watch)
{
	if (atomic_exchange(&board_of(watch)->state, IDLE) == STEPPED_IN)
		return board_of(watch)->message;
	return NULL;
}

void watch_stop(struct watch *watch)
{
	if (!watch)
		return;
	proc_kill(&watch->proc);
	fd_close(&watch->wake);
	shm_close(&watch->memory);
	free(watch);
}
