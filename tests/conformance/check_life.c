/*
 * The life of a channel without messages: open, attach, close, in every order that the contract
 * allows; limits; and every error path of open() and attach(), by failing the k-th system call.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "session.h"

enum { FAULTS_MAX = 300 };

/* After a failed or finished life: nothing is left, and another close() does no harm. */
static void expect_clean(struct cell *cell, struct channel *channel, int fds, const char *when)
{
	/* An open() that was not reached left no state to close. */
	if (channel->options.sides > 0)
		channel->transport = cell->transport;
	channel_close(channel);
	int left = fd_count() - fds;
	if (left > 0)
		found(cell, "leak", "%s: %d descriptors are left", when, left);
	if (left < 0)
		found(cell, "leak", "%s: %d descriptors of others were closed", when, -left);
}

static void attach_only(struct side *side)
{
	at(side->cell, side->side, "nothing to say");
}

void check_lifecycle(struct cell *cell)
{
	struct transport_options options = cell_options(cell, cell_bytes(cell, 4096));
	static struct channel channel;
	static struct session session;
	int fds = fd_count();

	at(cell, 0, "close without attach");
	for (int i = 0; i < 3 && !cell_failed(cell); i++) {
		int r = channel_open(&channel, cell->transport, &options);
		if (r < 0)
			found(cell, "failed", "open: %s", error_message(r));
		else
			channel_close(&channel);
		expect_clean(cell, &channel, fds, "close without attach");
	}
	at(cell, 0, "close of zeroed state");
	memset(&channel, 0, sizeof(channel));
	channel_close(&channel);
	for (unsigned side = 0; side < 2 && !cell_failed(cell); side++)
		if (session_start(&session, cell, &options, side, attach_only, NULL))
			session_end(&session);
	if (cell->transport->capabilities & TRANSPORT_BASELINE)
		return;
	/* Both sides at once in every exec: nothing of a channel is global. */
	static struct channel other;
	if (!cell_failed(cell) && channel_open(&channel, cell->transport, &options) >= 0) {
		int r = channel_open(&other, cell->transport, &options);
		if (r < 0)
			found(cell, "failed", "second channel at once: %s", error_message(r));
		channel_close(&other);
		channel_close(&channel);
	}
}

static void expect_refused(
	struct cell *cell, const struct transport_options *options, int error, const char *what)
{
	static struct channel channel;
	int fds = fd_count();
	int r = channel_open(&channel, cell->transport, options);

	if (r >= 0)
		channel_close(&channel);
	if (r != error)
		found(cell, "passed", "open with %s gives %d (%s), expected %s", what, r,
			r < 0 ? error_message(r) : "success", strerrorname_np(-error));
	else if (!strstr(error_message(r), cell->transport->name))
		found(cell, "failed", "open with %s: the message does not name %s: %s", what,
			cell->transport->name, error_message(r));
	if (fd_count() != fds)
		found(cell, "leak", "open with %s leaves descriptors", what);
}

void check_limits(struct cell *cell)
{
	const struct transport *transport = cell->transport;
	struct transport_options options = cell_options(cell, cell->message_max_bytes + 1);

	at(cell, 0, "open");
	if (transport->state_bytes > TRANSPORT_STATE_MAX)
		found(cell, "failed", "state of %zu bytes", transport->state_bytes);
	if (!transport->summary || !transport->summary[0])
		found(cell, "failed", "no summary");
	expect_refused(cell, &options, -EMSGSIZE, "a message over the limit");
	options = cell_options(cell, 1);
	options.sides = 5;
	if (!(transport->capabilities & TRANSPORT_MANY_SENDERS)) {
		expect_refused(cell, &options, -EOPNOTSUPP, "several senders");
	} else if (transport->shared_message_max_bytes &&
		   transport->shared_message_max_bytes < cell->message_max_bytes) {
		options.message_max_bytes = transport->shared_message_max_bytes + 1;
		expect_refused(cell, &options, -EMSGSIZE, "a message over the limit of several");
	}
	if (!(transport->capabilities & TRANSPORT_MANY_RECEIVERS)) {
		options = cell_options(cell, 1);
		options.sides = 3;
		options.receivers = 2;
		expect_refused(cell, &options, -EOPNOTSUPP, "several receivers");
	}
	options = cell_options(cell, 1);
	options.threads = !cell->threads;
	if (!(transport->capabilities & (cell->threads ? TRANSPORT_PROCESS : TRANSPORT_THREAD)))
		expect_refused(cell, &options, -EOPNOTSUPP, "an exec that it cannot do");
}

/* One pass over all system calls of open(), attach() and close() of this side. */
static void walk_faults(struct cell *cell, int error, bool attach)
{
	struct transport_options options = cell_options(cell, cell_bytes(cell, 4096));
	static struct channel channel, copy;
	bool happened = true;

	for (unsigned k = 1; happened && !cell_failed(cell); k++) {
		int fds = fd_count();
		int r = 0;
		progress(cell, 0);
		if (k > FAULTS_MAX) {
			found(cell, "failed", "more than %d system calls", FAULTS_MAX);
			return;
		}
		memset(&channel, 0, sizeof(channel));
		if (!attach)
			fault_arm(k, error);
		r = channel_open(&channel, cell->transport, &options);
		copy = channel;
		if (attach && r >= 0) {
			fault_arm(k, error);
			r = channel_attach(cell->threads ? &copy : &channel, 0);
		}
		happened = fault_disarm();
		if (r < 0 && !happened)
			found(cell, "failed", "%s: %s", attach ? "attach" : "open",
				error_message(r));
		if (r < 0 && !error_message(r)[0])
			found(cell, "failed", "no message for error %d", r);
		if (attach && cell->threads && channel.transport) {
			channel_close(&copy);
			copy.transport = cell->transport;
			channel_close(&copy);
		}
		channel_close(&channel);
		expect_clean(cell, &channel, fds, attach ? "failed attach" : "failed open");
	}
}

void check_open_faults(struct cell *cell)
{
	at(cell, 0, "open with a fault");
	walk_faults(cell, ENFILE, false);
	walk_faults(cell, ENOMEM, false);
}

void check_attach_faults(struct cell *cell)
{
	at(cell, 0, "attach with a fault");
	walk_faults(cell, EMFILE, true);
	walk_faults(cell, ENOMEM, true);
}

/* The real thing: a limit on descriptors, which also meets the calls that are not made through
 * sys(). */
void check_few_descriptors(struct cell *cell)
{
	struct transport_options options = cell_options(cell, cell_bytes(cell, 4096));
	static struct channel channel;
	int fds = fd_count();
	struct rlimit before, limit;
	int r = -1;

	at(cell, 0, "open with few descriptors");
	getrlimit(RLIMIT_NOFILE, &before);
	for (int more = 0; r < 0 && more < 64 && !cell_failed(cell); more++) {
		limit = (struct rlimit){(rlim_t)(fds + more), before.rlim_max};
		setrlimit(RLIMIT_NOFILE, &limit);
		memset(&channel, 0, sizeof(channel));
		r = channel_open(&channel, cell->transport, &options);
		setrlimit(RLIMIT_NOFILE, &before);
		channel_close(&channel);
		expect_clean(cell, &channel, fds, "open with few descriptors");
	}
	if (r < 0)
		found(cell, "failed", "open: %s", error_message(r));
}
