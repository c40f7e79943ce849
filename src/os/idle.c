#include "os/idle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

static const char device[] = "/dev/cpu_dma_latency";

int idle_hold(void)
{
	int32_t latency_us = 0;
	_cleanup_(fd_close) int fd = sys(open(device, O_WRONLY | O_CLOEXEC));

	if (fd < 0)
		return fail(fd,
			"cannot hold the CPUs out of idle states: %s: %s (run as root, or give "
			"write access to it)",
			device, error_message(fd));
	int r = sys(write(fd, &latency_us, sizeof(latency_us)));
	if (r < 0)
		return fail(r, "cannot write to %s: %s", device, error_message(r));
	return TAKE_FD(fd);
}

bool idle_can_hold(const char **ret_reason)
{
	if (access(device, W_OK) == 0)
		return true;
	*ret_reason = errno == ENOENT
			      ? "this system has no /dev/cpu_dma_latency"
			      : "no permission to write /dev/cpu_dma_latency (run as root, or give "
				"write access to it)";
	return false;
}
