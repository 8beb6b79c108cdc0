// node solana_keychain.cjs KEY
const { createPublicKey, verify } = require("node:crypto");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { GetPublicKeyCommand, KMSClient } = require("@aws-sdk/client-kms");

// It can only be imported, and import does not look at NODE_PATH.
const LIBRARY = pathToFileURL(join(process.env.NODE_PATH, "@solana/keychain-aws-kms/dist/index.js"));
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Base58 of 32 bytes, as Solana writes addresses. */
function base58(bytes) {
  let number = BigInt("0x" + Buffer.from(bytes).toString("hex"));
  let text = "";
  for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)] + text;
  return text;
}

async function main() {
  const keyId = process.argv[2];
  const { AwsKmsSigner } = await import(LIBRARY);
  const { PublicKey } = await new KMSClient({}).send(new GetPublicKeyCommand({ KeyId: keyId }));
  const address = base58(PublicKey.slice(-32));
  const signer = new AwsKmsSigner({ keyId, publicKey: address });
  const content = new TextEncoder().encode("order 66");
  const [signatures] = await signer.signMessages([{ content, signatures: {} }]);
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
  const verified = verify(null, content, key, Buffer.from(signatures[address]));
  console.log(JSON.stringify({ available: await signer.isAvailable(), verified }));
}

main();
