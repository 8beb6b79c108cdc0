# Every resource and data source of KMS that the AWS provider has. tests/acceptance/test_terraform.py applies, changes and
# destroys it. Terraform is pointed at Keytrail by variables of the environment alone: see README.md.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {}

provider "aws" {
  alias  = "elsewhere"
  region = "eu-west-1"
}

variable "description" {
  default = "orders"
}

variable "rotation_days" {
  default = 365
}

variable "valid_to" {
  description = "when imported key material expires: at most 365 days from now"
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "key" {
  statement {
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }
}

resource "aws_kms_key" "orders" {
  description             = var.description
  enable_key_rotation     = true
  rotation_period_in_days = var.rotation_days
  deletion_window_in_days = 7
  tags                    = { team = var.description }
}

resource "aws_kms_key_policy" "orders" {
  key_id = aws_kms_key.orders.id
  policy = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "orders" {
  name          = "alias/${var.description}-of-terraform"
  target_key_id = aws_kms_key.orders.key_id
}

resource "aws_kms_grant" "reader" {
  name              = "reader"
  key_id            = aws_kms_key.orders.key_id
  grantee_principal = data.aws_caller_identity.me.arn
  operations        = ["Decrypt", "DescribeKey"]
  constraints {
    encryption_context_equals = { department = "finance" }
  }
}

resource "aws_kms_key" "signing" {
  key_usage                = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_NIST_P256"
  deletion_window_in_days  = 7
}

resource "aws_kms_key" "primary" {
  multi_region            = true
  deletion_window_in_days = 7
}

resource "aws_kms_replica_key" "replica" {
  provider                = aws.elsewhere
  primary_key_arn         = aws_kms_key.primary.arn
  description             = var.description
  deletion_window_in_days = 7
}

resource "aws_kms_external_key" "imported" {
  enabled                 = true
  key_material_base64     = "Wblj06fduthWggmsT0cLVoIMOkeLbc2kVfMud77i/JY="
  valid_to                = var.valid_to
  deletion_window_in_days = 7
}

resource "aws_kms_external_key" "imported_primary" {
  multi_region            = true
  enabled                 = true
  key_material_base64     = "Wblj06fduthWggmsT0cLVoIMOkeLbc2kVfMud77i/JY="
  deletion_window_in_days = 7
}

resource "aws_kms_replica_external_key" "imported_replica" {
  provider                = aws.elsewhere
  enabled                 = true
  primary_key_arn         = aws_kms_external_key.imported_primary.arn
  key_material_base64     = "Wblj06fduthWggmsT0cLVoIMOkeLbc2kVfMud77i/JY="
  deletion_window_in_days = 7
}

resource "aws_kms_custom_key_store" "ledger" {
  custom_key_store_name    = "ledger"
  cloud_hsm_cluster_id     = "cluster-2a34b5cdefg"
  trust_anchor_certificate = "certificate"
  key_store_password       = "kmsPswd1"
}

# Encrypts when it is applied, so the key has a last use.
resource "aws_kms_ciphertext" "order" {
  key_id    = aws_kms_key.orders.key_id
  plaintext = "order 66"
  context   = { department = "finance" }
}

data "aws_kms_secrets" "opened" {
  secret {
    name    = "order"
    payload = aws_kms_ciphertext.order.ciphertext_blob
    context = { department = "finance" }
  }
}

data "aws_kms_key" "orders" {
  key_id = aws_kms_alias.orders.name
}

data "aws_kms_alias" "orders" {
  name = aws_kms_alias.orders.name
}

data "aws_kms_public_key" "signing" {
  key_id = aws_kms_key.signing.arn
}

data "aws_kms_custom_key_store" "ledger" {
  custom_key_store_name = aws_kms_custom_key_store.ledger.custom_key_store_name
}

output "key" {
  value = data.aws_kms_key.orders.arn
}

output "key_of_alias" {
  value = data.aws_kms_alias.orders.target_key_arn
}

output "order" {
  value = nonsensitive(data.aws_kms_secrets.opened.plaintext["order"])
}

output "public_key" {
  value = data.aws_kms_public_key.signing.public_key_pem
}

output "replica" {
  value = aws_kms_replica_key.replica.arn
}

output "grant" {
  value = aws_kms_grant.reader.grant_id
}

output "cluster" {
  value = data.aws_kms_custom_key_store.ledger.cloud_hsm_cluster_id
}
