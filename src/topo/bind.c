#include "topo/bind.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "topo/placement.h"

enum { CPU_BITS = 8192, LIST_MAX = 128, WORD_BITS = 8 * sizeof(unsigned long) };

/* cpu_set_t ends at 1024 CPUs; the calls take any size. */
struct mask {
	unsigned long words[CPU_BITS / WORD_BITS];
};

static void mask_add(struct mask *mask, int cpu)
{
	if (cpu >= 0 && cpu < CPU_BITS)
		mask->words[cpu / WORD_BITS] |= 1ul << (cpu % WORD_BITS);
}

static bool mask_has(const struct mask *mask, int cpu)
{
	return cpu >= 0 && cpu < CPU_BITS &&
	       (mask->words[cpu / WORD_BITS] >> (cpu % WORD_BITS) & 1);
}

/* "0-3,8"; cut where the buffer ends. */
static const char *mask_list(const struct mask *mask, char buffer[LIST_MAX])
{
	size_t used = 0;

	buffer[0] = '\0';
	for (int cpu = 0; cpu < CPU_BITS && used < LIST_MAX; cpu++) {
		if (!mask_has(mask, cpu))
			continue;
		int last = cpu;
		while (mask_has(mask, last + 1))
			last++;
		const char *comma = used ? "," : "";
		used += (size_t)(last > cpu ? snprintf(buffer + used, LIST_MAX - used, "%s%d-%d",
						      comma, cpu, last)
					    : snprintf(buffer + used, LIST_MAX - used, "%s%d",
						      comma, cpu));
		cpu = last;
	}
	return buffer;
}

static struct mask mask_of(const struct topo *topo, int cpu)
{
	struct mask mask = {0};

	if (cpu != PLACEMENT_UNBOUND)
		mask_add(&mask, cpu);
	else
		for (unsigned i = 0; i < topo_cpu_count(topo); i++)
			mask_add(&mask, topo_cpu(topo, i));
	return mask;
}

static int set_mask(const struct mask *mask)
{
	return sys(sched_setaffinity(0, sizeof(*mask), (const cpu_set_t *)mask));
}

static int get_mask(struct mask *ret)
{
	memset(ret, 0, sizeof(*ret));
	int r = sys(sched_getaffinity(0, sizeof(*ret), (cpu_set_t *)ret));
	return r < 0 ? fail(r, "cannot read the thread's affinity: %s", strerror(-r)) : 0;
}

static int cannot_bind(const struct topo *topo, int r, const struct mask *wanted)
{
	char list[LIST_MAX], usable[LIST_MAX];
	const char *cause = strerror(-r);

	if (r == -EINVAL)
		cause = "it does not exist, is offline or not allowed here";
	else if (r == -EPERM)
		cause = "a seccomp filter or the lack of CAP_SYS_NICE forbids it";
	return fail(r,
		"cannot bind to CPU %s: %s; choose among %s, or allow more (taskset, "
		"docker --cpuset-cpus, cpuset.cpus)",
		mask_list(wanted, list), cause, topo_cpu_list(topo, usable, sizeof(usable)));
}

int bind_cpu(const struct topo *topo, int cpu)
{
	if (cpu == PLACEMENT_UNBOUND)
		return trace(bind_free(topo));
	struct mask mask = mask_of(topo, cpu);
	if (!topo_has_cpu(topo, cpu))
		return cannot_bind(topo, -EINVAL, &mask);
	int r = set_mask(&mask);
	if (r < 0)
		return cannot_bind(topo, r, &mask);
	return trace(bind_verify(topo, cpu));
}

int bind_free(const struct topo *topo)
{
	struct mask mask = mask_of(topo, PLACEMENT_UNBOUND);
	int r = set_mask(&mask);

	if (r < 0)
		return cannot_bind(topo, r, &mask);
	return trace(bind_verify(topo, PLACEMENT_UNBOUND));
}

int bind_verify(const struct topo *topo, int cpu)
{
	struct mask wanted = mask_of(topo, cpu), have;
	char list_wanted[LIST_MAX], list_have[LIST_MAX];
	int r = get_mask(&have);

	if (r < 0)
		return trace(r);
	int now = sched_getcpu();
	if (memcmp(&wanted, &have, sizeof(have)) == 0 && mask_has(&wanted, now))
		return 0;
	return fail(-EXDEV,
		"the thread should be bound to CPU %s, but may run on %s and runs on %d: something "
		"else changed its affinity (taskset -p, a cpuset, a library)",
		mask_list(&wanted, list_wanted), mask_list(&have, list_have), now);
}
