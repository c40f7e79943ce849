/*
 * signal: real-time signals, which are queued, in order, and carry a value of 8 bytes. A message
 * goes in pieces of 8 bytes, one signal each; the receiver has the signal blocked and takes it with
 * sigtimedwait(). Each direction has its signal number. Signals are directed at the thread that
 * attached (rt_tgsigqueueinfo, what pthread_sigqueue() calls), so it works between threads as well,
 * and no other thread of a process, which might not block them, can be hit.
 *
 * The sender fills in the sender's user id of each signal with how many bytes are left, which keeps
 * messages apart and shows a missing piece; nobody else looks at the field. Messages of several
 * senders stay whole up to one piece. Signals that anyone sends with kill() are ignored.
 *
 * All users of a machine have a limit of queued signals ('ulimit -i', RLIMIT_SIGPENDING). When it
 * is reached the call says EAGAIN and nothing wakes a sender when there is room again: it sleeps
 * for 50 µs, twice as long each time up to 1 ms. The receiver wakes every PEER_SLICE_MS to look for
 * its peer. A process that was killed and not yet waited for accepts signals as if it lived:
 * therefore the sender looks for it once in a while, and what was sent to it in between is not
 * reported.
 *
 * In a program that uses this transport both signals are ignored from open() on, or one that comes
 * after close() would be fatal. (A blocked signal is queued although it is ignored.)
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "transport/peer.h"

enum {
	SIGNAL_PIECE = sizeof(union sigval),
	/* 512 signals, about a millisecond. The mechanism has no limit, but to measure a larger one
	 * tells nothing new and takes minutes. */
	SIGNAL_MESSAGE_MAX = 4 << 10,
	/* The sender looks for a dead peer, one system call, once per so many pieces. */
	SIGNAL_LOOK_EVERY = 256,
	BACK_OFF_US_MIN = 50,
	BACK_OFF_US_MAX = 1000,
};

/* Who is there, in shared memory: threads, where peer.h knows processes. */
struct addresses {
	_Atomic int32_t tids[TRANSPORT_SIDES_MAX];
};

struct signal {
	struct peer peer;
	struct shm addresses;
	unsigned side;
	int in, out; /* signal numbers */
	sigset_t wanted, mask_before;
	pid_t pid;            /* ours */
	pid_t to_pid, to_tid; /* the receiver, 0: not known yet */
	pid_t attached_tid;   /* 0: not attached */
	bool threads;
	unsigned pieces_unchecked;
	uint64_t times_full;
};

static struct addresses *addresses(const struct signal *s)
{
	return s->addresses.data;
}

/* Randomly picked, far from those that libraries take from the ends. */
static int signal_of(unsigned to_side)
{
	return SIGRTMIN + 10 + (to_side == 0 ? 0 : 1);
}

