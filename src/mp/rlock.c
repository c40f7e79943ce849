#include "mp/rlock.h"

#include "mp/shared.h"

struct mp_rlock *mp_rlock_new(void)
{
	return mp_shared_new(sizeof(struct mp_rlock));
}

void mp_rlock_free(struct mp_rlock *rlock)
{
	mp_shared_free(rlock);
}
