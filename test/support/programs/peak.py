"""Runs a command with its output in a file, and prints how much memory it had resident at most, in bytes."""
import resource, subprocess, sys

with open(sys.argv[1], "wb") as output:
    subprocess.run(sys.argv[2:], stdout=output, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
