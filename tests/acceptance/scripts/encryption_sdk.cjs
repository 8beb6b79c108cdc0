// What the tests of the Encryption SDK have it do in JavaScript: the name of a function below is the argument.
// `seal` and `openSealed` are given a message on standard input, for messages that go to and fro between languages.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const {
  AwsKmsMrkAwareSymmetricDiscoveryKeyringNode, AwsKmsMrkAwareSymmetricKeyringNode, CommitmentPolicy, KMS, KmsKeyringNode,
  NodeCachingMaterialsManager, buildAwsKmsMrkAwareStrictMultiKeyringNode, buildClient, getLocalCryptographicMaterialsCache,
} = require("@aws-crypto/client-node");

const ARN = "arn:aws:kms:us-east-1:000000000000:key/";
const KEY = `${ARN}1234abcd-12ab-34cd-56ef-1234567890ab`;
const OTHER_KEY = `${ARN}2345abcd-12ab-34cd-56ef-1234567890ab`;
const MRK = `${ARN}mrk-1234abcd12ab34cd56ef1234567890ab`;
const REPLICA = MRK.replace("us-east-1", "eu-west-1");
const ORDER = Buffer.from("order 66".repeat(1000));
const encryptionContext = { order: "66" };
const discoveryFilter = { accountIDs: ["000000000000"], partition: "aws" };

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const discovery = new KmsKeyringNode({ discovery: true, discoveryFilter });

async function seal(keyring, message = ORDER) {
  return (await encrypt(keyring, message, { encryptionContext })).result;
}

async function open(keyring, sealed) {
  const { plaintext, messageHeader } = await decrypt(keyring, sealed);
  assert.equal(messageHeader.encryptionContext.order, "66");
  return plaintext;
}

const tries = {
  async multi() {
    const sealed = await seal(new KmsKeyringNode({ generatorKeyId: KEY, keyIds: [OTHER_KEY] }));
    for (const keyring of [
      new KmsKeyringNode({ keyIds: [KEY] }), new KmsKeyringNode({ keyIds: [OTHER_KEY] }), discovery,
    ]) {
      assert.deepEqual(await open(keyring, sealed), ORDER);
    }
    await assert.rejects(open(new KmsKeyringNode({ keyIds: [MRK] }), sealed));
    const elsewhere = { accountIDs: ["111122223333"], partition: "aws" };
    await assert.rejects(open(new KmsKeyringNode({ discovery: true, discoveryFilter: elsewhere }), sealed));
  },

  async multiRegion() {
    const client = new KMS({ region: "eu-west-1" });
    const sealed = await seal(buildAwsKmsMrkAwareStrictMultiKeyringNode({ generatorKeyId: MRK }));
    const strict = new AwsKmsMrkAwareSymmetricKeyringNode({ client, keyId: REPLICA });
    assert.deepEqual(await open(strict, sealed), ORDER);
    const any = new AwsKmsMrkAwareSymmetricDiscoveryKeyringNode({ client, discoveryFilter });
    assert.deepEqual(await open(any, sealed), ORDER);
  },

  async caching() {
    const materials = new NodeCachingMaterialsManager({
      backingMaterials: new KmsKeyringNode({ generatorKeyId: KEY }),
      cache: getLocalCryptographicMaterialsCache(10),
      maxAge: 600_000,
    });
    const sealed = [];
    for (let count = 0; count < 50; count++) {
      sealed.push((await encrypt(materials, ORDER, { encryptionContext, plaintextLength: ORDER.length })).result);
    }
    for (const message of sealed) assert.deepEqual(await open(materials, message), ORDER);
  },

  async seal() {
    const sealed = await seal(new KmsKeyringNode({ generatorKeyId: KEY }), fs.readFileSync(0));
    console.log(sealed.toString("base64"));
  },

  async openSealed() {
    process.stdout.write(await open(discovery, Buffer.from(fs.readFileSync(0, "utf8"), "base64")));
  },
};

tries[process.argv[2]]();
