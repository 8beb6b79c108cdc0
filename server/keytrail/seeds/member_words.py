"""What each member of a seed means, with an example: for the JSON Schema, and the tables of docs/seeds.md.

By struct of `document.py`, and by member. What is said of a struct holds for those that are derived from it, and of
`Members` for all, unless they have words of their own. A member whose type has a description and an example needs none.
"""

from collections.abc import Mapping
from typing import Any

Words = tuple[str, Any]
"""A description and an example."""

_ROOT = "arn:aws:iam::111122223333:root"
_READER = "arn:aws:iam::111122223333:role/Reader"
_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
_BASE64 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
_ALLOW: Mapping[str, Any] = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}


def _policy(**members: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{**_ALLOW, **members}]}


_GRANT = {"GranteePrincipal": _READER, "Operations": ["Decrypt"]}
_LAST_USAGE = {"Operation": "Decrypt", "Timestamp": "20 days ago"}
_SCP_ARN = "arn:aws:organizations::111122223333:policy/o-exampleorgid/service_control_policy/p-11111111"
_RCP_ARN = "arn:aws:organizations::111122223333:policy/o-exampleorgid/resource_control_policy/p-22222222"
_DENY = _policy(Effect="Deny", Action="kms:DisableKey")
_DENY_ALL = _policy(Effect="Deny", Action="kms:DisableKey", Principal="*")
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": _ROOT}, "Action": "sts:AssumeRole"}],
}
_SCP = {"Arn": _SCP_ARN, "Policy": _DENY}
_RCP = {"Arn": _RCP_ARN, "Policy": _DENY_ALL}

