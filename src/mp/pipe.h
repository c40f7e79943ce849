#pragma once
/*
 * Pipes: multiprocessing.Pipe, two connections between which messages go, each of any size.
 *
 *	struct mp_connection *ours, *theirs;
 *	int r = mp_pipe(true, &ours, &theirs);
 *	…						start a process that uses `theirs`
 *	mp_connection_close(theirs);			or its end would never be noticed
 *	r = mp_connection_send(ours, "hello", 5);
 *	ssize_t n = mp_connection_recv(ours, answer, sizeof(answer));
 *
 * A message arrives whole or not at all: who is killed while sending or receiving takes at most
 * that one message with it. Any number of processes and threads may send and receive on one
 * connection at once; each message goes to one of them. (Python's connections are torn by that.)
 *
 * A connection is a descriptor and private memory. A forked child has both; to a spawned one the
 * descriptor is passed (mp_connection_fd(), the options of mp_process_start()), and
 * mp_connection_open() makes a connection of it there.
 *
 * When all copies of the other end are closed, messages that are on their way can still be
 * received; then it is -EPIPE. Each process closes the ends that it doesn't use.
 *
 * Room. Messages wait in the kernel until they are received: some hundred small ones, three large
 * ones (above 64 KiB; most of such a message is in a memory file). Then a sender waits. Two who
 * send to each other and don't receive wait for ever, as in Python, unless they give a timeout.
 */
#include <sys/types.h>

#include "mp/base.h"

struct mp_connection;

enum { MP_CONNECTION_FDS_MAX = 16 };

/* Not duplex: the first can only receive, the second only send. -EMFILE, -ENOMEM. */
MP_API int mp_pipe(
	bool is_duplex, struct mp_connection **ret_first, struct mp_connection **ret_second);

/* A connection of a descriptor that mp_connection_fd() gave in another process; owns it then.
 * -EINVAL: it is not one. */
MP_API int mp_connection_open(int fd, struct mp_connection **ret_connection);
MP_API int mp_connection_fd(const struct mp_connection *connection);

/* Closes and frees; accepts NULL; keeps errno. Nobody may be using it. */
MP_API void mp_connection_close(struct mp_connection *connection);

/*
 * Sends n bytes as one message; n may be 0. 0; -EAGAIN, -ETIMEDOUT: no room; -EPIPE: nobody is left
 * to receive; -EBADF: this end only receives; -ENOMEM, -EMFILE: of a large one.
 */
MP_API int mp_connection_send_for(
	struct mp_connection *connection, const void *message, size_t n, int64_t timeout_ns);

/*
 * Receives a message: its size. -EAGAIN, -ETIMEDOUT: there is none; -EPIPE: and there will be none;
 * -EMSGSIZE: it has more than size_max bytes, and stays for the next call in this process
 * (mp_connection_peek() tells its size); -EBADMSG: it consists of descriptors, and stays, too;
 * -EBADF: this end only sends; -EMFILE: a large message, or descriptors, came and were lost.
 */
MP_API ssize_t mp_connection_recv_for(
	struct mp_connection *connection, void *message, size_t size_max, int64_t timeout_ns);

/* As the one before, into memory that the caller frees. */
MP_API int mp_connection_recv_new(
	struct mp_connection *connection, int64_t timeout_ns, void **ret_message, size_t *ret_n);

static inline int mp_connection_send(
	struct mp_connection *connection, const void *message, size_t n)
{
	return mp_connection_send_for(connection, message, n, MP_FOREVER);
}

static inline ssize_t mp_connection_recv(
	struct mp_connection *connection, void *message, size_t size_max)
{
	return mp_connection_recv_for(connection, message, size_max, MP_FOREVER);
}

/* Python's poll(): 1 when a message can be received, or the end be seen, within the time; 0. */
MP_API int mp_connection_poll(struct mp_connection *connection, int64_t timeout_ns);

/* The size of the message that -EMSGSIZE left behind in this process; -EAGAIN: there is none. */
MP_API ssize_t mp_connection_peek(struct mp_connection *connection);

/* Passes copies of 1 to MP_CONNECTION_FDS_MAX descriptors, as a message of its own. Errors as of
 * mp_connection_send_for(). */
MP_API int mp_connection_send_fds(
	struct mp_connection *connection, const int *fds, unsigned count, int64_t timeout_ns);

/* Receives such a message: how many (close-on-exec, the caller's to close). -EMSGSIZE, -EBADMSG (it
 * has bytes): it stays. */
MP_API int mp_connection_recv_fds(
	struct mp_connection *connection, int *ret_fds, unsigned max, int64_t timeout_ns);
