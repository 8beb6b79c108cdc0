// What test_sdk_javascript.py has the SDK do: the name of a function below is the argument.
const assert = require("node:assert/strict");
const crypto = require("node:crypto");
const {
  DecryptCommand, DescribeKeyCommand, EncryptCommand, GenerateDataKeyCommand, GetKeyLastUsageCommand,
  GetPublicKeyCommand, InvalidCiphertextException, KMS, KMSClient, KMSServiceException, NotFoundException, SignCommand,
  paginateListAliases, paginateListKeys,
} = require("@aws-sdk/client-kms");

const KEY = "1234abcd-12ab-34cd-56ef-1234567890ab";
const OTHER_KEY = "2345abcd-12ab-34cd-56ef-1234567890ab";
const MRK = "mrk-1234abcd12ab34cd56ef1234567890ab";
const SIGNING_KEY = "aaaa0002-12ab-34cd-56ef-1234567890ab";
const ORDER = Buffer.from("order 66");
const EncryptionContext = { order: "66" };

const kms = new KMSClient({});

const tries = {
  async cryptography() {
    const dataKey = await kms.send(
      new GenerateDataKeyCommand({ KeyId: "alias/orders", KeySpec: "AES_256", EncryptionContext }));
    const opened = await kms.send(
      new DecryptCommand({ CiphertextBlob: dataKey.CiphertextBlob, EncryptionContext }));
    assert.deepEqual(opened.Plaintext, dataKey.Plaintext);

    const sealed = await kms.send(new EncryptCommand({ KeyId: MRK, Plaintext: ORDER }));
    const replica = new KMS({ region: "eu-west-1" });
    const there = await replica.decrypt({ KeyId: MRK, CiphertextBlob: sealed.CiphertextBlob });
    assert.equal(Buffer.from(there.Plaintext).toString(), "order 66");

    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: SIGNING_KEY }));
    const { Signature } = await kms.send(
      new SignCommand({ KeyId: SIGNING_KEY, Message: ORDER, SigningAlgorithm: "ECDSA_SHA_256" }));
    const publicKey = crypto.createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
    assert(crypto.verify("sha256", ORDER, publicKey, Signature));
  },

  async lastUsage() {
    const { KeyLastUsage } = await kms.send(new GetKeyLastUsageCommand({ KeyId: KEY }));
    assert(KeyLastUsage.Timestamp instanceof Date);
    console.log(JSON.stringify(KeyLastUsage));
  },

  async paginators() {
    const keys = [];
    for await (const page of paginateListKeys({ client: kms, pageSize: 1 }, {})) keys.push(...page.Keys);
    const aliases = [];
    for await (const page of paginateListAliases({ client: kms, pageSize: 1 }, { KeyId: KEY })) {
      aliases.push(...page.Aliases);
    }
    assert.deepEqual(aliases.map((alias) => alias.AliasName), ["alias/orders"]);
    console.log(JSON.stringify(keys.map((key) => key.KeyId)));
  },

  async errors() {
    await assert.rejects(kms.send(new DescribeKeyCommand({ KeyId: "alias/none" })), (error) => {
      assert(error instanceof NotFoundException && error instanceof KMSServiceException);
      assert.match(error.message, /^Alias arn:aws:kms:us-east-1:\d{12}:alias\/none is not found\.$/);
      assert.equal(error.$fault, "client");
      assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
      return true;
    });
    const sealed = await kms.send(new EncryptCommand({ KeyId: KEY, Plaintext: ORDER, EncryptionContext }));
    await assert.rejects(
      kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob })), InvalidCiphertextException);
  },

  async retries() {
    const answer = await kms.send(new EncryptCommand({ KeyId: OTHER_KEY, Plaintext: ORDER }));
    assert.equal(answer.$metadata.attempts, 4);
  },

  async endpoint() {
    assert((await new KMS({ endpoint: process.argv[3] }).listKeys({})).Keys.length);
  },

  async role() {
    const { fromTemporaryCredentials } = require("@aws-sdk/credential-providers");
    const params = { RoleArn: "arn:aws:iam::000000000000:role/Auditor", RoleSessionName: "node" };
    const auditor = new KMS({ credentials: fromTemporaryCredentials({ params }) });
    assert.equal((await auditor.listKeys({})).Keys.length, 5);
    await assert.rejects(auditor.describeKey({ KeyId: KEY }), { name: "AccessDeniedException" });
  },
};

tries[process.argv[2]]();
