"""The server of `fetch`: the same program as the C harness has, beside this file when it is built
or installed. It gives back the eight bytes of a request after 5 ms, and ends with this process."""
import os
import subprocess

from sides import Failure

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fetch-server")


def start(request):
    """The port of a server that listens."""
    if not os.access(PROGRAM, os.X_OK):
        raise Failure("fetch needs fetch-server beside the scripts, which the build makes")
    server = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    request.cleanup.callback(server.communicate)  # shuts its stdin, waits for its end
    port = server.stdout.readline()
    if not port:
        raise Failure("fetch-server does not start (its reason is on stderr)")
    return int(port)
