using Google.Protobuf;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: docs/PROTOCOL.md, "Protocol versions": while four departments go on to version 2, a node whose release executes version 1 only
/// follows up to the last block of version 1, says so from the decision on, and goes on from there with the release that it needs.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BehindReleaseTests
{
    private const int Behind = 3;

    private const ulong LaterMs = 300_000;

    private static readonly NodeRuntimeOptions Old = new() { NewestVersion = 1 };

    private readonly string _root = Directory.CreateTempSubdirectory("govchain-behind-").FullName;
    private readonly TestLedger _ledger = new(departments: 4, p => p.BaseTimeoutMs = 500, version: 1);
    private readonly AheadClock _clock = new();
    private readonly LoopbackNetwork _wires = new();
    private TestNode[] _nodes = null!;

    [SetUp]
    public async Task Start()
    {
        _nodes = [.. Enumerable.Range(0, 4).Select(i => new TestNode(_ledger, i, Path.Combine(_root, $"n{i}"), _wires, _clock))];
        _nodes[Behind].IsToFail = true;
        foreach (TestNode node in _nodes)
            await node.StartAsync(node == _nodes[Behind] ? Old : null);
        await _nodes[0].FoundAsync();
        await ScheduleAsync();
    }

    [TearDown]
    public async Task Stop()
    {
        foreach (TestNode node in _nodes)
            await node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task TheNode_WarnsFromTheDecisionOn_StopsBeforeTheFirstBlock_AndGoesOnWithTheNextRelease()
    {
        await _nodes[Behind].UntilAsync(static s => s.Alarms.Any(static a => a.Code == "RELEASE_TOO_OLD"), "it warns");
        foreach (TestNode node in _nodes[..Behind])
            await node.UntilAsync(static s => s is { ProtocolVersion: 1, Scheduled.Version: 2, NewestVersion: 2 }, "it shows what is scheduled");
        Assert.That(_nodes[0].Gateway.GetStatus().Alarms.Select(static a => a.Code), Has.None.EqualTo("RELEASE_TOO_OLD"));
        ulong last = await EndTheOldVersionAsync();

        UnexecutableVersionException end = await StoppedAsync();
        Assert.That((end.Height, end.Version, _nodes[Behind].Height), Is.EqualTo((last + 1, 2U, last)));
        Assert.That(_nodes[Behind].Gateway.GetStatus().LastError, Is.EqualTo(end.Message), "whoever asks is told");
        await GoOnAsync();
        Assert.That(_nodes[Behind].Height, Is.EqualTo(last), "it stays there");

        await StopBehindAsync();
        Assert.That((await RefusedStartAsync()).Message, Is.EqualTo(end.Message));
        _nodes[Behind].IsToFail = false;
        await _nodes[Behind].StartAsync();
        await AllEqualAsync();
        Assert.That(_nodes[Behind].Gateway.GetStatus().ProtocolVersion, Is.EqualTo(2));
    }

    /// <summary>The blocks come in one answer: those of version 1 are taken, and nobody is blamed for the others.</summary>
    [Test]
    public async Task ANodeThatCatchesUp_StopsAtTheSameBlock_AndBlamesNobody()
    {
        await StopBehindAsync();
        await _nodes[0].CommitAsync(_ledger.Change("L-0", 0));
        ulong last = await EndTheOldVersionAsync();
        await GoOnAsync();

        await _nodes[Behind].StartAsync(Old);
        UnexecutableVersionException end = await StoppedAsync();
        Assert.That((end.Height, _nodes[Behind].Height), Is.EqualTo((last + 1, last)));
        Assert.That(_nodes[Behind].Gateway.GetStatus().Peers.Select(static p => p.LastError), Is.All.Empty);
    }

    private async Task ScheduleAsync()
    {
        byte[] proposal = _ledger.Sign(_ledger.Administrator, b => b.Propose = new Propose
        {
            Change = new MembershipChange
            {
                Kind = (uint)MembershipKind.ScheduleVersion,
                ExpiresAtMs = _clock.NowMs + LaterMs,
                Protocol = new ScheduledVersion { Version = 2, FromMs = _clock.NowMs + LaterMs },
            },
        });
        await _nodes[0].CommitAsync(proposal);
        for (int i = 0; i < 3; i++)
        {
            await _nodes[0].CommitAsync(_ledger.Sign(_ledger.AdministratorOf(i), b => b.VoteOnProposal = new VoteOnProposal
            {
                Department = TestLedger.DepartmentId(0),
                Proposal = ByteString.CopyFrom(TestLedger.IdOf(proposal).Span),
                InFavour = true,
            }));
        }
        await AllEqualAsync();
    }

    /// <summary>The moment has come: the next block is the last of version 1. Its height.</summary>
    private async Task<ulong> EndTheOldVersionAsync()
    {
        _clock.AheadMs = LaterMs;
        return (await _nodes[0].CommitAsync(_ledger.Change("last", 0))).Height;
    }

    /// <summary>The others record what is of version 2.</summary>
    private async Task GoOnAsync()
    {
        await _nodes[0].CommitAsync(_ledger.Change("first", 0));
        foreach (TestNode node in _nodes[..Behind])
            await node.UntilAsync(static s => s is { ProtocolVersion: 2, Scheduled: null }, "it has gone on");
    }

    private async Task<UnexecutableVersionException> StoppedAsync() => (UnexecutableVersionException)await _nodes[Behind].Runtime.Fatal;

    private Task StopBehindAsync() => _nodes[Behind].StopAsync();

    private async Task<UnexecutableVersionException> RefusedStartAsync()
    {
        try
        {
            await _nodes[Behind].StartAsync(Old);
        }
        catch (UnexecutableVersionException e)
        {
            return e;
        }
        throw new AssertionException("It has started.");
    }

    private async Task AllEqualAsync()
    {
        string root = _nodes[0].Gateway.GetStatus().LogRoot;
        foreach (TestNode node in _nodes)
            await node.UntilAsync(s => s.LogRoot == root, "it is as far");
    }

    /// <summary>The machine's clock, or so much ahead of it.</summary>
    private sealed class AheadClock : TimeProvider
    {
        private ulong _aheadMs;

        public ulong AheadMs { set => Volatile.Write(ref _aheadMs, value); }

        public ulong NowMs => (ulong)GetUtcNow().ToUnixTimeMilliseconds();

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddMilliseconds(Volatile.Read(ref _aheadMs));
    }
}
