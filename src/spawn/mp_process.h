#pragma once
/* What the members of libmp share: starting a process by one of its methods, and joining it. */
#include "base/error.h"
#include "mp/process.h"
#include "spawn/process.h"

/* 0, or -ECHILD when it did not end with status 0. */
int spawn_mp_process(enum mp_start_method method);
