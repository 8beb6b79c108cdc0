"""python powertools.py KEY..."""

import json
import sys

from aws_lambda_powertools.utilities.data_masking import DataMasking
from aws_lambda_powertools.utilities.data_masking.provider.kms.aws_encryption_sdk import AWSEncryptionSDKProvider

masking = DataMasking(provider=AWSEncryptionSDKProvider(keys=sys.argv[1:]))
sealed = masking.encrypt({"order": 66}, tenant="acme")
found = {"opened": masking.decrypt(sealed, tenant="acme")}
try:
    masking.decrypt(sealed, tenant="another")
except Exception as error:
    found["refused"] = type(error).__name__
print(json.dumps(found))
