/* The message of the last failure, which base/error keeps for every thread. */
#include "mp/base.h"

#include "base/error.h"

const char *mp_strerror(int r)
{
	return error_message(r);
}
