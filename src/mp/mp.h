#pragma once
/*
 * libmp: the vocabulary of Python's multiprocessing in C. This header has all of it; each of the
 * others may be included alone.
 */
#include "mp/base.h"
#include "mp/lock.h"
#include "mp/process.h"
#include "mp/shared.h"
#include "mp/thread.h"
