#!/usr/bin/env python3
"""The rows of bench/core on asyncio, and with --uvloop on uvloop.

usage: main.py [--uvloop] [--list] ROW...

For each row that it knows it prints one line of JSON: CPU time of the process for one operation,
the median of three samples of 30 ms or more, after a warm-up.
"""
import asyncio
import gc
import json
import sys
import time

SAMPLE_SECONDS = 0.030
SAMPLES = 3
READ_BYTES = 65536


class Meter:
    seconds = 0.0
    bytes = 0.0

    def start(self):
        self.started = time.process_time()

    def stop(self):
        self.seconds = time.process_time() - self.started


class Random:
    """The random numbers of every peer."""

    state = 1

    def below(self, end):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % end


# --- calls and tasks ----------------------------------------------------------------------------


async def chain(depth):
    if depth > 1:
        return 1 + await chain(depth - 1)
    return 1


def await_at(depth):
    async def row(meter, n):
        meter.start()
        for _ in range(n):
            await chain(depth)
        meter.stop()

    return row


async def create_task(meter, n):
    meter.start()
    for _ in range(n):
        await asyncio.create_task(chain(1))
    meter.stop()


async def spawn_join(meter, n):
    meter.start()
    tasks = [asyncio.create_task(chain(1)) for _ in range(n)]
    for task in tasks:
        await task
    meter.stop()


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


async def wait_for_event(event):
    await event.wait()


async def task_bytes(meter, n):
    event = asyncio.Event()
    before = resident_bytes()
    tasks = [asyncio.create_task(wait_for_event(event)) for _ in range(n)]
    await asyncio.sleep(0)
    meter.bytes = (resident_bytes() - before) / n
    event.set()
    for task in tasks:
        await task


def yield_with(task_count):
    async def row(meter, n):
        running = False

        async def give_way(times):
            nonlocal running
            if not running:
                running = True
                meter.start()
            for _ in range(times):
                await asyncio.sleep(0)

        times = (n + task_count - 1) // task_count
        tasks = [asyncio.create_task(give_way(times)) for _ in range(task_count)]
        for task in tasks:
            await task
        meter.stop()

    return row


def cancel_at(depth):
    async def wait_at(depth, future):
        if depth > 1:
            await wait_at(depth - 1, future)
        else:
            await future

    async def row(meter, n):
        loop = asyncio.get_running_loop()
        meter.start()
        for _ in range(n):
            task = asyncio.create_task(wait_at(depth, loop.create_future()))
            await asyncio.sleep(0)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
        meter.stop()

    return row


async def gather_50(meter, n):
    meter.start()
    for _ in range(n):
        await asyncio.gather(*[chain(1) for _ in range(50)])
    meter.stop()


async def task_group_50(meter, n):
    meter.start()
    for _ in range(n):
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(chain(1))
    meter.stop()


# --- queues and locks ---------------------------------------------------------------------------


def queue_of(capacity):
    async def produce(queue, n):
        for i in range(n):
            await queue.put(i)

    async def row(meter, n):
        queue = asyncio.Queue(capacity)
        meter.start()
        task = asyncio.create_task(produce(queue, n))
        for _ in range(n):
            await queue.get()
        await task
        meter.stop()

    return row


async def event_pingpong(meter, n):
    ping, pong = asyncio.Event(), asyncio.Event()

    async def answer():
        for _ in range(n):
            await ping.wait()
            ping.clear()
            pong.set()

    task = asyncio.create_task(answer())
    meter.start()
    for _ in range(n):
        ping.set()
        await pong.wait()
        pong.clear()
    meter.stop()
    await task


async def lock(meter, n):
    held = asyncio.Lock()
    meter.start()
    for _ in range(n):
        async with held:
            pass
    meter.stop()


async def event_set(meter, n):
    event = asyncio.Event()
    event.set()
    meter.start()
    for _ in range(n):
        await event.wait()
    meter.stop()


async def semaphore(meter, n):
    permits = asyncio.Semaphore(4)
    meter.start()
    for _ in range(n):
        await permits.acquire()
        permits.release()
    meter.stop()


# --- time ---------------------------------------------------------------------------------------


async def timers_100k(meter, n):
    loop = asyncio.get_running_loop()
    random = Random()

    def insert():
        return loop.call_later(3600 + random.below(1_000_000) / 1000, int)

    live = [insert() for _ in range(100_000)]
    meter.start()
    for _ in range(n):
        place = random.below(100_000)
        live[place].cancel()
        live[place] = insert()
    meter.stop()
    for timer in live:
        timer.cancel()


async def timeout_sync(meter, n):
    meter.start()
    for _ in range(n):
        async with asyncio.timeout(10):
            await chain(1)
    meter.stop()


async def timeout_async(meter, n):
    meter.start()
    for _ in range(n):
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
    meter.stop()


# --- connections --------------------------------------------------------------------------------


async def serve_echo(reader, writer):
    while data := await reader.read(READ_BYTES):
        writer.write(data)
        await writer.drain()
    writer.close()


