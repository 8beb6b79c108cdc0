"""python kmsauth_token.py ALIAS"""

import os
import sys

from kmsauth import KMSTokenGenerator, KMSTokenValidator, TokenValidationError

alias, region = sys.argv[1], os.environ["AWS_DEFAULT_REGION"]
generator = KMSTokenGenerator(alias, {"from": "web", "to": "orders", "user_type": "service"}, region)
token = generator.get_token()
orders = KMSTokenValidator([alias], None, "orders", region)
print(orders.decrypt_token(generator.get_username(), token)["key_alias"])
try:
    KMSTokenValidator([alias], None, "another", region).decrypt_token(generator.get_username(), token)
except TokenValidationError as error:
    print("refused:", type(error).__name__)
