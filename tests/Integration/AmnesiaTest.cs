using GovChain.Client;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// A data directory that was put back as a whole, or wiped, looks clean from inside. The node must learn from the others
/// that it has forgotten votes (docs/PROTOCOL.md, "Amnesia"), and follow and serve without voting.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class AmnesiaTest
{
    private const string Type = "licence";
    private const int Owner = 1;
    private const int Forgetful = 3;

    private TestNetwork? _network;
    private int _records;

    private TestNetwork Network => _network!;

    private string Data => Network.Layout.At(Network.Network.Departments[Forgetful].Id, "data");

    [TearDown]
    public async Task StopAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
    }

    [Test]
    [CancelAfter(420_000)]
    public async Task Directory_PutBackAsAWholeThenWiped_FollowsAndServesButNeverVotes(CancellationToken cancellation)
    {
        _network = await TestNetwork.StartAsync(cancellation);
        await Network.DefineTypeAsync(Owner, Type, cancellation);
        await Network.Network.WaitUntilLevelAsync(cancellation);
        await Network.Network.Processes[Forgetful].KillAsync();
        string copy = Data + ".copy";
        CopyDirectory(Data, copy);
        await StartAsync(Forgetful, cancellation);
        Assert.That((await SettledStatusAsync(cancellation)).Voting, Is.True, "a restart alone forgets nothing");

        // With another department away, every certificate needs the vote that will be forgotten.
        await Network.Network.Processes[0].KillAsync();
        await CommitAsync(cancellation);
        await StartAsync(0, cancellation);

        await Network.Network.Processes[Forgetful].KillAsync();
        Directory.Delete(Data, recursive: true);
        Directory.Move(copy, Data);
        await StartAsync(Forgetful, cancellation);
        await AssertAbstainsAsync(cancellation);
        await CommitAsync(cancellation);
        await Network.Network.WaitUntilLevelAsync(cancellation);

        await Network.Network.Processes[Forgetful].KillAsync();
        Directory.Delete(Data, recursive: true);
        await StartAsync(Forgetful, cancellation);
        await AssertAbstainsAsync(cancellation);
        await AssertVoteIsMissingAsync(cancellation);

        await Network.KillAndRestartAsync(Forgetful, cancellation);
        await AssertAbstainsAsync(cancellation);
        await Network.AuditAllAsync(cancellation);
    }

    private async Task AssertAbstainsAsync(CancellationToken cancellation)
    {
        GetStatusResponse status = await SettledStatusAsync(cancellation);
        Assert.That(status.Voting, Is.False);
        Assert.That(status.AbstainingBecause, Does.StartWith("Another department holds a vote of this node"));
    }

    /// <summary>Without one of the other three nothing is recorded although three nodes are up.</summary>
    private async Task AssertVoteIsMissingAsync(CancellationToken cancellation)
    {
        await Network.Network.Processes[0].KillAsync();
        using LedgerClient client = Network.Network.ConnectClient(Owner);
        SignedEnvelope envelope = Network.SignRegistration(Owner, Type, $"L-{++_records}", "{}"u8.ToArray());
        ulong height = (await client.GetStatusAsync(cancellation)).Height;
        try
        {
            TransactionOutcome waited =
                await client.SubmitAsync(envelope, WaitFor.Committed, TimeSpan.FromSeconds(3), cancellation);
            Assert.That(waited.Status, Is.EqualTo(TransactionStatus.Pending), "three are up, but only two vote");
        }
        catch (LedgerClientException e)
        {
            Assert.That(e.IsTransient, $"the refusal is one to try again after: {e.Reason}: {e.Message}");
        }
        Assert.That((await client.GetStatusAsync(cancellation)).Height, Is.EqualTo(height), "no block without a quorum");
        await StartAsync(0, cancellation);
        TransactionOutcome outcome =
            await client.SubmitAsync(envelope, WaitFor.Committed, TimeSpan.FromSeconds(60), cancellation);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably));
        await Network.Network.WaitUntilLevelAsync(cancellation);
    }

    private async Task StartAsync(int department, CancellationToken cancellation)
    {
        Network.Network.Launch(department);
        await Network.Network.WaitUntilReadyAsync(department, cancellation);
    }

    private async Task CommitAsync(CancellationToken cancellation)
    {
        using LedgerClient client = Network.Network.ConnectClient(Owner);
        SignedEnvelope envelope = Network.SignRegistration(Owner, Type, $"L-{++_records}", "{}"u8.ToArray());
        TransactionOutcome outcome =
            await client.SubmitAsync(envelope, WaitFor.Committed, TimeSpan.FromSeconds(60), cancellation);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably));
    }

    /// <summary>The node's status once enough of the others have answered what they know of it.</summary>
    private async Task<GetStatusResponse> SettledStatusAsync(CancellationToken cancellation)
    {
        using LedgerClient client = Network.Network.ConnectClient(Forgetful);
        while (true)
        {
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            if (!status.AbstainingBecause.StartsWith("It has just started", StringComparison.Ordinal))
                return status;
            await Task.Delay(100, cancellation);
        }
    }

    private static void CopyDirectory(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
