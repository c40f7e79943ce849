"""What a process or thread is started for; alone, because a spawned one has to import it."""


def nothing():
    """When only the start is of interest."""


def report(pipe):
    """Proves that it ran, and where."""
    import os
    import threading
    pipe.send((os.getpid(), threading.get_native_id()))