WORDS: Mapping[str, Mapping[str, Words]] = {
    "Members": {
        "Account": ("The account that owns it; by default that of the settings.", "111122223333"),
        "Region": ("Its Region; by default that of the settings.", "eu-west-1"),
        "CreationDate": (
            "When it was created; by default as early as the rest needs, else now.",
            "2024-03-01T08:00:00Z",
        ),
        "LastUsage": ("Its last successful cryptographic operation, which GetKeyLastUsage tells.", _LAST_USAGE),
        "Tags": ("Tags: names and values.", {"team": "payments"}),
        "ServiceControlPolicies": ("The service control policies that are attached here.", [_SCP]),
        "ResourceControlPolicies": ("The resource control policies that are attached here.", [_RCP]),
        "Accounts": ("The accounts in it.", [{"Account": "111122223333"}]),
        "OrganizationalUnits": ("The organizational units in it.", [{"Name": "Production"}]),
    },
    "SeedDocument": {
        "settings": ("Settings of the server that the seed changes.", {"UsageDelay": "PT15M"}),
        "accounts": ("Access keys of accounts' roots.", [{"Account": "111122223333", "AccessKeyIds": ["AKIAROOT"]}]),
        "credentials": (
            "Access keys, and whose they are.",
            [{"AccessKeyId": "AKIAAUDITOR000000001", "SecretAccessKey": "auditor-secret", "Principal": _READER}],
        ),
        "identities": ("Users and roles with their policies.", [{"Arn": _READER, "Policies": {"read": _policy()}}]),
        "organization": (
            "The organization of accounts.",
            {"Id": "o-exampleorgid", "ManagementAccount": "111122223333"},
        ),
        "serviceControlPolicies": (
            "Service control policies outside of an organization, for the accounts that they name.",
            [{**_SCP, "Accounts": ["111122223333"]}],
        ),
        "resourceControlPolicies": (
            "Resource control policies outside of an organization, for the accounts that they name.",
            [{**_RCP, "Accounts": ["111122223333"]}],
        ),
        "customKeyStores": ("Custom key stores.", [{"CustomKeyStoreId": "cks-1234567890abcdef0"}]),
        "awsManagedKeys": ("AWS managed keys, by their aliases.", [{"Alias": "alias/aws/s3"}]),
        "keys": ("Keys, with all that belongs to them.", [{"KeyId": _KEY, "Aliases": ["alias/orders"]}]),
        "faults": (
            "Fault rules: calls that fail.",
            [{"Operations": "Decrypt", "Count": 1, "Error": "KMSInternalException"}],
        ),
    },
    "SettingsMember": {
        "UsageDelay": ("How late a use shows in GetKeyLastUsage: ISO 8601 or seconds, at most PT1H.", "PT15M"),
        "ConsistencyDelay": ("How late changes of keys, aliases and grants show: ISO 8601 or seconds.", "PT5S"),
        "RequestQuotas": (
            "Requests a second: off, aws, a multiple of AWS's, or quotas by name.",
            "Symmetric=5,CreateKey=1",
        ),
    },
    "AccountMember": {
        "Account": ("The account: 12 digits, in quotes.", "111122223333"),
        "AccessKeyIds": ("Access keys of its root; any secret is accepted.", ["AKIAROOT"]),
    },
    "CredentialMember": {
        "AccessKeyId": ("The access key id.", "AKIAAUDITOR000000001"),
        "SecretAccessKey": ("Its secret: signatures with another one are refused.", "auditor-secret"),
        "SessionToken": ("The token of temporary credentials.", "a-session-token"),
        "Expiration": ("When temporary credentials expire.", "in 1 hour"),
        "Principal": ("Whose it is: ARN of a user, role, role session or account root, or a service.", _READER),
        "Account": ("The account on whose behalf a service calls; only if the principal is a service.", "111122223333"),
    },
    "IdentityMember": {
        "Arn": ("ARN of the user or role.", _READER),
        "Policies": ("Its identity policies by name, inline and managed alike.", {"use-keys": _policy()}),
        "PermissionsBoundary": ("Its permissions boundary.", _policy()),
        "TrustPolicy": ("Who may assume the role.", _TRUST),
        "MaxSessionDuration": ("How long its sessions last at most, in seconds; 3600 if not given.", 7200),
    },
    "ControlPolicyMember": {
        "Policy": ("The policy: a mapping, or its JSON text.", _DENY),
        "Accounts": ("The accounts that it applies to; not inside of an organization.", ["111122223333"]),
    },
    "ServiceControlPolicyMember": {"Arn": ("ARN of the policy, which refusals name.", _SCP_ARN)},
    "ResourceControlPolicyMember": {
        "Arn": ("ARN of the policy.", _RCP_ARN),
        "Policy": ("The policy: a mapping, or its JSON text.", _DENY_ALL),
    },
    "MemberAccountMember": {"Account": ("The account: 12 digits, in quotes.", "111122223333")},
    "OrganizationalUnitMember": {
        "Name": ("A name, for people.", "Production"),
        "Id": ("Its id; derived if not given.", "ou-ab12-11111111"),
    },
    "OrganizationMember": {
        "Id": ("Its id, as in aws:PrincipalOrgID.", "o-exampleorgid"),
        "RootId": ("The id of its root; derived if not given.", "r-ab12"),
        "ManagementAccount": ("The account that no policy of the organization limits.", "111122223333"),
    },
    "CustomKeyStoreMember": {
        "CustomKeyStoreId": ("Its id, which keys name.", "cks-1234567890abcdef0"),
        "CustomKeyStoreName": ("Its name; `keytrail-` and the id if not given.", "payments-hsm"),
        "CustomKeyStoreType": (
            "Whether a CloudHSM cluster or an external key manager is behind it.",
            "EXTERNAL_KEY_STORE",
        ),
        "ConnectionState": ("Whether it is connected; its keys are Unavailable if not.", "DISCONNECTED"),
        "ConnectionErrorCode": ("Why connecting fails, each time.", "USER_LOCKED_OUT"),
        "CloudHsmClusterId": ("Its cluster; derived if not given.", "cluster-2a34b5cdefg"),
        "TrustAnchorCertificate": ("The certificate of its cluster.", "-----BEGIN CERTIFICATE-----..."),
        "XksProxyConfiguration": (
            "Its proxy; derived if not given.",
            {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "UriEndpoint": "https://xks.example.com"},
        ),
    },
    "XksProxyMember": {
        "Connectivity": ("How KMS reaches the proxy.", "PUBLIC_ENDPOINT"),
        "AccessKeyId": ("The access key id of the proxy's own credentials.", "ABCDEFGHIJKLMNOPQRST"),
        "UriEndpoint": ("Where the proxy is.", "https://xks.example.com"),
        "UriPath": ("The path of its API.", "/kms/xks/v1"),
        "VpcEndpointServiceName": (
            "The service, with Connectivity VPC_ENDPOINT_SERVICE.",
            "com.amazonaws.vpce.us-east-1.vpce-svc-0example1234567890",
        ),
        "VpcEndpointServiceOwner": ("The account of that service; by default the store's.", "111122223333"),
    },
    "AwsManagedKeyMember": {
        "Alias": ("The alias of the service's key.", "alias/aws/s3"),
        "Grants": ("Its grants, which the service has made.", [_GRANT]),
    },
    "LastUsageMember": {
        "Operation": ("The operation.", "Decrypt"),
        "Timestamp": ("When it was.", "20 days ago"),
        "Via": ("The service that made the call on somebody's behalf, by its short name.", "s3"),
        "CloudTrailEventId": ("The id of its event; derived if not given.", "4444abcd-12ab-34cd-56ef-1234567890ab"),
        "KmsRequestId": ("The id of its request; derived if not given.", "5555abcd-12ab-34cd-56ef-1234567890ab"),
    },
    "AliasMember": {"AliasName": ("The alias.", "alias/orders")},
    "RegionalMember": {
        "PreviouslyTagged": ("Whether it had tags once; GetResources lists such a key without any.", True),
        "KeyState": ("Its state.", "Disabled"),
        "Description": ("Its description.", "orders, used by a nightly job"),
        "Policy": (
            "Its key policy: a mapping, or its JSON text; by default the one that leaves access to IAM policies.",
            _policy(Principal={"AWS": _ROOT}),
        ),
        "Aliases": ("Its aliases.", ["alias/orders"]),
        "DeletionDate": (
            "When it will be deleted, with KeyState PendingDeletion; in 30 days if not given.",
            "in 10 days",
        ),
        "PendingDeletionWindowInDays": (
            "Days of waiting once the replicas are gone: KeyState PendingReplicaDeletion.",
            7,
        ),
        "ValidTo": ("When its imported key material expires.", "in 30 days"),
        "Grants": ("Its grants.", [_GRANT]),
    },
    "ReplicaMember": {"Region": ("The Region of the replica.", "eu-west-1")},
    "KeyMember": {
        "KeyId": ("Its id: a lower-case UUID, or `mrk-` and 32 lower-case hex digits for a multi-Region key.", _KEY),
        "KeySpec": ("Its spec; by default one that fits its usage and its last use.", "RSA_2048"),
        "KeyUsage": ("Its usage; by default one that fits its spec and its last use.", "SIGN_VERIFY"),
        "Origin": ("Where its material comes from.", "EXTERNAL"),
        "KeyMaterial": (
            "Its material in base64: raw bytes, or a private key in PKCS #8 (DER); derived from its id if not given.",
            _BASE64,
        ),
        "KeyMaterialDescription": ("A description of imported key material.", "from the vault in Bern"),
        "KeyMaterials": ("All materials of a key of Origin EXTERNAL, the oldest first.", [{"ValidTo": "in 30 days"}]),
        "Rotation": (
            "Its rotations, past and automatic.",
            {"RotationPeriodInDays": 365, "Rotations": [{"RotationDate": "30 days ago"}]},
        ),
        "CustomKeyStoreId": ("The custom key store that it is in.", "cks-1234567890abcdef0"),
        "XksKeyId": ("The external key behind it; its own id if not given.", "key-in-our-hsm"),
        "MultiRegion": ("Whether it is a multi-Region key, which its id tells too.", True),
        "Replicas": ("Its replicas in other Regions.", [{"Region": "eu-west-1"}]),
    },
    "ImportedMaterialMember": {
        "KeyMaterial": ("The material in base64; derived from the key's id if not given.", _BASE64),
        "KeyMaterialDescription": ("Its description.", "from the vault in Bern"),
        "KeyMaterialState": (
            "PENDING_ROTATION, or its like, if the key was not rotated to it yet.",
            "PENDING_ROTATION",
        ),
        "ImportState": ("Whether it is there, or expired or deleted.", "PENDING_IMPORT"),
        "ValidTo": ("When it expires; never if not given.", "in 30 days"),
        "RotationDate": ("When the key was rotated to it; all but the first have one.", "20 days ago"),
    },
    "RotationMember": {
        "RotationPeriodInDays": ("The days between automatic rotations; none if not given.", 365),
        "NextRotationDate": ("The next automatic rotation; as the period has it if not given.", "in 3 days"),
        "Rotations": (
            "Past rotations, the oldest first.",
            [{"RotationDate": "30 days ago", "RotationType": "ON_DEMAND"}],
        ),
        "PastKeyMaterials": ("The materials that these ended, in base64; derived if not given.", [_BASE64]),
    },
    "PastRotationMember": {
        "RotationDate": ("When it was.", "30 days ago"),
        "RotationType": ("What caused it.", "ON_DEMAND"),
    },
    "GrantMember": {
        "GrantId": ("Its id; derived from the key if not given.", "12ab" * 16),
        "GrantToken": ("Its token; derived from the key if not given.", "reader"),
        "Name": ("Its name.", "export"),
        "CreationDate": ("When it was created; with the key if not given.", "30 days ago"),
        "IssuingAccount": ("The account that created it; the key's if not given.", "444455556666"),
        "Operations": ("What it allows.", ["Decrypt", "GenerateDataKey"]),
        "GranteePrincipal": ("Whom it allows that: ARN of a user, role, session or root.", _READER),
        "GranteeServicePrincipal": ("Or a service.", "s3.amazonaws.com"),
        "RetiringPrincipal": ("Who may retire it.", _READER),
        "RetiringServicePrincipal": ("Or a service.", "s3.amazonaws.com"),
        "Constraints": ("When it applies.", {"EncryptionContextSubset": {"tenant": "acme"}}),
    },
    "ConstraintsMember": {
        "EncryptionContextSubset": ("The encryption context has these pairs.", {"tenant": "acme"}),
        "EncryptionContextEquals": ("The encryption context is this.", {"tenant": "acme", "purpose": "export"}),
        "SourceArn": (
            "The resource for which a service uses the key.",
            "arn:aws:dynamodb:us-east-1:111122223333:table/T",
        ),
    },
    "ExternalErrorMember": {
        "CloudHsmClusterId": ("The cluster that has the error.", "cluster-234567abcde"),
        "XksProxyUriEndpoint": ("The external key store proxy that has it.", "https://xks.example.com"),
        "XksProxyVpcEndpointServiceName": (
            "The VPC endpoint service that has it.",
            "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
        ),
        "XksKeyId": ("The external key that has it.", "external-key"),
    },
    "FaultMember": {
        "Service": ("The service whose calls it is about.", "kms"),
        "Operations": (
            "The operations, one or several; by default all of the service.",
            ["Decrypt", "GenerateDataKey"],
        ),
        "KeyId": ("Only calls about this key: id, ARN or alias.", "alias/orders"),
        "Account": ("Only calls of this account.", "111122223333"),
        "Region": ("Only calls in this Region.", "eu-west-1"),
        "Call": ("Strike on the n-th call alone.", 3),
        "Count": ("Strike so many times.", 2),
        "Probability": ("Strike with this probability.", 0.1),
        "Seed": ("With the same seed, the same calls are struck.", 7),
        "Error": ("The code of the error that is answered.", "KMSInternalException"),
        "Message": ("Its message; AWS's if not given.", "try again later"),
        "Latency": ("Milliseconds by which the answer is late, or their distribution.", 250),
        "Drop": ("Drop the connection before or after the operation.", "after"),
        "Truncate": ("Send so many bytes of the answer, then close the connection.", 10),
    },
    "LatencyMember": {
        "Distribution": ("Which distribution it has.", "lognormal"),
        "Low": ("The least, of a uniform distribution.", 10),
        "High": ("The greatest, of a uniform distribution.", 50),
        "Mean": ("The mean of a normal distribution.", 40),
        "Deviation": ("Its standard deviation.", 5),
        "Median": ("The median of a lognormal distribution.", 30),
        "Sigma": ("The standard deviation of its logarithm.", 0.5),
    },
}
