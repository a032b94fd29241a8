"""What the server counts, in the text form that Prometheus reads.  No value of a paper is in it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

_BOUNDS_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Counters:
    """Requests by path, status and error code, their times, and faults put in on purpose."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int, str]] = Counter()
        self._times: Counter[int] = Counter()
        self._seconds = 0.0
        self.faults: Counter[str] = Counter()
        self.replayed = 0

    def count(self, path: str, status: int, code: str, seconds: float) -> None:
        """Count one answered request.

        Parameters
        ----------
        path
            Of the endpoint; ``"-"`` for unknown ones, which could be anything.
        status
            Of HTTP.
        code
            The ``errorCode``; "" where there is none.
        seconds
            From its head to its answer.
        """
        self._requests[path, status, code] += 1
        self._times[bisect_left(_BOUNDS_S, seconds)] += 1
        self._seconds += seconds

    def text(self, **gauges: int) -> str:
        """All of it.

        Parameters
        ----------
        gauges
            Further figures by name, as they are now.

        Examples
        --------
        >>> counters = Counters()
        >>> counters.count("/a", 200, "0", 0.2)
        >>> print(counters.text(waiting=3).splitlines()[1])
        cvocr_requests_total{path="/a",status="200",code="0"} 1
        """
        lines = ["# TYPE cvocr_requests_total counter"]
        for (path, status, code), n in sorted(self._requests.items()):
            labels = f'path="{path}",status="{status}",code="{code}"'
            lines.append(f"cvocr_requests_total{{{labels}}} {n}")
        lines.append("# TYPE cvocr_request_seconds histogram")
        below = 0
        for at, bound in enumerate(_BOUNDS_S):
            below += self._times[at]
            lines.append(f'cvocr_request_seconds_bucket{{le="{bound:g}"}} {below}')
        total = self._times.total()
        lines.append(f'cvocr_request_seconds_bucket{{le="+Inf"}} {total}')
        lines.append(f"cvocr_request_seconds_sum {self._seconds:.6f}")
        lines.append(f"cvocr_request_seconds_count {total}")
        lines.append("# TYPE cvocr_replayed_total counter")
        lines.append(f"cvocr_replayed_total {self.replayed}")
        lines.append("# TYPE cvocr_faults_total counter")
        lines += [f'cvocr_faults_total{{fault="{f}"}} {n}' for f, n in sorted(self.faults.items())]
        for name, value in gauges.items():
            lines += [f"# TYPE cvocr_{name} gauge", f"cvocr_{name} {value}"]
        return "\n".join(lines) + "\n"
