use std::time::{Duration, SystemTime};

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::Client;

const ORDERS: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const UNUSED: &str = "2234abcd-12ab-34cd-56ef-1234567890ab";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn client() -> Client {
    Client::new(&aws_config::load_from_env().await)
}

#[tokio::test]
async fn a_key_was_last_used_200_days_ago() {
    let answer = client()
        .await
        .get_key_last_usage()
        .key_id(ORDERS)
        .send()
        .await
        .unwrap();
    let usage = answer.key_last_usage().expect("the key was never used");
    assert_eq!(usage.operation().unwrap().as_str(), "Decrypt");
    let used = SystemTime::try_from(*usage.timestamp().unwrap()).unwrap();
    let ago = SystemTime::now().duration_since(used).unwrap();
    assert!(ago > 199 * DAY && ago < 201 * DAY, "used {ago:?} ago");
}

#[tokio::test]
async fn a_key_was_never_used() {
    let answer = client()
        .await
        .get_key_last_usage()
        .key_id(UNUSED)
        .send()
        .await
        .unwrap();
    assert!(answer
        .key_last_usage()
        .and_then(|usage| usage.timestamp())
        .is_none());
    assert!(answer.tracking_start_date().is_some());
}

#[tokio::test]
async fn what_is_encrypted_decrypts() {
    let kms = client().await;
    let key = kms.create_key().send().await.unwrap();
    let key_id = key.key_metadata().unwrap().key_id();
    let sealed = kms
        .encrypt()
        .key_id(key_id)
        .plaintext(Blob::new("order 66"))
        .send()
        .await
        .unwrap();
    let opened = kms
        .decrypt()
        .ciphertext_blob(sealed.ciphertext_blob().unwrap().clone())
        .send()
        .await
        .unwrap();
    assert_eq!(opened.plaintext().unwrap().as_ref(), b"order 66");
}
