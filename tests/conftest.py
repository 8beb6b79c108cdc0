"""How hypothesis tries: for as long as an example takes, for a busy machine is no fault of the code's. And no test may
leave an event that could not be written: its call was answered, so nobody else would see it.
"""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("keytrail", deadline=None)
settings.load_profile("keytrail")


@pytest.fixture(scope="session", autouse=True)
def every_event_is_written() -> Iterator[None]:
    """Fail at the end if Keytrail logged that an event could not be written."""
    lost: list[logging.LogRecord] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: lost.append(record) if record.msg == "an event could not be written" else None  # type: ignore[method-assign]
    logging.getLogger("keytrail").addHandler(handler)
    yield
    assert not lost, [record.exc_info for record in lost]
