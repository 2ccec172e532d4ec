using GovChain.Client;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// A data directory that was put back as a whole, or wiped, looks clean from inside. The node must learn from the others
/// that it has forgotten votes (docs/PROTOCOL.md, "Amnesia"), follow and serve without voting, and vote again once it
/// cannot contradict itself any more ("Voting again").
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
    [Category(TestGroup.Joining)]
    public async Task Directory_PutBackAsAWholeThenWiped_AbstainsAndVotesAgainSomeBlocksLater(CancellationToken cancellation)
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
        ulong first = await AssertAbstainsAsync(cancellation);
        await AssertVoteIsMissingAsync(cancellation);
        await Network.KillAndRestartAsync(Forgetful, cancellation);
        Assert.That(await AssertAbstainsAsync(cancellation), Is.EqualTo(first), "the height of the return outlasts a restart");
        await AssertVotesAgainAsync(first, cancellation);

        // Its vote counts: with another department away the others need it.
        await Network.Network.Processes[0].KillAsync();
        await CommitAsync(cancellation);
        await StartAsync(0, cancellation);
        await Network.Network.WaitUntilLevelAsync(cancellation);

        await Network.Network.Processes[Forgetful].KillAsync();
        Directory.Delete(Data, recursive: true);
        await StartAsync(Forgetful, cancellation);
        ulong second = await AssertAbstainsAsync(cancellation);
        Assert.That(second, Is.GreaterThan(first));
        await AssertVotesAgainAsync(second, cancellation);
        await Network.Network.Processes[0].KillAsync();
        await CommitAsync(cancellation);
        await StartAsync(0, cancellation);
        await Network.AuditAllAsync(cancellation);
    }

    /// <summary>It abstains and says until when, to its operator and to the others.</summary>
    /// <returns>The height at which it votes again.</returns>
    private async Task<ulong> AssertAbstainsAsync(CancellationToken cancellation)
    {
        GetStatusResponse status = await UntilAsync(
            Forgetful, static s => s.VotesAgainAt > 0, "the forgetful node knows when it votes again", cancellation);
        Assert.That(status.Voting, Is.False);
        Assert.That(status.AbstainingBecause, Does.StartWith("Another department holds a vote of this node"));
        Assert.That(status.Alarms.Single(static a => a.Code == "ABSTAINING").Text, Does.Contain($"until block {status.VotesAgainAt}"));
        await UntilAsync(
            Owner, s => s.Peers.Any(p => p.VotesAgainAt == status.VotesAgainAt && p.AbstainingBecause.Length > 0),
            "the others see that it abstains, and until when", cancellation);
        return status.VotesAgainAt;
    }

    private async Task AssertVotesAgainAsync(ulong height, CancellationToken cancellation)
    {
        using LedgerClient client = Network.Network.ConnectClient(Forgetful);
        while ((await client.GetStatusAsync(cancellation)).Height + 1 < height)
        {
            Assert.That((await client.GetStatusAsync(cancellation)).Voting, Is.False);
            await CommitAsync(cancellation);
            await Network.Network.WaitUntilLevelAsync(cancellation);
        }
        GetStatusResponse status = await UntilAsync(Forgetful, static s => s.Voting, "it votes again", cancellation);
        Assert.That(status.Height, Is.GreaterThanOrEqualTo(height - 1));
        Assert.That(status.Alarms.Select(static a => a.Code), Does.Not.Contain("ABSTAINING"));
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
        TransactionOutcome outcome = await TestNetwork.SubmitAsync(client, envelope, cancellation);
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
        TransactionOutcome outcome = await TestNetwork.SubmitAsync(client, envelope, cancellation);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably));
    }

    /// <summary>The node's status once enough of the others have answered what they know of it.</summary>
    private Task<GetStatusResponse> SettledStatusAsync(CancellationToken cancellation) => UntilAsync(
        Forgetful, static s => !s.AbstainingBecause.StartsWith("It has just started", StringComparison.Ordinal),
        "enough others have answered", cancellation);

    private async Task<GetStatusResponse> UntilAsync(
        int department, Func<GetStatusResponse, bool> condition, string what, CancellationToken cancellation)
    {
        using LedgerClient client = Network.Network.ConnectClient(department);
        GetStatusResponse? status = null;
        try
        {
            while (true)
            {
                status = await client.GetStatusAsync(cancellation);
                if (condition(status))
                    return status;
                await Task.Delay(100, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            throw new AssertionException($"Not so in time: {what}. The last status was {status}.");
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
