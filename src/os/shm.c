#include "os/shm.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

static size_t round_to_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return bytes == 0 ? page : (bytes + page - 1) / page * page;
}

/* mmap() through fault injection: the address, or NULL and errno. */
static void *map(void *at, size_t bytes, int protection, int flags, int fd)
{
	if (fault_hit())
		return NULL;
	void *data = mmap(at, bytes, protection, flags, fd, 0);
	return data == MAP_FAILED ? NULL : data;
}

static int no_memory(size_t bytes)
{
	return fail(-errno,
		"cannot map %zu bytes of shared memory: %s (see the memory cgroup's memory.max and "
		"'ulimit -v')",
		bytes, error_message(-errno));
}

int shm_open_anonymous(struct shm *shm, size_t size_bytes)
{
	size_t bytes = round_to_pages(size_bytes);
	void *data = map(
		NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1);

	if (!data)
		return no_memory(bytes);
	*shm = (struct shm){.data = data, .size_bytes = bytes, .mapped_bytes = bytes};
	return 0;
}

int shm_open_mirrored(struct shm *shm, size_t size_bytes)
{
	size_t bytes = round_to_pages(size_bytes);
	_cleanup_(fd_close) int fd = sys(memfd_create("ipcmark-mirror", MFD_CLOEXEC));

	if (fd < 0)
		return fail(fd, "memfd_create: %s", error_message(fd));
	int r = sys(ftruncate(fd, (off_t)bytes));
	if (r < 0)
		return no_memory(bytes);

	/* Reserve both halves first, so that nothing else lands between them. */
	char *data = map(NULL, 2 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!data)
		return no_memory(2 * bytes);
	for (int half = 0; half < 2; half++) {
		if (!map(data + (size_t)half * bytes, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd)) {
			r = no_memory(bytes);
			munmap(data, 2 * bytes);
			return r;
		}
	}
	*shm = (struct shm){.data = data, .size_bytes = bytes, .mapped_bytes = 2 * bytes};
	return 0;
}

void shm_borrow(struct shm *shm)
{
	shm->mapped_bytes = 0;
}

void shm_close(struct shm *shm)
{
	int saved = errno;

	if (shm->data && shm->mapped_bytes)
		munmap(shm->data, shm->mapped_bytes);
	*shm = (struct shm){0};
	errno = saved;
}
