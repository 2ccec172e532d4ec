using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node;
using GovChain.Protos.V1;
using GovChain.Rpc;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: a department that alone has the block which replaced its key, and whose node runs under the new key already, is heard
/// by the others, who know the old key only and wait because a fourth keeps silent (docs/PROTOCOL.md, "Membership").
/// Method: four whole nodes over TLS; commits reach the one department only, and of what it tells nothing comes through until it
/// was stopped.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class NewKeyAloneTests
{
    private const int Departments = 4, Silent = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _root = Directory.CreateTempSubdirectory("govchain-succession-").FullName;
    private readonly TestLedger _ledger = new(Departments, static p => p.BaseTimeoutMs = 500);
    private readonly TlsWires _wires;
    private readonly TestNode[] _nodes;

    public NewKeyAloneTests()
    {
        _wires = new TlsWires(_ledger);
        _nodes = [.. Enumerable.Range(0, Departments).Select(i => new TestNode(_ledger, i, Path.Combine(_root, $"n{i}"), _wires))];
    }

    [SetUp]
    public async Task Start()
    {
        foreach (TestNode node in _nodes.Reverse()) // see who dials whom
            await node.StartAsync();
        foreach (TestNode node in _nodes)
            await node.UntilAsync(static s => s.Peers.All(static p => p.Connected) && s.Voting, "all are connected and vote");
        await _nodes[1].FoundAsync();
        foreach (TestNode node in _nodes)
            await node.UntilAsync(s => s.Height == _nodes.Max(static n => n.Height), "all are level");
    }

    [TearDown]
    public async Task Stop()
    {
        foreach (TestNode node in _nodes)
            await node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>Department 0 dials the others, department 2 is dialled by them.</summary>
    [Test]
    public async Task Block_ThatOnlyTheNewKeysNodeHas_ComesToTheOthers_AndTheLedgerGoesOn([Values(0, 2)] int renewer)
    {
        TestNode alone = _nodes[renewer];
        TestNode[] others = [.. Enumerable.Range(0, Departments).Where(i => i != renewer && i != Silent).Select(i => _nodes[i])];
        ulong last = alone.Height + 1;
        _wires.Hears = (to, from, message) => to == Id(renewer) || !Tells(from == Id(renewer), message);
        PlatformSigner renewed = _ledger.RenewValidatorOf(renewer);
        await others[0].SubmitAsync(_ledger.ChangeMembership(new MembershipChange
        {
            Kind = (uint)MembershipKind.ReplaceKey,
            Department = Id(renewer),
            ValidatorKey = ByteString.CopyFrom(renewed.PublicKey.Span),
        }, renewed, validMs: 600_000), WaitFor.Accepted);
        await alone.Runtime.EpochEnded.WaitAsync(Patience);
        await alone.StopAsync();
        Assert.That(others.Select(static n => n.Height), Is.All.EqualTo(last - 1), "nobody else has the block");
        _wires.Hears = static (_, from, _) => from != Id(Silent);

        await alone.StartAsync(new NodeRuntimeOptions { Observer = Id(renewer) });
        await Task.WhenAll(others.Select(static n => n.Runtime.EpochEnded)).WaitAsync(Patience);
        foreach (TestNode node in others.Reverse())
        {
            await node.StopAsync();
            await node.StartAsync();
        }

        await others[0].CommitAsync(_ledger.Change("after", 0));
        foreach (TestNode node in others.Append(alone))
            await node.UntilAsync(s => s is { Epoch: 1, Voting: true } && s.Height > last, "it votes and is level");
    }

    /// <summary>Whether others would learn from it what is decided.</summary>
    private static bool Tells(bool byWhoHasIt, ReadOnlyMemory<byte> message) =>
        ConsensusMessageCodec.TryDecode(message.Span, out ConsensusMessage? read) == DecodeFailure.None
        && (read is VoteMessage { Type: VoteType.Commit } || (byWhoHasIt && read is StatusMessage or DecidedMessage));

    private static string Id(int department) => TestLedger.DepartmentId(department);
}
