"""Which Regions a multi-Region key can have replicas in."""

import botocore.session
import pytest

from keytrail.domain.arn import partition_of
from keytrail.domain.multi_region import require_replicable
from keytrail.errors import ValidationException
from keytrail.regions import regions_by_partition


@pytest.mark.parametrize("partition", regions_by_partition())
def test_each_region_with_kms_is_a_region_of_its_partition(partition: str) -> None:
    """How we know: botocore's endpoints.json. Its list of partitions has Regions in which KMS is yet to come."""
    listed = botocore.session.get_session().get_available_regions("kms", partition)
    assert listed
    assert set(listed) <= set(regions_by_partition()[partition])
    assert {partition_of(region) for region in listed} == {partition}


def test_a_region_that_aws_does_not_have_can_be_allowed() -> None:
    with pytest.raises(ValidationException, match="Region us-test-1 is not a valid Region"):
        require_replicable("us-east-1", "us-test-1")
    require_replicable("us-east-1", "us-test-1", {"us-test-1"})
