"""What tools/bench.py measures, group by group. Each group runs in a process of its own."""
