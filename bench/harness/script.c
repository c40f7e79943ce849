#include "harness/script.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "harness/family.h"
#include "os/fd.h"
#include "os/proc.h"

/* A line is 4096 samples of some digits at most. */
enum { LINE_MAX_BYTES = 1 << 20, STOP_MS = 5000, PROBE_MS = 20000 };

/* Workers on every seat. */
enum { CHILDREN_MAX = SEATS_MAX };

/* A name that is never given twice. */
struct child {
	int pid;
	uint64_t birth;
};

struct script {
	struct proc proc;
	struct child children[CHILDREN_MAX];
	unsigned child_count;
	int to, from; /* its stdin and stdout */
	bool broken;
	size_t length; /* of what has arrived of the next line */
	char line[LINE_MAX_BYTES];
};

struct order {
	char *const *argv;
	int in, out;
};

static int child_run(void *argument)
{
	const struct order *order = argument;
	struct sigaction usual = {.sa_handler = SIG_DFL};

	/* What is ignored stays so over exec, and shells do not expect it. */
	sigaction(SIGPIPE, &usual, NULL);
	if (dup2(order->in, STDIN_FILENO) < 0 || dup2(order->out, STDOUT_FILENO) < 0)
		return 127;
	execvp(order->argv[0], order->argv);
	return 127;
}

/* Starts it with a pipe each way. */
static int start(struct script *script, char *const *argv)
{
	int in[2], out[2];

	int r = sys(pipe2(in, O_CLOEXEC));
	if (r < 0)
		return fail(r, "cannot make a pipe: %s", strerror(-r));
	_cleanup_(fd_close) int its_in = in[0];
	script->to = in[1];
	r = sys(pipe2(out, O_CLOEXEC));
	if (r < 0)
		return fail(r, "cannot make a pipe: %s", strerror(-r));
	_cleanup_(fd_close) int its_out = out[1];
	script->from = out[0];
	struct order order = {.argv = argv, .in = its_in, .out = its_out};
	r = proc_start(&script->proc, child_run, &order);
	if (r < 0)
		return trace(r);
	/* A script that reads nothing must not hang us. */
	fcntl(script->to, F_SETFL, O_NONBLOCK);
	fcntl(script->from, F_SETFL, O_NONBLOCK);
	return 0;
}

static struct script *script_new(void)
{
	struct script *script = malloc(sizeof(*script));

	if (script) {
		script->proc = PROC_NULL;
		script->to = script->from = -1;
		script->broken = false;
		script->child_count = 0;
		script->length = 0;
	}
	return script;
}

int script_start(struct script **ret_script, const char *path)
{
	char *argv[] = {(char *)"python3", (char *)path, NULL};
	struct script *script = script_new();
	int r = script ? start(script, argv) : fail(-ENOMEM, "no memory for a script");

	if (r < 0) {
		script_stop(script);
		return fail(r, "cannot start python3 %s: %s", path, error_message(r));
	}
	*ret_script = script;
	return 0;
}

