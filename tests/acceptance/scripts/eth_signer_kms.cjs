// node eth_signer_kms.cjs KEY
const { KMS } = require("@aws-sdk/client-kms");
const { KMSSigner } = require("@rumblefishdev/eth-signer-kms");
const { Transaction, verifyMessage, verifyTypedData } = require("ethers");

async function main() {
  const signer = await KMSSigner.create(null, process.argv[2], new KMS({}));
  const domain = { name: "orders", version: "1", chainId: 1 };
  const types = { Order: [{ name: "number", type: "uint256" }] };
  const value = { number: 66 };
  const signed = await signer.signMessage("order 66");
  const typed = await signer.signTypedData(domain, types, value);
  const fees = { maxFeePerGas: 2n, maxPriorityFeePerGas: 1n };
  const transaction = { type: 2, chainId: 1, nonce: 0, gasLimit: 21000, to: "0x" + "ab".repeat(20), value: 66n, ...fees };
  const raw = await signer.signTransaction(transaction);
  console.log(
    JSON.stringify({
      address: await signer.getAddress(),
      message: verifyMessage("order 66", signed),
      typed: verifyTypedData(domain, types, value, typed),
      transaction: Transaction.from(raw).from,
    }),
  );
}

main();
