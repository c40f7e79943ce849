#pragma once
/*
 * The main() of a harness binary: a normal Google Benchmark program that takes every --benchmark_*
 * flag, whose benchmarks are cells.
 */

int harness_main(int argc, char **argv, const char *program);
