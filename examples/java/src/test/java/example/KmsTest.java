package example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;

class KmsTest {
    private static final String ORDERS = "1234abcd-12ab-34cd-56ef-1234567890ab";
    private static final String UNUSED = "2234abcd-12ab-34cd-56ef-1234567890ab";

    private final KmsClient kms = KmsClient.create();

    @Test
    void aKeyWasLastUsed200DaysAgo() {
        var usage = kms.getKeyLastUsage(request -> request.keyId(ORDERS)).keyLastUsage();
        assertEquals("Decrypt", usage.operationAsString());
        assertEquals(200, Duration.between(usage.timestamp(), Instant.now()).toDays());
    }

    @Test
    void aKeyWasNeverUsed() {
        var answer = kms.getKeyLastUsage(request -> request.keyId(UNUSED));
        assertTrue(answer.keyLastUsage() == null || answer.keyLastUsage().timestamp() == null);
        assertNotNull(answer.trackingStartDate());
    }

    @Test
    void whatIsEncryptedDecrypts() {
        var keyId = kms.createKey().keyMetadata().keyId();
        var plaintext = SdkBytes.fromUtf8String("order 66");
        var blob = kms.encrypt(request -> request.keyId(keyId).plaintext(plaintext)).ciphertextBlob();
        assertEquals(plaintext, kms.decrypt(request -> request.ciphertextBlob(blob)).plaintext());
    }
}
