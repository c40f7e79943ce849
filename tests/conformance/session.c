#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "os/fd.h"

enum { CANARY = 0xa5, CANARY_BYTES = 16, JOIN_LIMIT_MS = 10000 };

/* The CPUs of this process before the first pin(). */
static cpu_set_t allowed;

/* A spinner needs a CPU of its own; the others are placed by the scheduler. */
static void pin(const struct cell *cell, unsigned side)
{
	cpu_set_t one;
	unsigned wanted;

	if (!(cell->transport->capabilities & TRANSPORT_SPINS))
		return;
	wanted = side % (unsigned)CPU_COUNT(&allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || wanted-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static bool side_init(
	struct side *side, struct session *session, struct channel *channel, unsigned number)
{
	struct cell *cell = session->cell;

	*side = (struct side){
		.cell = cell,
		.channel = channel,
		.side = number,
		.buffer_bytes = session->options.message_max_bytes,
		.argument = session->argument,
		.sent = {.seed = cell->seed, .sender = number, .tid = (uint32_t)gettid()},
		.heard.next = {.seed = cell->seed, .sender = number == 0 ? 1 : 0},
	};
	atomic_store(&cell->board->where[number].tid, gettid());
	side->out = malloc(side->buffer_bytes);
	side->in = malloc(side->buffer_bytes + CANARY_BYTES);
	if (!side->out || !side->in) {
		found(cell, "failed", "no memory for messages of %zu bytes", side->buffer_bytes);
		return false;
	}
	at(cell, number, "attach");
	int r = channel_attach(channel, number);
	if (r < 0)
		found(cell, "failed", "attach of side %u: %s", number, error_message(r));
	return r >= 0;
}

static void side_deinit(struct side *side)
{
	at(side->cell, side->side, "close");
	channel_close(side->channel);
	free(side->out);
	free(side->in);
	side->out = side->in = NULL;
	at(side->cell, side->side, "end");
}

struct start {
	struct session *session;
	unsigned side;
};

static void run_side(struct session *session, struct channel *channel, unsigned number)
{
	struct side side;

	pin(session->cell, number);
	if (side_init(&side, session, channel, number))
		session->others(&side);
	side_deinit(&side);
}

/* Descriptors of libmp's shared memory. A process keeps those that it has from its parent, whoever
 * closes what lies in it: they are for the processes that it starts. */
static int count_memory_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	char target[32];
	int count = 0;

	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		ssize_t n = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
		if (n > 0) {
			target[n] = '\0';
			count += strcmp(target, "/memfd:mp (deleted)") == 0;
		}
	}
	if (directory)
		closedir(directory);
	return count;
}

static int run_process(void *argument)
{
	struct start *start = argument;
	struct session *session = start->session;
	/* The siblings before this one left their pidfds here. */
	int fds = session->fds_before + session->started;

	fds += count_memory_fds() - session->memory_fds_before;

	run_side(session, &session->opener, start->side);
	int left = fd_count() - fds;
	if (left != 0 && !cell_failed(session->cell))
		found(session->cell, "leak", "side %u has %d descriptors more after its close",
			start->side, left);
	return 0;
}

static void *run_thread(void *argument)
{
	struct start start = *(struct start *)argument;

	free(argument);
	run_side(start.session, &start.session->copies[start.side], start.side);
	return NULL;
}

static int start_side(struct session *session, unsigned side)
{
	if (!session->cell->threads) {
		struct start start = {session, side};
		int r = proc_start(&session->procs[side], run_process, &start);
		session->started++;
		return r;
	}
	struct start *start = malloc(sizeof(*start));
	if (!start)
		return -ENOMEM;
	*start = (struct start){session, side};
	session->copies[side] = session->opener;
	return -pthread_create(&session->threads[side], NULL, run_thread, start);
}

