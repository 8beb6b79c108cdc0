"""What test_dynamodb_encryption_client.py has the client do."""

import boto3
from dynamodb_encryption_sdk.encrypted.table import EncryptedTable
from dynamodb_encryption_sdk.material_providers.aws_kms import AwsKmsCryptographicMaterialsProvider

KEY = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ITEM = {"number": "66", "text": "order 66", "count": 3}

table = boto3.resource("dynamodb").create_table(
    TableName="orders",
    KeySchema=[{"AttributeName": "number", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "number", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
encrypted = EncryptedTable(table=table, materials_provider=AwsKmsCryptographicMaterialsProvider(key_id=KEY))
encrypted.put_item(Item=ITEM)
assert table.get_item(Key={"number": "66"})["Item"]["text"] != ITEM["text"]
assert encrypted.get_item(Key={"number": "66"})["Item"] == ITEM
