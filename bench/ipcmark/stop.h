#pragma once
/*
 * Ctrl-C (SIGINT), SIGTERM and SIGHUP as a descriptor: readable from the first of them on, so that
 * whatever waits can wait for it too, and nothing is left half-done.
 */

/* Blocks the signals and gives the descriptor. */
int stop_open(void);

/* Forgets those that have come and lets the signals do again what they did before. Accepts -1; a
 * cleanup function. */
void stop_close(int *stop_fd);
