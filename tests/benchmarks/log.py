"""What the log of requests costs: a server that writes one beside one that is quiet."""

import servers
from measures import Effort, in_turn, many, requests_of
from report import Row, of_cpu


def request_log(effort: Effort) -> list[Row]:
    """CPU per DescribeKey with a log of requests in a file, compared with none."""
    rows = []
    with servers.keytrail() as quiet:
        theirs = requests_of(quiet, "DescribeKey")["DescribeKey"]
        for log in ("text", "json"):
            with servers.keytrail(log=log) as logging:
                ours = requests_of(logging, "DescribeKey")["DescribeKey"]
                for connections in (1, 16):
                    results = in_turn(effort, logging, quiet, ours, theirs, connections)
                    rows.append(of_cpu(f"DescribeKey, {many(connections)}, log in {log}: quiet", *results, 1.5))
    return rows
