/*
 * cond_shm: the owner of a mutex is killed inside its section, and the other side goes on. This
 * needs to see the member's monitors, so it includes the member.
 */
#include "../../../cmocka_prelude.h"
#include "transport/cond_shm.c"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/proc.h"

struct owner {
	struct channel *channel;
	unsigned token;
};

/* Attaches as side 1 and dies as the owner of the token's mutex. */
static int die_inside(void *argument)
{
	struct owner *owner = argument;

	if (channel_attach(owner->channel, 1) < 0)
		return 1;
	struct monitor *monitor = slots_cell((struct slots *)owner->channel->state, owner->token);
	if (pthread_mutex_lock(&monitor->mutex) != 0)
		return 1;
	kill(getpid(), SIGKILL);
	return 1;
}

static void open_with_dead_owner(struct channel *channel, unsigned token)
{
	struct transport_options options = {.message_max_bytes = 64, .sides = 2};
	struct proc proc = PROC_NULL;
	int status;

	assert_int_equal(channel_open(channel, &transport_cond_shm, &options), 0);
	struct owner owner = {channel, token};
	assert_int_equal(proc_start(&proc, die_inside, &owner), 0);
	assert_int_equal(proc_join(&proc, deadline_after_ms(10000), &status), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(channel_attach(channel, 0), 0);
}

static void test_recv_takes_over(void **state)
{
	struct channel channel;
	char message[64];

	(void)state;
	open_with_dead_owner(&channel, SLOTS_TO_HUB_FULL);
	assert_int_equal(transport_cond_shm.recv(channel.state, message, 64), -EPIPE);
	channel_close(&channel);
}

static void test_send_takes_over(void **state)
{
	struct channel channel;
	char message[64] = "";

	(void)state;
	/* Two locks: of the empty slots before the message, of the full ones after it. */
	open_with_dead_owner(&channel, SLOTS_FROM_HUB_EMPTY);
	assert_int_equal(transport_cond_shm.send(channel.state, message, 64), 0);
	channel_close(&channel);
	open_with_dead_owner(&channel, SLOTS_FROM_HUB_FULL);
	assert_int_equal(transport_cond_shm.send(channel.state, message, 64), 0);
	channel_close(&channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recv_takes_over),
		cmocka_unit_test(test_send_takes_over),
	};

	return cmocka_run_group_tests_name("shm_cond", tests, NULL, NULL);
}
