package example

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

const (
	orders = "1234abcd-12ab-34cd-56ef-1234567890ab"
	unused = "2234abcd-12ab-34cd-56ef-1234567890ab"
)

func client(t *testing.T) *kms.Client {
	t.Helper()
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return kms.NewFromConfig(settings)
}

func TestAKeyWasLastUsed200DaysAgo(t *testing.T) {
	answer, err := client(t).GetKeyLastUsage(context.Background(), &kms.GetKeyLastUsageInput{KeyId: aws.String(orders)})
	if err != nil {
		t.Fatal(err)
	}
	if answer.KeyLastUsage == nil || answer.KeyLastUsage.Timestamp == nil {
		t.Fatal("the key was never used")
	}
	if days := time.Since(*answer.KeyLastUsage.Timestamp).Hours() / 24; days < 199 || days > 201 {
		t.Errorf("last used %.1f days ago", days)
	}
	if operation := string(answer.KeyLastUsage.Operation); operation != "Decrypt" {
		t.Errorf("last used by %s", operation)
	}
}

func TestAKeyWasNeverUsed(t *testing.T) {
	answer, err := client(t).GetKeyLastUsage(context.Background(), &kms.GetKeyLastUsageInput{KeyId: aws.String(unused)})
	if err != nil {
		t.Fatal(err)
	}
	if answer.KeyLastUsage != nil && answer.KeyLastUsage.Timestamp != nil {
		t.Errorf("last used at %s", answer.KeyLastUsage.Timestamp)
	}
	if answer.TrackingStartDate == nil {
		t.Error("no TrackingStartDate")
	}
}

func TestWhatIsEncryptedDecrypts(t *testing.T) {
	ctx, kmsClient := context.Background(), client(t)
	key, err := kmsClient.CreateKey(ctx, &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := kmsClient.Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyMetadata.KeyId, Plaintext: []byte("order 66")})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := kmsClient.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
	if err != nil {
		t.Fatal(err)
	}
	if string(opened.Plaintext) != "order 66" {
		t.Errorf("decrypted %q", opened.Plaintext)
	}
}
