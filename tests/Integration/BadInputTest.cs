using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.BadInput;
using GovChain.Tests.Unit.Rpc;
using Grpc.Core;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Integration;

/// <summary>
/// A department's node as a process of its own, behind its real doors. Whatever breaks the wire profile is refused with its
/// rule and place, the process lives, and only what is good is on its ledger. The set is the one of
/// <see cref="FlawedEnvelopes"/>. docs/SPEC.md, "Wire profile".
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class BadInputTest
{
    private const string Type = "business-licence";
    private const int HandshakesMax = 4;
    private static readonly ParallelOptions AtOnce = new() { MaxDegreeOfParallelism = 8 };

    private readonly DevnetLayout _layout = new(Directory.CreateTempSubdirectory("govchain-test-").FullName);
    private DevnetDepartment _self = null!;
    private NodeProcess _process = null!;
    private LedgerClient _client = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _self = new DevnetBuilder(_layout).Prepare(1)[0];
        string file = _layout.At(_self.Id, "node.json");
        JsonObject configuration = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsObject();
        configuration["peers"]!["handshakesMax"] = HandshakesMax;
        configuration["peers"]!["handshakeTimeoutMs"] = 60_000; // whoever is given up is given up for the number alone
        await File.WriteAllTextAsync(file, configuration.ToJsonString());
        _process = NodeProcess.Start(file, _layout.At(_self.Id, "node.log"));
        _client = LedgerClient.Connect(new Uri($"https://localhost:{_self.ClientPort}"), _layout.AuthorityCertificate);
        await _process.WaitUntilReadyAsync(_client, TimeSpan.FromMinutes(2), CancellationToken.None);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _client?.Dispose();
        if (_process is not null)
        {
            await _process.StopAsync(TimeSpan.FromSeconds(30));
            _process.Dispose();
        }
        Directory.Delete(_layout.Directory, recursive: true);
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task Submit_EachFlawAtEachField_IsRefusedAtEveryDoorOfTheProcess_AndOnlyAGoodRecordIsThere(CancellationToken cancellation)
    {
        await DevnetImport.DefineTypeAsync(_layout, _self, _client, Type, Type, "", cancellation);
        await DevnetImport.EnrolClerkAsync(_layout, _self, _client, cancellation);
        GetStatusResponse before = await _client.GetStatusAsync(cancellation);
        Assert.That(Digest.TryParseHex((await _client.GetGenesisAsync(cancellation)).ChainId, out Digest chainId));
        using ISigner clerk = Open(DevnetBuilder.Clerk);
        using ISigner administrator = Open(DevnetBuilder.Administrator);
        IReadOnlyList<WireFlaw> flaws = FlawedEnvelopes.Of(chainId, clerk, administrator);
        Rejection[] expected = [.. flaws.Select(f => FlawedEnvelopes.ExpectedFor(f, chainId))];

        IReadOnlyList<TransactionOutcome> streamed = await StreamAsync(flaws, cancellation);
        using HttpClient http = Http();
        await Parallel.ForAsync(0, flaws.Count, AtOnce, async (i, _) =>
        {
            (string What, Rejection Expected) of = (flaws[i].What, expected[i]);
            Assert.That(streamed[i].Status, Is.EqualTo(TransactionStatus.Rejected), of.What);
            AssertSame(of, streamed[i].Rejection.Code, streamed[i].Rejection.Message, streamed[i].Rejection.Facts.ToDictionary(f => f.Key, f => f.Value));
            LedgerClientException grpc = await RefusedByGrpcAsync(flaws[i].Bytes, cancellation);
            AssertSame(of, grpc.Reason, grpc.Message, grpc.Facts);
            (string reason, string message, Dictionary<string, string> facts) = await RefusedByJsonAsync(http, flaws[i].Bytes, cancellation);
            AssertSame(of, reason, message, facts);
        });

        Assert.That(_process.HasExited, Is.False, "the process lives");
        TransactionOutcome good = await _client.SubmitAsync(Register(chainId, clerk), cancellation: cancellation);
        Assert.That(good.Status, Is.EqualTo(TransactionStatus.CommittedDurably), good.ToString());
        GetStatusResponse after = await _client.GetStatusAsync(cancellation);
        Assert.That((after.LogSize, after.Height, after.PoolTransactions), Is.EqualTo((before.LogSize + 1, before.Height + 1, 0)),
            "nothing of it is on the ledger or waits, but for the good record");
        Assert.That(await _client.FindRecordAsync(Type, "good", cancellation: cancellation), Is.Not.Null);
        TestContext.Out.WriteLine($"{flaws.Count} flaws, each through gRPC, a submit stream and JSON");
    }

    /// <summary>That a setting is read is the unit tests' to show; here, that it reaches the listener.</summary>
    [Test]
    [CancelAfter(60_000)]
    public async Task PeerListener_BeyondTheConfiguredHandshakes_GivesUpTheOldest()
    {
        var open = new List<RawConnection>();
        try
        {
            for (int i = 0; i <= HandshakesMax; i++)
                open.Add(await RawConnection.OpenAsync(_self.PeerPort));
            Assert.That(await open[0].ReadToEndAsync(), Is.Empty);
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            Assert.That(async () => await open[^1].ReadFrameAsync(soon.Token), Throws.InstanceOf<OperationCanceledException>(),
                "the others are still there");
        }
        finally
        {
            open.ForEach(c => c.Dispose());
        }
    }

    private static void AssertSame(
        (string What, Rejection Expected) of, string reason, string message, IReadOnlyDictionary<string, string> facts)
    {
        Assert.That((reason, message), Is.EqualTo((of.Expected.CodeName, of.Expected.Message)), of.What);
        foreach ((string name, string value) in of.Expected.Facts)
            Assert.That(facts.GetValueOrDefault(name), Is.EqualTo(value), $"{of.What}: {name}");
    }

    private async Task<IReadOnlyList<TransactionOutcome>> StreamAsync(IReadOnlyList<WireFlaw> flaws, CancellationToken cancellation)
    {
        using SubmitStream stream = _client.OpenSubmitStream(cancellation);
        Task sending = SendAsync();
        var outcomes = new TransactionOutcome[flaws.Count];
        while (await stream.ReadAsync(cancellation) is { } answer)
            outcomes[answer.Tag] = answer.Outcome;
        await sending;
        Assert.That(outcomes, Has.None.Null);
        return outcomes;

        async Task SendAsync()
        {
            for (int i = 0; i < flaws.Count; i++)
                await stream.SendAsync((ulong)i, flaws[i].Bytes, cancellation);
            await stream.CompleteAsync();
        }
    }

    /// <summary>The node may say to come again: that is about the sender's rate.</summary>
    private async Task<LedgerClientException> RefusedByGrpcAsync(byte[] envelope, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                TransactionOutcome outcome = await _client.SubmitAsync(new SignedEnvelope(default, envelope, 0), cancellation: cancellation);
                throw new AssertionException($"It was taken: {outcome}");
            }
            catch (LedgerClientException e) when (e.Status == StatusCode.ResourceExhausted)
            {
                await Task.Delay(e.RetryAfter ?? TimeSpan.FromSeconds(1), cancellation);
            }
            catch (LedgerClientException e)
            {
                return e;
            }
        }
    }

    private static async Task<(string Reason, string Message, Dictionary<string, string> Facts)> RefusedByJsonAsync(
        HttpClient http, byte[] envelope, CancellationToken cancellation)
    {
        while (true)
        {
            using var body = new StringContent(
                $$"""{"envelope":"{{Convert.ToBase64String(envelope)}}"}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await http.PostAsync("/v1/transactions", body, cancellation);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                await Task.Delay(response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1), cancellation);
                continue;
            }
            string text = await response.Content.ReadAsStringAsync(cancellation);
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest), text);
            JsonElement error = JsonSerializer.Deserialize<JsonElement>(text);
            JsonElement info = error.GetProperty("details").EnumerateArray().Single(d => d.TryGetProperty("reason", out JsonElement _));
            return (info.GetProperty("reason").GetString()!, error.GetProperty("message").GetString()!,
                info.GetProperty("metadata").EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString()!));
        }
    }

    private ISigner Open(string officer) =>
        KeyOptions.Open(_layout.At(_self.Id, $"{officer}.pem"), _layout.At(_self.Id, "passphrase"));

    private HttpClient Http()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(_layout.AuthorityCertificate);
        return new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } })
        {
            BaseAddress = new Uri($"https://localhost:{_self.ClientPort}"),
        };
    }

    private static SignedEnvelope Register(Digest chainId, ISigner clerk) => new TransactionFactory(chainId, clerk).Create(
        b => b.Register = new RecordChange
        {
            Record = new RecordName { Type = Type, Id = "good" },
            Payload = new Payload
            {
                Inline = new InlinePayload { MediaType = "application/json", Content = ByteString.CopyFromUtf8("{}") },
            },
        },
        (ulong)DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeMilliseconds());
}
