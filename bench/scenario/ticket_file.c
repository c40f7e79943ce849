/*
 * The stock is a number in a file, as in the lesson of old: read, think, write. The lock is flock()
 * on an open file of the buyer's own, which works between threads too. The file has no name: it is
 * gone with the last who has it open.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "scenario/ticket.h"

/* "%19d\n": always as long. */
enum { NUMBER_BYTES = 20 };

static int file_open(struct ticket *ticket)
{
	const char *directory = getenv("TMPDIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/ticket-XXXXXX", directory ? directory : "/tmp");
	ticket->fd = sys(mkostemp(path, O_CLOEXEC));
	if (ticket->fd < 0)
		return fail(ticket->fd, "no file for the stock in %s: %s", path,
			error_message(ticket->fd));
	unlink(path);
	return 0;
}

static void file_close(struct ticket *ticket)
{
	fd_close(&ticket->fd);
}

static int number_write(int fd, int64_t number)
{
	char text[NUMBER_BYTES + 12]; /* for any number, so that the compiler sees that it fits */

	snprintf(text, sizeof(text), "%19" PRId64 "\n", number);
	ssize_t put = pwrite(fd, text, NUMBER_BYTES, 0);
	return put == NUMBER_BYTES ? 0 : fail(put < 0 ? -errno : -EIO, "writing the stock");
}

static int file_fill(struct ticket *ticket, int64_t tickets)
{
	return number_write(ticket->fd, tickets);
}

static int file_arrive(struct buyer *buyer)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", buyer->ticket->fd);
	buyer->fd = sys(open(path, O_RDWR | O_CLOEXEC));
	return buyer->fd < 0 ? fail(buyer->fd, "open %s: %s", path, error_message(buyer->fd)) : 0;
}

static void file_leave(struct buyer *buyer)
{
	fd_close(&buyer->fd);
}

static int file_acquire(struct buyer *buyer)
{
	int r;

	while ((r = sys(flock(buyer->fd, LOCK_EX))) == -EINTR)
		;
	return trace(r);
}

static int file_release(struct buyer *buyer)
{
	return sys(flock(buyer->fd, LOCK_UN));
}

static int64_t file_look(struct buyer *buyer)
{
	char text[NUMBER_BYTES + 1] = "";

	ssize_t got = pread(buyer->fd, text, NUMBER_BYTES, 0);
	return got == NUMBER_BYTES ? strtoll(text, NULL, 10)
				   : fail(got < 0 ? -errno : -EIO, "reading the stock");
}

static int64_t file_take(struct buyer *buyer, int64_t left)
{
	int r = number_write(buyer->fd, left - 1);

	return r < 0 ? trace(r) : left;
}

static const struct stock stock = {
	.open = file_open,
	.fill = file_fill,
	.close = file_close,
	.arrive = file_arrive,
	.leave = file_leave,
	.acquire = file_acquire,
	.release = file_release,
	.look = file_look,
	.take = file_take,
};

static int office_open(void *state, const struct load *load)
{
	return ticket_open(state, load, &stock);
}

const struct scenario scenario_ticket_file = {
	.name = "file",
	.summary = "the tickets are a number in a file, locked by flock()",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_TICKET,
	.state_bytes = sizeof(struct ticket),
	.open = office_open,
	.run = ticket_run,
	.close = ticket_close,
};
