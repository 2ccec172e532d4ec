using System.Collections.Concurrent;
using System.Security.Cryptography;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Node.Commands;
using GovChain.Rpc;
using GovChain.Tests.Unit.Rpc;
using Grpc.Net.Client;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Import;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ImporterTests
{
    private const int Events = 200;

    [Test]
    [CancelAfter(60_000)]
    public async Task Run_StreamBreaksWhileTheWindowIsBeingFilled_SendsEveryEventAgain(CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("govchain-import-").FullName;
        try
        {
            // A narrow window: most of the file is not even written when the stream breaks.
            await using RpcHost host = await RpcHost.StartAsync(
                new RpcOptions { RetryAfter = TimeSpan.FromMilliseconds(20), StreamWindowEnvelopes = 2 });
            var seen = new ConcurrentDictionary<string, int>();
            int submissions = 0;
            host.Gateway.OnSubmit = (envelope, _, _, _) =>
            {
                if (Interlocked.Increment(ref submissions) == 3)
                    throw LedgerRequestException.NotReady("The node is going.", TimeSpan.FromMilliseconds(20));
                string id = Convert.ToHexStringLower(SHA256.HashData(envelope.Span));
                seen.AddOrUpdate(id, 1, static (_, n) => n + 1);
                return Task.FromResult(Outcomes.Committed(id, 7, 42));
            };
            using var channel = GrpcChannel.ForAddress(host.GrpcAddress);
            using var client = new LedgerClient(host.GrpcAddress, channel);
            using PlatformSigner signer = PlatformSigner.Create();
            var factory = new TransactionFactory(Sha256.Hash("chain"u8), signer);
            ImportFile file = FileOf(Events);
            ImportSummary summary = await RunAsync();

            Assert.That((summary.Registered, summary.CommittedBefore), Is.EqualTo((Events, 0)));
            Assert.That(seen, Has.Count.EqualTo(Events), "an event sent again is the same envelope");
            Assert.That(ImportCommand.Sentence(file, summary), Does.Contain($"{Events} on the ledger ({Events} registered"));

            int before = submissions;
            ImportSummary again = await RunAsync();
            Assert.That((again.Registered, again.CommittedBefore, submissions), Is.EqualTo((Events, Events, before)), "nothing is sent");
            Assert.That(ImportCommand.Sentence(file, again), Does.Contain($"nothing new. All {Events} were already there"));

            async Task<ImportSummary> RunAsync()
            {
                using ImportState state = ImportState.Open(
                    Path.Combine(folder, "state"), factory.ChainId, "open-type", file.Digest, factory.Signer);
                return await new Importer(client, factory, file, "open-type", state).RunAsync(null, cancellation);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ImportFile FileOf(int count)
    {
        byte[] payload = new byte[16 * 1024];
        Array.Fill(payload, (byte)' ');
        "{}"u8.CopyTo(payload);
        var events = new List<ImportEvent>();
        for (int i = 0; i < count; i++)
            events.Add(new ImportEvent(i + 1, ImportOperation.Register, $"R-{i}", payload, "", ""));
        return new ImportFile("test.ndjson", Sha256.Hash("file"u8), "application/json", events, "", "");
    }
}
