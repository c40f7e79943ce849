#pragma once
/*
 * The part of mp_cpu_count() that reads files: what the quotas of the cgroups allow, of both
 * versions, this process's own group and all above it.
 */

/* The smallest of all quotas in CPUs, rounded up; 0: there is none, or nothing to read. `root`
 * stands before every path that is read: "" but in tests. */
unsigned cpu_quota(const char *root);
