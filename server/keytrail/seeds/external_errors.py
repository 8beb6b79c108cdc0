"""Reading the errors behind custom key stores: those of clusters, proxies, VPC endpoint services and external keys."""

from keytrail.domain.external_errors import MEMBERS, errors_of
from keytrail.seeds.fault_members import ExternalErrorMember
from keytrail.seeds.reader import SeedReader


def read_external_error(path: str, member: ExternalErrorMember, reader: SeedReader) -> None:
    """Add the error of one thing."""
    values = (
        member.cloud_hsm_cluster_id,
        member.xks_proxy_uri_endpoint,
        member.xks_proxy_vpc_endpoint_service_name,
        member.xks_key_id,
    )
    named = [(name, value) for name, value in zip(MEMBERS, values, strict=True) if value is not None]
    if len(named) != 1:
        reader.add_problem(path, f"name exactly one thing, by one of {', '.join(MEMBERS)}")
        return
    [thing] = named
    choices = errors_of(thing[0])
    if member.error not in choices:
        reader.add_problem(f"{path}.Error", f"expected one of {', '.join(choices)}, got {member.error!r}")
    reader.require_once(path, f"the error of {thing[0]} {thing[1]}", "it has one")
    reader.seed.external_errors[thing] = member.error
