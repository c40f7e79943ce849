#include "base/fault.h"

static _Thread_local struct {
	unsigned left;
	int error;
	bool happened;
} armed;

void fault_arm(unsigned k, int error)
{
	armed.left = k;
	armed.error = error;
	armed.happened = false;
}

bool fault_disarm(void)
{
	armed.left = 0;
	return armed.happened;
}

bool fault_hit(void)
{
	if (armed.left == 0 || --armed.left > 0)
		return false;
	armed.happened = true;
	errno = armed.error;
	return true;
}