bool session_start(struct session *session, struct cell *cell,
	const struct transport_options *options, unsigned side, side_function *others,
	const void *argument)
{
	*session = (struct session){
		.cell = cell,
		.options = *options,
		.others = others,
		.argument = argument,
		.fds_before = fd_count(),
		.memory_fds_before = count_memory_fds(),
	};
	for (unsigned i = 0; i < TRANSPORT_SIDES_MAX; i++)
		session->procs[i] = PROC_NULL;
	if (CPU_COUNT(&allowed) == 0 && sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		CPU_SET(0, &allowed);
	at(cell, side, "open");
	int r = channel_open(&session->opener, cell->transport, options);
	if (r < 0) {
		found(cell, "failed", "open: %s", error_message(r));
		return false;
	}
	for (unsigned i = 0; i < options->sides && r >= 0; i++)
		if (i != side)
			r = start_side(session, i);
	session->copies[side] = session->opener;
	pin(cell, side);
	if (r < 0)
		found(cell, "failed", "cannot start the sides: %s", error_message(r));
	else if (side_init(&session->mine, session,
			 cell->threads ? &session->copies[side] : &session->opener, side))
		return true;
	session_end(session);
	return false;
}

static void join(struct session *session, unsigned i)
{
	int status = 0;

	if (session->cell->threads) {
		pthread_join(session->threads[i], NULL);
		return;
	}
	if (session->procs[i].pid == 0)
		return;
	int r = proc_join(&session->procs[i], deadline_after_ms(JOIN_LIMIT_MS), &status);
	if (r == -ETIMEDOUT) {
		const char *step = atomic_load(&session->cell->board->where[i].step);
		found(session->cell, "hang", "side %u does not end: it is in '%s'", i,
			step ? step : "its start");
		proc_kill(&session->procs[i]);
	} else if (r >= 0 && status != 0) {
		found(session->cell, "crash", "side %u ended with %s %d", i,
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
}

void session_end(struct session *session)
{
	struct cell *cell = session->cell;
	unsigned mine = session->mine.side;

	if (cell_failed(cell)) {
		for (unsigned i = 0; i < TRANSPORT_SIDES_MAX; i++)
			proc_kill(&session->procs[i]);
		/* Threads may still use it; a process tidies up what has a name. */
		at(cell, mine, "close after a finding");
		if (!cell->threads)
			channel_close(&session->opener);
		return;
	}
	side_deinit(&session->mine);
	at(cell, mine, "join");
	for (unsigned i = 0; i < session->options.sides; i++)
		if (i != mine)
			join(session, i);
	at(cell, mine, "close by the opener");
	channel_close(&session->opener);
	channel_close(&session->opener);
	int left = fd_count() - session->fds_before;
	if (left != 0 && !cell_failed(cell))
		found(cell, "leak", "%d descriptors are left after close", left);
}

void session_kill(struct session *session, unsigned side)
{
	proc_kill(&session->procs[side]);
}

void wait_until_stuck(struct board *board, unsigned side)
{
	struct where *where = &board->where[side];
	int64_t end = deadline_after_ms(100);
	uint64_t before = UINT64_MAX;
	char path[64], stat[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", atomic_load(&where->tid));
	while (clock_ns() < end) {
		uint64_t now = atomic_load(&where->n);
		FILE *file = fopen(path, "re");
		size_t got = file ? fread(stat, 1, sizeof(stat) - 1, file) : 0;
		if (file)
			fclose(file);
		stat[got] = '\0';
		const char *name_end = strrchr(stat, ')');
		bool sleeps = name_end && strncmp(name_end, ") S", 3) == 0;
		if (sleeps && now == before)
			return;
		before = now;
		clock_sleep_until(clock_ns() + 2 * NS_PER_MS);
	}
}

static void tell(struct side *side)
{
	uint32_t tid = side->sent.tid;

	for (int i = 0; i < 4 && !cell_failed(side->cell); i++) {
		unsigned char byte = (unsigned char)(tid >> (8 * i));
		int r = side->channel->transport->send(side->channel->state, &byte, 1);
		if (r < 0)
			found(side->cell, "failed", "side %u: send: %s", side->side,
				error_message(r));
	}
}

static uint32_t listen_tid(struct side *side)
{
	uint32_t tid = 0;

	for (int i = 0; i < 4 && !cell_failed(side->cell); i++) {
		unsigned char byte = 0;
		int r = side->channel->transport->recv(side->channel->state, &byte, 1);
		if (r < 0)
			found(side->cell, "failed", "side %u: recv: %s", side->side,
				error_message(r));
		tid |= (uint32_t)byte << (8 * i);
	}
	return tid;
}

void hello(struct side *side, unsigned peer)
{
	struct cell *cell = side->cell;
	uint32_t tid;

	at(cell, side->side, "hello");
	/* The hub speaks first: not every mechanism holds a message in both directions. */
	if (side->side == 0) {
		tell(side);
		tid = listen_tid(side);
	} else {
		tid = listen_tid(side);
		tell(side);
	}
	if (cell_failed(cell))
		return;
	/* A process of one thread: its tid is its pid. */
	int32_t expected = atomic_load(&cell->board->where[peer].tid);
	if (tid == side->sent.tid)
		found(cell, "self_echo", "side %u hears itself (thread %u)", side->side, tid);
	else if ((int32_t)tid != expected)
		found(cell, "stranger", "side %u hears thread %u, but side %u is thread %d",
			side->side, tid, peer, expected);
	side->heard.next.sender = peer;
	side->heard.next.tid = tid;
}

int try_say(struct side *side, size_t n)
{
	pattern_fill(side->out, n, &side->sent);
	int r = side->channel->transport->send(side->channel->state, side->out, n);
	if (r >= 0) {
		side->sent.sequence++;
		progress(side->cell, side->side);
	}
	return r;
}

bool say(struct side *side, size_t n, bool last)
{
	side->sent.last = last;
	int r = try_say(side, n);
	if (r < 0)
		found(side->cell, "failed", "side %u: send of message %lu, %zu bytes: %s",
			side->side, (unsigned long)side->sent.sequence, n, error_message(r));
	return r >= 0;
}

void side_check_canary(struct side *side, size_t n)
{
	for (size_t i = n; i < n + CANARY_BYTES && i < side->buffer_bytes + CANARY_BYTES; i++) {
		if (side->in[i] != CANARY) {
			found(side->cell, "corrupted",
				"side %u: recv of %zu bytes wrote byte %zu of the buffer",
				side->side, n, i);
			return;
		}
	}
}

int try_hear(struct side *side, size_t n)
{
	memset(side->in + n, CANARY, CANARY_BYTES);
	int r = side->channel->transport->recv(side->channel->state, side->in, n);
	if (r >= 0) {
		side_check_canary(side, n);
		ledger_take(&side->heard, side->cell, side->side, side->in, n);
		progress(side->cell, side->side);
	}
	return r;
}

bool hear(struct side *side, size_t n)
{
	int r = try_hear(side, n);

	if (r < 0)
		found(side->cell, "failed", "side %u: recv of message %lu, %zu bytes: %s",
			side->side, (unsigned long)side->heard.next.sequence, n, error_message(r));
	return r >= 0 && !cell_failed(side->cell);
}
