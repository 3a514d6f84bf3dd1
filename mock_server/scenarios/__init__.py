"""What becomes of tasks by their words, models and pictures: scenarios, and captured times.

In: entries of a file, and requests. Out: how long a task waits and runs, how it ends, and what its
answer and its clip look like. Uses ``faults`` for patterns; no HTTP here.
"""
