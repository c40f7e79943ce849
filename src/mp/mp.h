#pragma once
/*
 * libmp: the vocabulary of Python's multiprocessing in C. This header has all of it; each of the
 * others may be included alone.
 */
#include "mp/barrier.h"
#include "mp/base.h"
#include "mp/condition.h"
#include "mp/event.h"
#include "mp/joinable_queue.h"
#include "mp/lock.h"
#include "mp/named.h"
#include "mp/parmap.h"
#include "mp/pipe.h"
#include "mp/pool.h"
#include "mp/process.h"
#include "mp/queue.h"
#include "mp/rlock.h"
#include "mp/semaphore.h"
#include "mp/shared.h"
#include "mp/simple_queue.h"
#include "mp/thread.h"
#include "mp/value.h"
#include "mp/with.h"
