"""A cable between two network namespaces that loses, delays and reorders packets, and that can be cut.

bad_link.py SEED PID DEVICE PID DEVICE   (for each end: a process in its namespace, and the name of its device)

Makes a TUN device in both namespaces and says "ready". Then it takes commands, a line of JSON each, and answers each
with the number of packets that it has lost so far:

    {"delayMs": 2, "jitterMs": 0.5, "loss": 0.005, "reorder": 0.01, "isCut": false}

The fields mean what they mean to tc-netem(8): each packet waits for `delayMs`, more or less by up to `jitterMs`; the
share `reorder` of the packets goes at once and so overtakes the others; the share `loss` is lost. Where `isCut` is
set, everything is lost, and nobody is told. The rest of TCP is the kernels' own. The cable ends with its input.
"""
import ctypes
import errno
import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time

CLONE_NEWNET = 0x40000000  # sched.h
TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
MAX_PACKET_BYTES = 65536
# Packets that are on their way at most. As with a router's queue, further ones are lost.
MAX_WAITING = 10_000
PACKETS_PER_TURN = 64
COMMANDS = 0


def open_device(pid, name):
    """A TUN device in the namespace of a process: what is read has left that host, what is written reaches it."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{pid}/ns/net", encoding="ascii") as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns into the namespace of process {pid}")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


class Link:
    def __init__(self, chance, near, far):
        self.chance = chance
        self.other = {near: far, far: near}
        self.quality = {"delayMs": 0, "jitterMs": 0, "loss": 0, "reorder": 0, "isCut": False}
        self.waiting = []  # of (when it is due, a number that keeps equal ones in order, where it goes, packet)
        self.count = 0
        self.lost = 0

    def take(self, device):
        """Takes packets that have left the host of a device."""
        for _ in range(PACKETS_PER_TURN):
            try:
                packet = os.read(device, MAX_PACKET_BYTES)
            except BlockingIOError:
                return
            self.accept(self.other[device], packet)

    def accept(self, target, packet):
        quality = self.quality
        if quality["isCut"] or self.chance.random() < quality["loss"] or len(self.waiting) >= MAX_WAITING:
            self.lost += 1
            return
        overtakes = self.chance.random() < quality["reorder"]
        jitter = self.chance.uniform(-quality["jitterMs"], quality["jitterMs"])
        delay_ms = 0 if overtakes else max(0, quality["delayMs"] + jitter)
        self.count += 1
        heapq.heappush(self.waiting, (time.monotonic() + delay_ms / 1000, self.count, target, packet))

    def deliver(self):
        """Delivers what is due. Returns the seconds until more is due; None if nothing waits."""
        while self.waiting:
            rest = self.waiting[0][0] - time.monotonic()
            if rest > 0:
                return rest
            _, _, target, packet = heapq.heappop(self.waiting)
            try:
                os.write(target, packet)
            except OSError as error:
                if error.errno != errno.EIO:  # the device is down: nobody has plugged the cable in yet
                    raise
                self.lost += 1
        return None

    def change(self, quality):
        self.quality = quality
        if quality["isCut"]:
            self.lost += len(self.waiting)
            self.waiting.clear()


def main():
    seed, near_pid, near_name, far_pid, far_name = sys.argv[1:]
    near, far = open_device(near_pid, near_name), open_device(far_pid, far_name)
    link = Link(random.Random(int(seed)), near, far)
    print("ready", flush=True)
    commands = b""
    while True:
        readable, _, _ = select.select([COMMANDS, near, far], [], [], link.deliver())
        for device in readable:
            if device != COMMANDS:
                link.take(device)
                continue
            said = os.read(COMMANDS, 4096)
            if not said:
                return
            *lines, commands = (commands + said).split(b"\n")
            for line in lines:
                link.change(json.loads(line))
                print(link.lost, flush=True)


main()
