#pragma once
/*
 * What random tests of libmp share: the number of rounds and the seed, from the environment
 * (MP_SOAK_ROUNDS, MP_SOAK_SEED), and printed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Under a sanitizer a fork costs ten times as much, and clone3 is fork. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SOAK_IS_SANITIZED 1
#endif
#elif defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SOAK_IS_SANITIZED 1
#endif
#ifndef SOAK_IS_SANITIZED
#define SOAK_IS_SANITIZED 0
#endif

struct soak {
	unsigned rounds;
	uint64_t state;
};

static inline uint64_t soak_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Prints how to repeat it. */
static inline struct soak soak_begin(const char *test, unsigned rounds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	struct soak soak = {
		.rounds = (unsigned)soak_number("MP_SOAK_ROUNDS", rounds),
		.state = soak_number("MP_SOAK_SEED", (uint64_t)now.tv_nsec * 1000003u + 1),
	};
	printf("%s: MP_SOAK_ROUNDS=%u MP_SOAK_SEED=%llu\n", test, soak.rounds,
		(unsigned long long)soak.state);
	fflush(stdout);
	return soak;
}

/* splitmix64. */
static inline uint64_t soak_random(struct soak *soak, uint64_t below)
{
	uint64_t z = soak->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % below;
}

/* Burns time rather than sleeping: a kill then meets any instruction. */
static inline void soak_spin_ns(int64_t ns)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * INT64_C(1000000000) + now.tv_nsec - begin.tv_nsec <
		 ns);
}
