"""GenerateMac and VerifyMac.

Source: KMS API Reference; the order of the checks and their messages as recorded from AWS.
"""

from keytrail.call import Call, Reply
from keytrail.crypto import mac as hmac
from keytrail.domain.key import USABLE, Key
from keytrail.domain.key_spec import KeyUsage
from keytrail.errors import KMSInvalidMacException
from keytrail.operation import BY_KEY, operation


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.GENERATE_VERIFY_MAC,
    states=USABLE,
    tracked=True,
    grantable="any",
    quota=BY_KEY,
)
def generate_mac(call: Call, key: Key, *, message: bytes, mac_algorithm: str) -> Reply:
    """The HMAC (RFC 2104) of up to 4096 bytes."""
    key.require_algorithm(mac_algorithm)
    mac = hmac.generate(mac_algorithm, key.require_material().data, message)
    return {"Mac": mac, "MacAlgorithm": mac_algorithm, "KeyId": key.arn}


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.GENERATE_VERIFY_MAC,
    states=USABLE,
    tracked=True,
    grantable="any",
    quota=BY_KEY,
)
def verify_mac(call: Call, key: Key, *, message: bytes, mac_algorithm: str, mac: bytes) -> Reply:
    """Check the MAC of a message: MacValid is true, or raises KMSInvalidMacException."""
    key.require_algorithm(mac_algorithm)
    if not hmac.verify(mac_algorithm, key.require_material().data, message, mac):
        raise KMSInvalidMacException
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": mac_algorithm}
