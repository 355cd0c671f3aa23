"""What processes cost, in seconds that do not depend on what else the machine does."""

import resource


def cpu_of_children_s() -> float:
    """Return the processor time of all child processes that ended so far, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
