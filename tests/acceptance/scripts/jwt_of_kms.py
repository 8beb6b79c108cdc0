"""python jwt_of_kms.py KEY ALGORITHM"""

import json
import sys

import boto3
import jwt
from jwt_kms import jwk, jws

key = jwk.Key(boto3.client("kms"), sys.argv[1])
token = jws.JWS({"order": 66}).add_signature(key, sys.argv[2]).serialize(compact=True)
print(json.dumps(jwt.decode(token, key.public_key_pem, algorithms=[sys.argv[2]])))
assert jwt.decode(token, jwt.PyJWK(key.public_key_jwk, sys.argv[2]), algorithms=[sys.argv[2]]) == {"order": 66}