async def call_echo(reader, writer, message, rounds):
    for _ in range(rounds):
        writer.write(message)
        await writer.drain()
        await reader.readexactly(len(message))


def echo(message_bytes, connections):
    async def row(meter, n):
        message = b"x" * message_bytes
        server = await asyncio.start_server(serve_echo, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        ends = [await asyncio.open_connection(*address) for _ in range(connections)]
        await asyncio.gather(*[call_echo(*end, message, 10) for end in ends])
        rounds = (n + connections - 1) // connections
        meter.start()
        await asyncio.gather(*[call_echo(*end, message, rounds) for end in ends])
        meter.stop()
        for _, writer in ends:
            writer.close()
        for _, writer in ends:
            await writer.wait_closed()
        server.close()
        await asyncio.sleep(0.01)  # the server's ends see theirs

    return row


class EchoServer(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class EchoClient(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def begin(self, message, rounds):
        self.done = asyncio.get_running_loop().create_future()
        self.message, self.rounds, self.received = message, rounds, 0
        self.transport.write(message)
        return self.done

    def data_received(self, data):
        self.received += len(data)
        if self.received < len(self.message):
            return
        self.received = 0
        self.rounds -= 1
        if self.rounds > 0:
            self.transport.write(self.message)
        else:
            self.done.set_result(None)


def echo_protocol(message_bytes, connections):
    """The same without streams: callbacks, the fastest that these loops offer."""

    async def row(meter, n):
        loop = asyncio.get_running_loop()
        message = b"x" * message_bytes
        server = await loop.create_server(EchoServer, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        ends = [(await loop.create_connection(EchoClient, *address))[1]
                for _ in range(connections)]
        await asyncio.gather(*[end.begin(message, 10) for end in ends])
        rounds = (n + connections - 1) // connections
        meter.start()
        await asyncio.gather(*[end.begin(message, rounds) for end in ends])
        meter.stop()
        for end in ends:
            end.transport.close()
        server.close()
        await asyncio.sleep(0.01)

    return row


# A second element: a fixed n. A million tasks would take ten seconds, and the cost of each is the
# same with fewer.
ROWS = {
    "await_1": (await_at(1), 0),
    "await_10": (await_at(10), 0),
    "create_task": (create_task, 0),
    "spawn_join": (spawn_join, 50_000),
    "task_bytes": (task_bytes, 50_000),
    "yield_1": (yield_with(1), 0),
    "yield_1000": (yield_with(1000), 0),
    "cancel_1": (cancel_at(1), 0),
    "cancel_5": (cancel_at(5), 0),
    "cancel_20": (cancel_at(20), 0),
    "gather_50": (gather_50, 0),
    "task_group_50": (task_group_50, 0),
    "queue_64": (queue_of(64), 0),
    "queue_1": (queue_of(1), 0),
    "event_pingpong": (event_pingpong, 0),
    "lock": (lock, 0),
    "event_set": (event_set, 0),
    "semaphore": (semaphore, 0),
    "timers_100k": (timers_100k, 0),
    "timeout_sync": (timeout_sync, 0),
    "timeout_async": (timeout_async, 0),
    "echo_32_1": (echo(32, 1), 0),
    "echo_32_100": (echo(32, 100), 0),
    "echo_64k_1": (echo(65536, 1), 0),
    "echo_64k_100": (echo(65536, 100), 3000),
    "echo_32_1_protocol": (echo_protocol(32, 1), 0),
    "echo_64k_1_protocol": (echo_protocol(65536, 1), 0),
}


def sample(runner, body, n):
    meter = Meter()
    gc.collect()
    runner(body(meter, n))
    return meter


def size_of_sample(runner, body):
    n = 100
    while True:
        seconds = sample(runner, body, n).seconds
        if seconds >= SAMPLE_SECONDS:
            return n
        factor = min(max(1.2 * SAMPLE_SECONDS / max(seconds, 1e-9), 2.0), 100.0)
        n = int(n * factor)
        step = 1000 if n >= 1000 else 100
        n = (n + step - 1) // step * step


def report(runner, peer, row):
    body, n = ROWS[row]
    if n == 0:
        n = size_of_sample(runner, body)
    else:
        sample(runner, body, n // 100)
    samples = [sample(runner, body, n)]
    while len(samples) < SAMPLES and not samples[0].bytes:
        samples.append(sample(runner, body, n))
    median = sorted(samples, key=lambda meter: meter.seconds)[len(samples) // 2]
    line = {"row": row, "peer": peer}
    if median.bytes:
        line["bytes"] = round(median.bytes, 1)
    else:
        line["ns"] = round(median.seconds * 1e9 / n, 2)
    line["n"] = n
    print(json.dumps(line), flush=True)


def main():
    arguments = sys.argv[1:]
    runner, peer = asyncio.run, "asyncio"
    if "--uvloop" in arguments:
        import uvloop

        runner, peer = uvloop.run, "uvloop"
    if "--list" in arguments:
        print("\n".join(ROWS))
        return
    for row in arguments:
        if row in ROWS:
            report(runner, peer, row)


if __name__ == "__main__":
    main()
