"""The queries of the alert policies are ones that the local cloud evaluates: else its alerts would be silent."""

import pytest

from landing_zone.gemini.quotas import LimitName
from landing_zone.monitoring import queries
from sandbox.cloud.monitoring import promql


@pytest.mark.parametrize("name", ["requestsPerMinute", "inputTokensPerMinute"])
def test_the_local_cloud_reads_every_query(name: LimitName) -> None:
    for text in (
        f"({queries.quota_share(name)} or {queries.quota_share(name)}) > 0.8",
        f"sum({queries.usage_rate(name, 'model')}) > 2000",
    ):
        # Nothing but added use makes them true, so that they are evaluated only then.
        assert promql.parse(text).steady
