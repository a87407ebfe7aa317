"""gcloud itself against the local cloud: what a person runs for each service, and what it prints.

`make gcloud` runs all of it; the suite takes a seeded sixth. Skipped where gcloud is not installed.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cloud.local_cloud import ACCOUNT, LocalCloud
from tests.gcloud import hierarchy, money, workloads
from tests.gcloud.runner import Gcloud
from tests.workspace import sampled

Story = Callable[[Gcloud], None]

STORIES: tuple[Story, ...] = (
    hierarchy.projects,
    hierarchy.project_policies,
    hierarchy.folders,
    hierarchy.tags,
    hierarchy.organization_policies,
    hierarchy.older_organization_policies,
    hierarchy.contacts,
    hierarchy.assets,
    money.billing,
    money.budgets,
    money.services,
    money.keys,
    money.quotas,
    workloads.service_accounts,
    workloads.account_keys,
    workloads.roles,
    workloads.workload_identity,
    workloads.secrets,
    workloads.encryption,
    workloads.storage,
    workloads.topics,
    workloads.jobs,
    workloads.functions,
    workloads.deployment,
    workloads.alerts,
    workloads.logs,
    workloads.sinks,
)

pytestmark = pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed")


@pytest.fixture
def gcloud(tmp_path: Path) -> Iterator[Gcloud]:
    """gcloud on a local cloud of its own, which it alone has asked when the test ends."""
    cloud = LocalCloud(tmp_path)
    cloud.start()
    yield Gcloud(cloud, "acme-gcloud", ACCOUNT, tmp_path)
    assert cloud.end() == 0


@pytest.mark.parametrize("story", sampled(STORIES, len(STORIES) // 6), ids=lambda story: story.__name__)
def test_gcloud_works_as_at_google(story: Story, gcloud: Gcloud) -> None:
    story(gcloud)
