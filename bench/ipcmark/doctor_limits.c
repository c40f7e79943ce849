/* Limits that skip cells or make large messages fail. */
#include <stdio.h>
#include <sys/statvfs.h>

#include "ipcmark/doctor_check.h"

/* What the largest cells of the full suite need. */
enum {
	MQ_MESSAGE_MIN = 8192,
	MQ_BYTES_MIN = 10 * (8192 + 80), /* a queue of the default length, with its bookkeeping */
	MSG_BYTES_MIN = 16384,
	SEM_SETS_MIN = 32,
	SHM_MIB_MIN = 64,
	MEMLOCK_BYTES_MIN = 8 << 20,
	SIGNALS_MIN = 1024,
	FILES_MIN = 256,
};

/* A number that should be at least `min`; `advice` is what raises it. */
static void check_least(struct doctor *doctor, const char *check, int64_t value, int64_t min,
	const char *what, const char *advice)
{
	bool enough = value < 0 || value >= min;

	if (value < 0)
		doctor_say(doctor, DOCTOR_OK, check, "%s: unlimited", what);
	else
		doctor_say(doctor, enough ? DOCTOR_OK : DOCTOR_WARNING, check, "%s: %lld%s", what,
			(long long)value, enough ? "" : ", which is too little for some cells");
	if (!enough)
		doctor_advise(doctor, "%s", advice);
}

static void check_file(struct doctor *doctor, const char *check, const char *path, int64_t min,
	const char *what, const char *advice)
{
	int64_t value;

	if (doctor_read_number(doctor, path, &value))
		check_least(doctor, check, value, min, what, advice);
}

static void check_limit(struct doctor *doctor, const char *check, const char *name, int64_t min,
	const char *what, const char *advice)
{
	int64_t value;

	if (doctor_read_limit(doctor, name, &value))
		check_least(doctor, check, value, min, what, advice);
}

static void check_mqueue(struct doctor *doctor)
{
	if (!doctor_has(doctor, "/proc/sys/fs/mqueue/msg_max")) {
		doctor_say(doctor, DOCTOR_WARNING, "posix mq",
			"this kernel has no POSIX message queues: posix_mq is skipped");
		doctor_advise(doctor, "it needs CONFIG_POSIX_MQUEUE");
		return;
	}
	check_file(doctor, "posix mq", "/proc/sys/fs/mqueue/msg_max", 10,
		"messages in a POSIX queue (fs.mqueue.msg_max)", "sysctl -w fs.mqueue.msg_max=10");
	check_file(doctor, "posix mq", "/proc/sys/fs/mqueue/msgsize_max", MQ_MESSAGE_MIN,
		"bytes of a POSIX queue's message (fs.mqueue.msgsize_max; the size sweep ends "
		"there)",
		"sysctl -w fs.mqueue.msgsize_max=8192 (or more, for larger messages)");
	check_limit(doctor, "posix mq", "Max msgqueue size", MQ_BYTES_MIN,
		"bytes in POSIX queues of a user (ulimit -q)", "ulimit -q 819200");
}

static void check_sysv(struct doctor *doctor)
{
	char text[128];
	long semmsl, semmns, semopm, semmni;

	check_file(doctor, "sysv mq", "/proc/sys/kernel/msgmax", 8192,
		"bytes of a System V message (kernel.msgmax; the size sweep ends there)",
		"sysctl -w kernel.msgmax=8192 (or more, for larger messages)");
	check_file(doctor, "sysv mq", "/proc/sys/kernel/msgmnb", MSG_BYTES_MIN,
		"bytes in a System V queue (kernel.msgmnb)", "sysctl -w kernel.msgmnb=65536");
	if (doctor_read(doctor, "/proc/sys/kernel/sem", text, sizeof(text)) &&
		sscanf(text, "%ld %ld %ld %ld", &semmsl, &semmns, &semopm, &semmni) == 4)
		check_least(doctor, "sysv sem", semmni, SEM_SETS_MIN,
			"sets of System V semaphores (kernel.sem)",
			"sysctl -w kernel.sem='32000 1024000000 500 32000'");
}

static void check_shm(struct doctor *doctor)
{
	struct statvfs shm;

	if (!doctor_has(doctor, "/dev/shm")) {
		doctor_say(doctor, DOCTOR_WARNING, "shm", "there is no /dev/shm");
		doctor_advise(doctor, "mount -t tmpfs tmpfs /dev/shm");
		return;
	}
	if (!doctor_is_live(doctor) || statvfs("/dev/shm", &shm) < 0)
		return;
	int64_t free_mib = (int64_t)(((uint64_t)shm.f_bavail * shm.f_frsize) >> 20);
	check_least(doctor, "shm", free_mib, SHM_MIB_MIN, "MiB free in /dev/shm",
		"mount -o remount,size=256m /dev/shm (docker run --shm-size=256m)");
}

void doctor_check_limits(struct doctor *doctor)
{
	check_mqueue(doctor);
	check_sysv(doctor);
	check_shm(doctor);
	check_limit(doctor, "memlock", "Max locked memory", MEMLOCK_BYTES_MIN,
		"bytes that may be locked (ulimit -l), for io_uring and perf buffers",
		"ulimit -l 65536, or LimitMEMLOCK= of the service");
	check_limit(doctor, "signals", "Max pending signals", SIGNALS_MIN,
		"signals that may be pending (ulimit -i), for the signal mechanism",
		"ulimit -i 4096");
	check_limit(doctor, "files", "Max open files", FILES_MIN, "open files (ulimit -n)",
		"ulimit -n 1024");
}
