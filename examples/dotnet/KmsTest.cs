using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Xunit;

public class KmsTest
{
    private const string Orders = "1234abcd-12ab-34cd-56ef-1234567890ab";
    private const string Unused = "2234abcd-12ab-34cd-56ef-1234567890ab";

    private readonly AmazonKeyManagementServiceClient _kms = new();

    [Fact]
    public async Task AKeyWasLastUsed200DaysAgo()
    {
        var answer = await _kms.GetKeyLastUsageAsync(new GetKeyLastUsageRequest { KeyId = Orders });
        Assert.Equal("Decrypt", answer.KeyLastUsage.Operation.Value);
        var ago = DateTime.UtcNow - answer.KeyLastUsage.Timestamp!.Value.ToUniversalTime();
        Assert.InRange(ago.TotalDays, 199, 201);
    }

    [Fact]
    public async Task AKeyWasNeverUsed()
    {
        var answer = await _kms.GetKeyLastUsageAsync(new GetKeyLastUsageRequest { KeyId = Unused });
        Assert.Null(answer.KeyLastUsage?.Timestamp);
        Assert.NotNull(answer.TrackingStartDate);
    }

    [Fact]
    public async Task WhatIsEncryptedDecrypts()
    {
        var key = await _kms.CreateKeyAsync(new CreateKeyRequest());
        var encrypt = new EncryptRequest
        {
            KeyId = key.KeyMetadata.KeyId,
            Plaintext = new MemoryStream(Encoding.UTF8.GetBytes("order 66")),
        };
        var blob = (await _kms.EncryptAsync(encrypt)).CiphertextBlob;
        var opened = await _kms.DecryptAsync(new DecryptRequest { CiphertextBlob = blob });
        Assert.Equal("order 66", Encoding.UTF8.GetString(opened.Plaintext.ToArray()));
    }
}
