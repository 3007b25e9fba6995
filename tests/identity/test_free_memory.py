"""An idle web process returns the memory of its last hash to the system."""

import json
import subprocess
import sys

PROGRAM = """
import json, threading
from argon2 import PasswordHasher
from identity.processes.web_server.free_memory import IDLE_SECONDS, FreeMemory, use_one_arena

def resident_mib():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) // 1024

def hash_twice():
    for _ in range(2):  # glibc keeps the memory of the second hash
        PasswordHasher(time_cost=1, memory_cost=30_000, parallelism=1).hash("password")

now, found = [0.0], []
use_one_arena()
memory = FreeMemory(lambda: now[0])
hashing = threading.Thread(target=hash_twice)
hashing.start()
hashing.join()
memory.use()
for now[0] in (0.0, IDLE_SECONDS):
    memory.return_when_idle()
    found.append(resident_mib())
print(json.dumps(found))
"""


def test_an_idle_process_returns_the_memory_of_a_hash() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    busy, idle = json.loads(done.stdout)

    assert busy - idle > 20
