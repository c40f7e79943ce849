#include "transport/peer.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "os/fd.h"
#include "os/proc.h"

struct peer_board {
	struct {
		_Atomic int32_t pid;
		_Atomic bool has_left;
	} sides[TRANSPORT_SIDES_MAX];
};

static struct peer_board *board(const struct peer *peer)
{
	return peer->board_memory.data;
}

int peer_open(struct peer *peer, const struct transport_options *options)
{
	peer->sides = options->sides;
	peer->receivers = options->receivers > 0 ? options->receivers : 1;
	return trace(shm_open_anonymous(&peer->board_memory, sizeof(struct peer_board)));
}

int peer_attach(struct peer *peer, unsigned side, bool threads)
{
	peer->side = side;
	peer->signed_in = true;
	if (threads)
		shm_borrow(&peer->board_memory);
	atomic_store(&board(peer)->sides[side].pid, getpid());
	return 0;
}

void peer_close(struct peer *peer)
{
	if (peer->signed_in && peer->board_memory.data)
		atomic_store(&board(peer)->sides[peer->side].has_left, true);
	for (unsigned i = 0; i < TRANSPORT_SIDES_MAX; i++) {
		int fd = peer->pidfds[i] - 1;
		fd_close(&fd);
		peer->pidfds[i] = 0;
	}
	peer->signed_in = false;
	shm_close(&peer->board_memory);
}

static bool side_is_gone(struct peer *peer, unsigned side)
{
	int pid = peer_pid(peer, side);

	if (atomic_load(&board(peer)->sides[side].has_left))
		return true;
	/* Not there yet; or a thread of ours, which does not die alone. */
	if (pid == 0 || pid == getpid())
		return false;
	if (peer->pidfds[side] == 0) {
		int fd = proc_pidfd(pid);
		if (fd == -ESRCH)
			return true;
		if (fd < 0)
			return false;
		peer->pidfds[side] = fd + 1;
	}
	return proc_has_ended(peer->pidfds[side] - 1);
}

bool peer_is_gone(struct peer *peer)
{
	bool is_hub = peer->side < peer->receivers;
	unsigned end = is_hub ? peer->sides : peer->receivers;

	for (unsigned side = is_hub ? peer->receivers : 0; side < end; side++)
		if (!side_is_gone(peer, side))
			return false;
	return true;
}

int peer_pid(const struct peer *peer, unsigned side)
{
	return atomic_load(&board(peer)->sides[side].pid);
}

int64_t peer_slice_end(void)
{
	return deadline_after_ms(PEER_SLICE_MS);
}
