#include "transport/vm.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "transport/sysctl.h"
#include "transport/token.h"

/* One direction of the board: a line of its own. */
struct lane {
	_Alignas(64) struct token offered;
	struct token done;
	/* Written before the token that follows, read after it was taken. */
	void *address;
	size_t n;
	int result;
};

static struct lane *lane_of(const struct vm *vm, bool to_hub)
{
	return (struct lane *)vm->board.data + to_hub;
}

typedef ssize_t copy_function(pid_t pid, const struct iovec *local, unsigned long locals,
	const struct iovec *remote, unsigned long remotes, unsigned long flags);

/* A copy stops short where a page cannot be had; the next call then says why. */
static int copy_full(copy_function *copy, pid_t pid, void *here, void *there, size_t n)
{
	size_t done = 0;

	while (done < n) {
		struct iovec local = {(unsigned char *)here + done, n - done};
		struct iovec remote = {(unsigned char *)there + done, n - done};
		ssize_t moved = copy(pid, &local, 1, &remote, 1, 0);
		if (moved < 0)
			return -errno;
		done += (size_t)moved;
	}
	return 0;
}

/* Reads a word of a child. No SIGCHLD, and unseen by anybody's waitpid(-1): a raw clone() without
 * a signal, and __WCLONE. */
static int read_a_child(void)
{
	static const int there = 42;
	int here = 0, status;
	pid_t parent = getpid();
	pid_t pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, 0);

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
		/* The parent may have died before the line above. */
		while (syscall(SYS_getppid) == parent)
			syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
		syscall(SYS_exit_group, 0);
	}
	int r = copy_full(process_vm_readv, pid, &here, (void *)&there, sizeof(here));
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WCLONE) < 0 && errno == EINTR)
		;
	assert(r < 0 || here == there);
	return r;
}

int vm_probe(struct transport_limits *limits)
{
	size_t scope = sysctl_read("kernel.yama.ptrace_scope");
	int here = 0, there = 0;
	const char *reason = NULL;
	int itself = copy_full(process_vm_readv, getpid(), &here, &there, sizeof(here));
	if (itself == 0)
		itself = copy_full(process_vm_writev, getpid(), &here, &there, sizeof(here));
	int child = itself < 0 ? itself : read_a_child();

	if (itself == -ENOSYS)
		reason = "the kernel was built without CONFIG_CROSS_MEMORY_ATTACH";
	else if (itself < 0)
		reason = "a seccomp filter forbids process_vm_readv or _writev (in a container: "
			 "--cap-add=SYS_PTRACE, or another --security-opt seccomp=)";
	else if (child < 0 && scope >= 2)
		reason = "kernel.yama.ptrace_scope forbids it without CAP_SYS_PTRACE; "
			 "sysctl -w kernel.yama.ptrace_scope=1 (a value of 3 stays until reboot)";
	else if (child < 0 && prctl(PR_GET_DUMPABLE) != 1)
		reason = "this program is not dumpable (set-uid, or not readable for its user)";
	else if (child < 0)
		reason = "a security module forbids ptrace; CAP_SYS_PTRACE may lift that";
	if (!reason)
		return 0;
	snprintf(limits->reason, sizeof(limits->reason), "%s", reason);
	return -EOPNOTSUPP;
}

int vm_open(void *state, const struct transport_options *options)
{
	struct vm *vm = state;

	*vm = (struct vm){.threads = options->threads, .opener = getpid()};
	int r = shm_open_anonymous(&vm->board, 2 * sizeof(struct lane));
	if (r >= 0)
		r = peer_open(&vm->peer, options);
	return trace(r);
}

int vm_attach(void *state, unsigned side)
{
	struct vm *vm = state;

	vm->side = side;
	if (vm->threads)
		shm_borrow(&vm->board);
	else
		/* All sides are the opener or its children. EINVAL without Yama: not needed. */
		vm->granted = prctl(PR_SET_PTRACER, (unsigned long)vm->opener) == 0;
	return trace(peer_attach(&vm->peer, side, vm->threads));
}

static int take(struct vm *vm, struct token *token)
{
	int r;

	do {
		r = token_take(token, PEER_SLICE_MS);
	} while (r == -EINTR || (r == -ETIMEDOUT && !peer_is_gone(&vm->peer)));
	/* It may have put one after our sleep and before its end. */
	if (r == -ETIMEDOUT)
		r = token_take(token, 0);
	return r == -ETIMEDOUT ? trace(-EPIPE) : r;
}

int vm_offer(struct vm *vm, bool to_hub, void *buffer, size_t n)
{
	struct lane *lane = lane_of(vm, to_hub);

	lane->address = buffer;
	lane->n = n;
	token_put(&lane->offered);
	int r = take(vm, &lane->done);
	return r < 0 ? r : trace(lane->result);
}

static int copy_failed(struct vm *vm, int r)
{
	/* ESRCH; or EFAULT, from an address space that is being torn down. */
	if (r == -ESRCH || peer_is_gone(&vm->peer))
		return trace(-EPIPE);
	return fail(r, "cannot copy between processes: %s (see kernel.yama.ptrace_scope)",
		error_message(r));
}

static int vm_copy(struct vm *vm, bool to_hub, void *buffer, size_t n, copy_function *copy)
{
	struct lane *lane = lane_of(vm, to_hub);
	bool reads = copy == process_vm_readv;
	int r = take(vm, &lane->offered);

	if (r < 0)
		return r;
	if (lane->n != n) {
		/* The receiver's mistake, whichever side that is. */
		if (reads)
			r = fail(-EMSGSIZE,
				"a message of %zu bytes arrived where %zu were expected", lane->n,
				n);
		lane->result = reads ? 0 : -EMSGSIZE;
	} else {
		r = copy_full(copy, peer_pid(&vm->peer, !vm->side), buffer, lane->address, n);
		if (r < 0)
			r = copy_failed(vm, r);
		lane->result = r;
	}
	token_put(&lane->done);
	return r;
}

int vm_read(struct vm *vm, bool to_hub, void *buffer, size_t n)
{
	return vm_copy(vm, to_hub, buffer, n, process_vm_readv);
}

int vm_write(struct vm *vm, bool to_hub, void *buffer, size_t n)
{
	return vm_copy(vm, to_hub, buffer, n, process_vm_writev);
}

void vm_close(void *state)
{
	struct vm *vm = state;

	if (vm->granted)
		prctl(PR_SET_PTRACER, 0UL);
	vm->granted = false;
	peer_close(&vm->peer);
	shm_close(&vm->board);
}
