"""A manager's server process, which all sides ask for everything, with the CPUs of all of them."""
import os
from functools import partial
from multiprocessing.managers import SyncManager

from sides import FORK


def manager_start(request):
    """Its socket is in the abstract namespace: a manager that is killed leaves none behind."""
    manager = SyncManager(address=f"\0ipcmark-{os.getpid()}", ctx=FORK)
    where = {cpu for cpu in request.cpus if cpu >= 0}
    manager.start(partial(os.sched_setaffinity, 0, where) if where else None)
    request.cleanup.callback(manager.shutdown)
    return manager
