#pragma once
/*
 * User data for functions that the library calls without any: N instances of one template, each of
 * which knows its slot. Private; C++.
 */
#include "gbench.h"

#include <array>
#include <cstddef>
#include <utility>

namespace gbench
{
template <class Slot> struct pool {
	std::array<Slot, GB_POOL_MAX> slots{};
	size_t used = 0;

	/* The index of the new slot, or -1 when all are taken. */
	int add(Slot slot)
	{
		if (used == slots.size())
			return -1;
		slots[used] = slot;
		return static_cast<int>(used++);
	}

	void clear()
	{
		slots.fill(Slot{});
		used = 0;
	}
};

/* {At<0>::call, At<1>::call, …} */
template <template <size_t> class At, size_t... I>
constexpr auto trampolines(std::index_sequence<I...>)
{
	return std::array{At<I>::call...};
}

template <template <size_t> class At> constexpr auto trampolines()
{
	return trampolines<At>(std::make_index_sequence<GB_POOL_MAX>());
}
} // namespace gbench