static int signal_probe(struct transport_limits *limits)
{
	struct rlimit limit;

	limits->message_max_bytes = SIGNAL_MESSAGE_MAX;
	snprintf(limits->reason, sizeof(limits->reason),
		"a signal carries %d bytes, a message at most %d of them", SIGNAL_PIECE,
		SIGNAL_MESSAGE_MAX / SIGNAL_PIECE);
	if (getrlimit(RLIMIT_SIGPENDING, &limit) == 0 && limit.rlim_cur == 0) {
		snprintf(limits->reason, sizeof(limits->reason),
			"no signal may be queued; raise 'ulimit -i' (RLIMIT_SIGPENDING)");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int signal_open(void *state, const struct transport_options *options)
{
	struct signal *s = state;
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	s->threads = options->threads;
	int r = shm_open_anonymous(&s->addresses, sizeof(struct addresses));
	if (r >= 0)
		r = peer_open(&s->peer, options);
	for (unsigned side = 0; side < 2 && r >= 0; side++) {
		r = sys(sigaction(signal_of(side), &ignore, NULL));
		if (r < 0)
			fail(r, "signal: sigaction: %s", error_message(r));
	}
	return trace(r);
}

/* Forgets what is queued for this thread: an earlier channel's. */
static void drain(const sigset_t *wanted)
{
	struct timespec now = {0};

	while (sigtimedwait(wanted, NULL, &now) > 0)
		;
}

static int signal_attach(void *state, unsigned side)
{
	struct signal *s = state;

	s->side = side;
	s->in = signal_of(side);
	s->out = signal_of(side == 0 ? 1 : 0);
	s->pid = getpid();
	if (s->threads)
		shm_borrow(&s->addresses);
	sigemptyset(&s->wanted);
	sigaddset(&s->wanted, s->in);
	int r = -pthread_sigmask(SIG_BLOCK, &s->wanted, &s->mask_before);
	if (r < 0)
		return fail(r, "signal: cannot block signal %d: %s", s->in, error_message(r));
	drain(&s->wanted);
	s->attached_tid = gettid();
	r = peer_attach(&s->peer, side, s->threads);
	/* From here on we are sent signals. */
	if (r >= 0)
		atomic_store(&addresses(s)->tids[side], s->attached_tid);
	return trace(r);
}

static void sleep_us(int64_t us)
{
	clock_sleep_until(clock_ns() + us * NS_PER_US);
}

/* Before the first message: until the receiver has attached. */
static int find_receiver(struct signal *s)
{
	unsigned side = s->side == 0 ? 1 : 0;

	while ((s->to_tid = atomic_load(&addresses(s)->tids[side])) == 0) {
		if (peer_is_gone(&s->peer))
			return trace(-EPIPE);
		sleep_us(BACK_OFF_US_MIN);
	}
	s->to_pid = peer_pid(&s->peer, side);
	return 0;
}

/* After a piece was refused, or many were accepted. */
static int look(struct signal *s, int64_t *back_off_us)
{
	s->pieces_unchecked = 0;
	if (peer_is_gone(&s->peer))
		return trace(-EPIPE);
	if (*back_off_us) {
		s->times_full++;
		sleep_us(*back_off_us);
		*back_off_us =
			*back_off_us * 2 > BACK_OFF_US_MAX ? BACK_OFF_US_MAX : *back_off_us * 2;
	}
	return 0;
}

static int signal_send(void *state, const void *message, size_t n)
{
	struct signal *s = state;
	int64_t back_off_us = 0;
	siginfo_t info = {.si_signo = s->out, .si_code = SI_QUEUE};
	int r = s->to_tid ? 0 : find_receiver(s);

	info.si_pid = s->pid;
	for (size_t left = n; left > 0 && r >= 0;) {
		size_t piece = left < SIGNAL_PIECE ? left : SIGNAL_PIECE;
		info.si_uid = (uid_t)left;
		memcpy(&info.si_value, (const char *)message + (n - left), piece);
		if (syscall(SYS_rt_tgsigqueueinfo, s->to_pid, s->to_tid, s->out, &info) == 0) {
			left -= piece;
			back_off_us = 0;
			if (++s->pieces_unchecked >= SIGNAL_LOOK_EVERY)
				r = look(s, &back_off_us);
		} else if (errno == EAGAIN) {
			back_off_us = back_off_us ? back_off_us : BACK_OFF_US_MIN;
			r = look(s, &back_off_us);
		} else {
			return trace(errno == ESRCH ? -EPIPE : -errno);
		}
	}
	return r;
}

/* The next signal of a sender of ours. */
static int next(struct signal *s, siginfo_t *ret_info)
{
	struct timespec slice = {.tv_nsec = PEER_SLICE_MS * NS_PER_MS}, now = {0};
	bool gone = false;

	for (;;) {
		if (sigtimedwait(&s->wanted, ret_info, gone ? &now : &slice) > 0) {
			if (ret_info->si_code == SI_QUEUE)
				return 0;
		} else if (errno == EAGAIN) {
			/* What it sent before it went is there by now: one more look. */
			if (gone)
				return trace(-EPIPE);
			gone = peer_is_gone(&s->peer);
		} else if (errno != EINTR) {
			return trace(-errno);
		}
	}
}

static int signal_recv(void *state, void *message, size_t n)
{
	struct signal *s = state;
	siginfo_t info;

	for (size_t left = n; left > 0;) {
		size_t piece = left < SIGNAL_PIECE ? left : SIGNAL_PIECE;
		int r = next(s, &info);
		if (r < 0)
			return r;
		if (info.si_uid != left && left == n)
			return fail(-EMSGSIZE, "a message of %u bytes came where %zu were expected",
				info.si_uid, n);
		if (info.si_uid != left)
			return fail(-EBADMSG, "signal: %u bytes are left of a message, not %zu",
				info.si_uid, left);
		memcpy((char *)message + (n - left), &info.si_value, piece);
		left -= piece;
	}
	return 0;
}

static void signal_facts(
	const void *state, void (*put)(void *, const char *, double), void *context)
{
	put(context, "times_full", (double)((const struct signal *)state)->times_full);
}

static void signal_close(void *state)
{
	struct signal *s = state;

	/* The mask is a thread's: another one that closes leaves it alone. */
	if (s->attached_tid && s->attached_tid == gettid()) {
		drain(&s->wanted);
		pthread_sigmask(SIG_SETMASK, &s->mask_before, NULL);
	}
	s->attached_tid = 0;
	peer_close(&s->peer);
	shm_close(&s->addresses);
}

const struct transport transport_signal = {
	.name = "signal",
	.summary = "real-time signals of 8 bytes each",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct signal),
	.shared_message_max_bytes = SIGNAL_PIECE,
	.probe = signal_probe,
	.open = signal_open,
	.attach = signal_attach,
	.send = signal_send,
	.recv = signal_recv,
	.facts = signal_facts,
	.close = signal_close,
};
