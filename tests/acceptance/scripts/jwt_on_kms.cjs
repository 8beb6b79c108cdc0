// node jwt_on_kms.cjs KEY
const { constants, createPublicKey, verify } = require("node:crypto");
const { GetPublicKeyCommand, KMSClient } = require("@aws-sdk/client-kms");
const jwtOnKms = require("jwt-on-kms");

async function main() {
  const keyId = process.argv[2];
  const client = new KMSClient({});
  jwtOnKms.setClient(client);
  const token = await jwtOnKms.sign({ order: 66 }, keyId);
  const itself = (await jwtOnKms.verify(token, keyId)).isValid;
  const tampered = (await jwtOnKms.verify(token.replace(/\.[^.]+\./, ".eyJvcmRlciI6Njd9."), keyId)).isValid;

  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
  const [header, payload, signature] = token.split(".");
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const node = verify("sha256", `${header}.${payload}`, pss, Buffer.from(signature, "base64url"));
  console.log(JSON.stringify({ itself, tampered, node }));
}

main();
