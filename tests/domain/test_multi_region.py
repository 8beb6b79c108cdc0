"""The Regions that have KMS."""

import botocore.session

from keytrail.domain.arn import partition_of
from keytrail.domain.multi_region import REGIONS


def test_the_regions_and_their_partitions_are_those_of_botocore() -> None:
    """How we know: botocore's endpoints.json. When the pin of botocore is raised, so is the list."""
    session = botocore.session.get_session()
    listed = {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("kms", partition)
    }
    assert {region: partition_of(region) for region in REGIONS} == listed
