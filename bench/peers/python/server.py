"""The server of `fetch`: it gives back the eight bytes of a request after 5 ms, on the loopback.

It is a process with the CPUs of all sides, unless the request names the port of another one.
"""
import asyncio
import os

from sides import FORK, Failure

DELAY_S = 0.005
START_TIMEOUT_S = 10


async def answer(reader, writer):
    request = await reader.readexactly(8)
    await asyncio.sleep(DELAY_S)
    writer.write(request)
    await writer.drain()
    writer.close()


async def serve(pipe):
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=128)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def main(pipe, cpus):
    if cpus:
        os.sched_setaffinity(0, cpus)
    asyncio.run(serve(pipe))


def start(request):
    """The port of a server that is ready."""
    if request.port:
        return request.port
    mine, theirs = FORK.Pipe()
    process = FORK.Process(target=main, daemon=True,
                           args=(theirs, {cpu for cpu in request.cpus if cpu >= 0}))
    process.start()
    theirs.close()
    request.cleanup.callback(process.join)
    request.cleanup.callback(process.kill)
    if not mine.poll(START_TIMEOUT_S):
        raise Failure("the server for fetch does not start")
    return mine.recv()
