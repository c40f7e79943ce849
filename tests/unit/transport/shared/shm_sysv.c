/*
 * sysv_sem_shm: the semaphores are removed when their opener is killed, and not before. This needs
 * to see the set's id, so it includes the member.
 */
#include "../../../cmocka_prelude.h"
#include "transport/sysv_sem_shm.c"

#include <assert.h>
#include <signal.h>
#include <sys/wait.h>

/* What the two processes tell the test. */
struct news {
	int id; /* from the opener */
	int r;  /* from the other side: what recv() gave it */
};

static int news_pipe[2];

static void tell(struct news news)
{
	ssize_t n = write(news_pipe[1], &news, sizeof(news));

	assert(n == sizeof(news));
}

/* The side that stays: it does not die with its parent, as proc_start() would have it. */
static void survive(struct channel *channel)
{
	char message[64];

	channel_attach(channel, 1);
	tell((struct news){.id = ((struct sysv_sem_shm *)channel->state)->id});
	int r = transport_sysv_sem_shm.recv(channel->state, message, sizeof(message));
	channel_close(channel);
	tell((struct news){.id = -1, .r = r});
	_exit(0);
}

static int open_and_wait(void *argument)
{
	struct transport_options options = {.message_max_bytes = 64, .sides = 2};
	static struct channel channel;

	(void)argument;
	if (channel_open(&channel, &transport_sysv_sem_shm, &options) < 0 ||
		channel_attach(&channel, 0) < 0)
		return 1;
	if (fork() == 0)
		survive(&channel);
	for (;;)
		pause();
}

static bool exists(int id)
{
	return semctl(id, 0, GETVAL) >= 0;
}

static void test_removed_after_kill(void **state)
{
	struct transport_limits limits;
	struct proc opener = PROC_NULL;
	struct news first, last;

	(void)state;
	if (transport_probe(&transport_sysv_sem_shm, &limits) < 0)
		skip();
	assert_int_equal(pipe(news_pipe), 0);
	assert_int_equal(proc_start(&opener, open_and_wait, NULL), 0);
	assert_int_equal(read(news_pipe[0], &first, sizeof(first)), sizeof(first));
	assert_true(exists(first.id));
	proc_kill(&opener);
	assert_int_equal(read(news_pipe[0], &last, sizeof(last)), sizeof(last));
	assert_int_equal(last.r, -EPIPE);
	assert_false(exists(first.id));
	close(news_pipe[0]);
	close(news_pipe[1]);
}

/* The opener leaves in order while its message is under way: the set is gone, the message not. */
static void test_message_outlives_the_set(void **state)
{
	struct transport_options options = {.message_max_bytes = 64, .sides = 2, .threads = true};
	struct transport_limits limits;
	struct channel opener, hub, other;
	char message[64] = "last words";

	(void)state;
	if (transport_probe(&transport_sysv_sem_shm, &limits) < 0)
		skip();
	assert_int_equal(channel_open(&opener, &transport_sysv_sem_shm, &options), 0);
	hub = other = opener;
	assert_int_equal(channel_attach(&hub, 0), 0);
	assert_int_equal(channel_attach(&other, 1), 0);
	assert_int_equal(transport_sysv_sem_shm.send(hub.state, message, 64), 0);
	channel_close(&hub);
	semctl(((struct sysv_sem_shm *)opener.state)->id, 0, IPC_RMID);
	message[0] = '\0';
	assert_int_equal(transport_sysv_sem_shm.recv(other.state, message, 64), 0);
	assert_string_equal(message, "last words");
	assert_int_equal(transport_sysv_sem_shm.recv(other.state, message, 64), -EPIPE);
	assert_int_equal(transport_sysv_sem_shm.send(other.state, message, 64), -EPIPE);
	channel_close(&other);
	channel_close(&opener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removed_after_kill),
		cmocka_unit_test(test_message_outlives_the_set),
	};

	return cmocka_run_group_tests_name("shm_sysv", tests, NULL, NULL);
}