static int wait_for(int fd, short events, int64_t deadline_ns)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};

	for (;;) {
		int n = poll(&poll_fd, 1, deadline_left_ms(deadline_ns));
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int send_line(struct script *script, const char *line, int64_t deadline_ns)
{
	for (size_t left = strlen(line); left > 0;) {
		ssize_t n = write(script->to, line, left);
		int r = n < 0 && errno == EAGAIN ? wait_for(script->to, POLLOUT, deadline_ns)
			: n < 0                  ? -errno
						 : 0;
		if (r < 0)
			return r;
		line += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* One line without its end; in script->line until the next call. */
static int receive_line(struct script *script, int64_t deadline_ns)
{
	for (;;) {
		if (script->length == LINE_MAX_BYTES)
			return -EMSGSIZE;
		ssize_t n = read(script->from, script->line + script->length,
			LINE_MAX_BYTES - script->length);
		int r = n == 0                     ? -EPIPE
			: n < 0 && errno == EAGAIN ? wait_for(script->from, POLLIN, deadline_ns)
						   : (n < 0 ? -errno : 0);
		if (r < 0)
			return r;
		char *end = n > 0 ? memchr(script->line + script->length, '\n', (size_t)n) : NULL;
		script->length += n > 0 ? (size_t)n : 0;
		if (!end)
			continue;
		/* One answer to one question: nothing may follow it. */
		if (end + 1 != script->line + script->length)
			return -EBADMSG;
		*end = '\0';
		script->length = 0;
		return 0;
	}
}

/* What has become of a conversation that failed with r. */
static int conversation_error(struct script *script, int r, int64_t timeout_ns)
{
	int status = 0;

	script->broken = true;
	if (r == -ETIMEDOUT)
		return fail(r, "no answer within %.1f s", (double)timeout_ns / 1e9);
	if (r == -EMSGSIZE)
		return fail(-EPROTO, "it said a line of more than %d bytes", LINE_MAX_BYTES);
	if (r == -EBADMSG)
		return fail(-EPROTO, "it said more than one line");
	if (r != -EPIPE)
		return fail(r, "the pipe to the script: %s", strerror(-r));
	if (proc_join(&script->proc, deadline_after_ms(STOP_MS), &status) < 0)
		return fail(-EPIPE, "the script has closed its output");
	if (WIFSIGNALED(status))
		return fail(-EPIPE, "the script was killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	return fail(-EPIPE, "the script has ended with status %d", WEXITSTATUS(status));
}

int script_ask(
	struct script *script, const json_t *question, int64_t timeout_ns, json_t **ret_answer)
{
	_cleanup_(freep) char *text = json_dumps(question, JSON_COMPACT);
	int64_t deadline_ns = clock_ns() + timeout_ns;
	json_error_t error;

	int r = text ? send_line(script, text, deadline_ns) : -ENOMEM;
	if (r >= 0)
		r = send_line(script, "\n", deadline_ns);
	if (r >= 0)
		r = receive_line(script, deadline_ns);
	if (r < 0)
		return conversation_error(script, r, timeout_ns);
	json_t *answer = json_loads(script->line, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(answer)) {
		json_decref(answer);
		script->broken = true;
		return fail(-EPROTO, "'%.80s' is no JSON object", script->line);
	}
	*ret_answer = answer;
	return 0;
}

bool script_is_broken(const struct script *script)
{
	return script->broken;
}

/* The parent of a process, 0 when that is gone. */
static pid_t parent_of(int pid)
{
	char path[48];
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	_cleanup_(fclosep) FILE *file = fopen(path, "re");
	if (!file || fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
		return 0;
	return parent;
}

void script_add_child(struct script *script, int pid)
{
	if (script->child_count == CHILDREN_MAX || parent_of(pid) != script->proc.pid)
		return;
	script->children[script->child_count++] =
		(struct child){.pid = pid, .birth = proc_birth(pid)};
}

void script_stop(struct script *script)
{
	int status = 0;

	if (!script)
		return;
	fd_close(&script->to);
	if (script->proc.pid != 0 && !script->broken &&
		proc_join(&script->proc, deadline_after_ms(STOP_MS), &status) >= 0 && status != 0)
		log_error("the script has ended with status %d",
			WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	proc_kill(&script->proc);
	for (unsigned i = 0; i < script->child_count; i++)
		if (proc_is_alive(script->children[i].pid, script->children[i].birth))
			kill(script->children[i].pid, SIGKILL);
	fd_close(&script->from);
	free(script);
}

int script_probe(char *ret_reason)
{
	char *argv[] = {(char *)"python3", (char *)"-c",
		(char *)"import sys; print(sys.version_info >= (3, 9), '%d.%d.%d' % "
			"sys.version_info[:3])",
		NULL};
	struct script *script = script_new();
	int r = script ? start(script, argv) : -ENOMEM;

	if (r >= 0)
		r = receive_line(script, deadline_after_ms(PROBE_MS));
	if (r == -EPIPE)
		snprintf(ret_reason, SUBJECT_REASON_MAX,
			"there is no python3 in the PATH that works (apt install python3)");
	else if (r < 0)
		snprintf(ret_reason, SUBJECT_REASON_MAX, "python3 cannot be asked: %s",
			strerror(-r));
	else if (strncmp(script->line, "True ", 5) != 0)
		snprintf(ret_reason, SUBJECT_REASON_MAX, "python3 is %.40s, 3.9 is needed",
			strchr(script->line, ' ') ? strchr(script->line, ' ') + 1 : "unknown");
	else
		ret_reason[0] = '\0';
	if (script)
		script->broken = r < 0;
	script_stop(script);
	error_clear();
	return ret_reason[0] ? -EOPNOTSUPP : 0;
}
