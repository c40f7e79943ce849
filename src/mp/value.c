#include "mp/value.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "mp/named.h"
#include "mp/shared.h"

static_assert(sizeof(struct mp_block_) == 128, "elements begin at a cache line");

/* Of a block; 0: there is none of that kind. */
static size_t block_bytes(size_t count, size_t element_bytes)
{
	size_t bytes;

	if (count == 0 || element_bytes == 0 ||
		__builtin_mul_overflow(count, element_bytes, &bytes) ||
		__builtin_add_overflow(bytes, sizeof(struct mp_block_), &bytes)) {
		errno = EINVAL;
		fail(-EINVAL, "an array cannot have %zu elements of %zu bytes", count,
			element_bytes);
		return 0;
	}
	return bytes;
}

void *mp_block_new_(size_t count, size_t element_bytes)
{
	size_t bytes = block_bytes(count, element_bytes);
	struct mp_block_ *block = bytes ? mp_shared_new(bytes) : NULL;

	if (!block)
		return NULL;
	block->count_ = count;
	block->element_bytes_ = element_bytes;
	return block + 1;
}

/* All who open it write the same into its head, so it does not matter who is first, nor whether
 * that one is killed. */
void *mp_block_open_(const char *name, size_t count, size_t element_bytes)
{
	struct mp_named named = {0};
	size_t bytes = block_bytes(count, element_bytes);

	if (!bytes)
		return NULL;
	int r = mp_named_open(name, bytes, MP_NAMED_CREATE, &named);
	if (r < 0) {
		errno = -r;
		return NULL;
	}
	struct mp_block_ *block = named.memory;
	size_t old_count = __atomic_load_n(&block->count_, __ATOMIC_RELAXED);
	size_t old_bytes = __atomic_load_n(&block->element_bytes_, __ATOMIC_RELAXED);
	if (named.size_bytes != bytes || (old_count != 0 && old_count != count) ||
		(old_bytes != 0 && old_bytes != element_bytes)) {
		fail(-EINVAL, "'%s' has %zu elements of %zu bytes, not %zu of %zu", name, old_count,
			old_bytes, count, element_bytes);
		mp_named_close(&named);
		errno = EINVAL;
		return NULL;
	}
	__atomic_store_n(&block->count_, count, __ATOMIC_RELAXED);
	__atomic_store_n(&block->element_bytes_, element_bytes, __ATOMIC_RELAXED);
	return block + 1;
}

void mp_value_close(const void *value)
{
	if (!value)
		return;
	struct mp_block_ *block = mp_block_of_(value);
	struct mp_named named = {block, block_bytes(block->count_, block->element_bytes_)};
	mp_named_close(&named);
}

void mp_value_free(const void *value)
{
	if (value)
		mp_shared_free(mp_block_of_(value));
}

/* As mp_lock_release(), and the next one who asks is told of the death. */
void mp_value_leave_unmended_(struct mp_lock *lock)
{
	struct mp_thread_ *self = mp_thread_self_();

	mp_robust_begin_(self, &lock->node_);
	mp_robust_unlink_(&lock->node_);
	__atomic_store_n(&lock->word_, MP_LOCK_OWNER_DIED_, __ATOMIC_RELEASE);
	mp_thread_fence_(self);
	if (__atomic_load_n(&lock->sleepers_, __ATOMIC_RELAXED) != 0)
		mp_lock_wake_(lock);
	mp_robust_end_(self);
}

/* What is there of a slice, and where; -EINVAL. */
static ptrdiff_t clip(const void *array, ptrdiff_t *first, size_t count)
{
	ptrdiff_t n = (ptrdiff_t)mp_array_len(array);

	if (*first < 0)
		*first += n;
	if (*first < 0)
		return -EINVAL;
	if (*first >= n)
		return 0;
	return count < (size_t)(n - *first) ? (ptrdiff_t)count : n - *first;
}

ptrdiff_t mp_raw_array_read(const void *array, ptrdiff_t first, size_t count, void *ret_elements)
{
	size_t size = mp_block_of_(array)->element_bytes_;
	ptrdiff_t n = clip(array, &first, count);

	if (n > 0)
		memcpy(ret_elements, (const char *)array + (size_t)first * size, (size_t)n * size);
	return n;
}

ptrdiff_t mp_raw_array_write(void *array, ptrdiff_t first, size_t count, const void *elements)
{
	size_t size = mp_block_of_(array)->element_bytes_;
	ptrdiff_t n = clip(array, &first, count);

	if (n > 0)
		memcpy((char *)array + (size_t)first * size, elements, (size_t)n * size);
	return n;
}

ptrdiff_t mp_array_read(const void *array, ptrdiff_t first, size_t count, void *ret_elements)
{
	struct mp_lock *lock = mp_array_lock(array);
	int r = mp_value_enter_(lock);
	ptrdiff_t n = mp_raw_array_read(array, first, count, ret_elements);

	mp_value_leave_(lock, r);
	return n;
}

ptrdiff_t mp_array_write(void *array, ptrdiff_t first, size_t count, const void *elements)
{
	struct mp_lock *lock = mp_array_lock(array);
	int r = mp_value_enter_(lock);
	ptrdiff_t n = mp_raw_array_write(array, first, count, elements);

	mp_value_leave_(lock, r);
	return n;
}
