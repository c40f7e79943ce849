#include "transport/fdpair.h"

#include "base/error.h"
#include "os/fd.h"

void fdpair_init(struct fdpair *pair, const struct transport_options *options)
{
	*pair = (struct fdpair){
		.to_hub = {-1, -1},
		.from_hub = {-1, -1},
		.in = -1,
		.out = -1,
		.receivers = options->receivers,
		.threads = options->threads,
	};
}

void fdpair_set_duplex(struct fdpair *pair, const int ends[2])
{
	pair->to_hub[0] = pair->from_hub[1] = ends[0];
	pair->to_hub[1] = pair->from_hub[0] = ends[1];
}

/* Closes both places where a duplex descriptor may stand. */
static void drop(int *a, int *b)
{
	if (*a == *b)
		*b = -1;
	fd_close(a);
	fd_close(b);
}

int fdpair_attach(void *state, unsigned side)
{
	struct fdpair *pair = state;
	bool is_hub = transport_is_hub(side, pair->receivers);

	pair->attached = true;
	pair->in = is_hub ? pair->to_hub[0] : pair->from_hub[0];
	pair->out = is_hub ? pair->from_hub[1] : pair->to_hub[1];
	if (!pair->threads) {
		if (is_hub)
			drop(&pair->to_hub[1], &pair->from_hub[0]);
		else
			drop(&pair->to_hub[0], &pair->from_hub[1]);
	}
	return 0;
}

int fdpair_send(void *state, const void *message, size_t n)
{
	return fd_write_full(((struct fdpair *)state)->out, message, n);
}

int fdpair_recv(void *state, void *message, size_t n)
{
	return fd_read_full(((struct fdpair *)state)->in, message, n);
}

void fdpair_close(void *state)
{
	struct fdpair *pair = state;

	/* A thread's copy owns nothing: the opener closes. */
	if (pair->threads && pair->attached)
		return;
	drop(&pair->to_hub[0], &pair->from_hub[1]);
	drop(&pair->to_hub[1], &pair->from_hub[0]);
}
