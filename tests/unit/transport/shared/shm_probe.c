/*
 * probe(): the reason names what stands in the way. The way is barred in a child, by a seccomp
 * filter, as containers do it.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../../../cmocka_prelude.h"
#include "base/clock.h"
#include "os/proc.h"
#include "transport/transport.h"

enum { REFUSED, NO_SECCOMP, WORKS, WRONG_REASON };

struct barred {
	const char *transport;
	unsigned call, error;
	const char *reason; /* is to contain this */
};

static int forbid(unsigned call, unsigned error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

static int probe_barred(void *argument)
{
	const struct barred *barred = argument;
	struct transport_limits limits;

	if (forbid(barred->call, barred->error) < 0)
		return NO_SECCOMP;
	if (transport_probe(transport_find(barred->transport), &limits) != -EOPNOTSUPP)
		return WORKS;
	if (strstr(limits.reason, barred->reason))
		return REFUSED;
	fprintf(stderr, "%s: %s\n", barred->transport, limits.reason);
	return WRONG_REASON;
}

static void check(const char *transport, unsigned call, unsigned error, const char *reason)
{
	struct barred barred = {transport, call, error, reason};
	struct transport_limits limits;
	struct proc proc = PROC_NULL;
	int status;

	/* What does not work here for another reason has that reason. */
	if (transport_probe(transport_find(transport), &limits) < 0)
		skip();
	assert_int_equal(proc_start(&proc, probe_barred, &barred), 0);
	assert_int_equal(proc_join(&proc, deadline_after_ms(20000), &status), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_SECCOMP)
		skip();
	assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static void test_process_vm(void **state)
{
	(void)state;
	check("process_vm_readv", SYS_process_vm_readv, EPERM, "seccomp");
	check("process_vm_writev", SYS_process_vm_writev, EPERM, "seccomp");
	check("process_vm_writev", SYS_process_vm_readv, ENOSYS, "CONFIG_CROSS_MEMORY_ATTACH");
}

static void test_io_uring(void **state)
{
	(void)state;
	check("io_uring_socket", SYS_io_uring_setup, EPERM, "seccomp");
	check("io_uring_msg", SYS_io_uring_setup, EPERM, "seccomp");
	check("io_uring_msg", SYS_io_uring_setup, ENOSYS, "CONFIG_IO_URING");
	check("io_uring_msg", SYS_io_uring_setup, ENOMEM, "RLIMIT_MEMLOCK");
}

static void test_sysv_sem(void **state)
{
	(void)state;
	check("sysv_sem_shm", SYS_semctl, ENOSYS, "CONFIG_SYSVIPC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_vm),
		cmocka_unit_test(test_io_uring),
		cmocka_unit_test(test_sysv_sem),
	};

	return cmocka_run_group_tests_name("shm_probe", tests, NULL, NULL);
}
