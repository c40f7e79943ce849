#include "transport/token.h"

#include <errno.h>
#include <stdbool.h>

#include "base/clock.h"
#include "os/futex.h"

/* There is one taker, so what is there stays there. */
static bool try_take(struct token *token)
{
	if (atomic_load_explicit(&token->count, memory_order_relaxed) == 0)
		return false;
	/* Acquires what token_put() released with its addition. */
	atomic_fetch_sub_explicit(&token->count, 1, memory_order_acquire);
	return true;
}

int token_take(struct token *token, int timeout_ms)
{
	int r = 0;

	if (try_take(token))
		return 0;
	if (timeout_ms == 0)
		return -ETIMEDOUT;
	int64_t end = deadline_after_ms(timeout_ms);
	while (r == 0) {
		/* Announced before the count is looked at, as token_put() counts before it looks
		 * for a sleeper: in the single order of the four, one side sees the other. */
		atomic_store(&token->sleeping, 1);
		if (atomic_load(&token->count) == 0)
			r = futex_wait(&token->count, 0, end);
		atomic_store_explicit(&token->sleeping, 0, memory_order_relaxed);
		if (try_take(token))
			return 0;
	}
	return r;
}

void token_put(struct token *token)
{
	atomic_fetch_add(&token->count, 1);
	/* The exchange makes one wake-up of one sleep, however long the sleeper takes to rise. */
	if (atomic_load(&token->sleeping) && atomic_exchange(&token->sleeping, 0))
		futex_wake(&token->count, 1);
}
