using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: one hostile department of four costs the others an answer, and not what they wait for. Method: four whole nodes over
/// replaced wires, on which one department lies, or gives what it has piece by piece.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HostileNeighbourTests
{
    private static readonly TimeSpan Slowly = TimeSpan.FromMilliseconds(200), Often = TimeSpan.FromMilliseconds(20);

    private readonly string _root = Directory.CreateTempSubdirectory("govchain-hostile-").FullName;
    private readonly TestLedger _ledger = new(departments: 4, p => p.BaseTimeoutMs = 500);
    private readonly LoopbackNetwork _wires = new();
    private TestNode[] _nodes = null!;

    [SetUp]
    public async Task Start()
    {
        _nodes = [.. Enumerable.Range(0, 4).Select(i => new TestNode(_ledger, i, Path.Combine(_root, $"n{i}"), _wires))];
        foreach (TestNode node in _nodes)
            await node.StartAsync();
        foreach (TestNode node in _nodes)
            await node.UntilAsync(s => s.Peers.All(p => p.Connected), "all are connected");
        await _nodes[1].FoundAsync();
        foreach (TestNode node in _nodes)
            await node.UntilAsync(s => s.Height == _nodes.Max(n => n.Height) && s.Voting, "all are level");
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
    public async Task Blocks_WhileOneSaysWithoutEndThatItIsAhead_ComeFromTheOthers()
    {
        const int liar = 0, victim = 3;
        await _nodes[victim].StopAsync();
        for (int i = 0; i < 8; i++)
            await _nodes[1].CommitAsync(_ledger.Change($"L-{i}", 0));
        ulong tip = _nodes[1].Height;
        await _nodes[liar].StopAsync();
        int asked = 0;
        _wires.Blocks = (asker, from, first) => from == Id(liar) ? NothingAsync(asker == Id(victim), first) : null;
        await using IPlug plug = _wires.Plug(liar);
        await plug.UpAsync(new Deaf());
        bool alone = true;
        _wires.Speaks = (from, _) => from == Id(liar) || !Volatile.Read(ref alone);
        using var end = new CancellationTokenSource();
        Task lying = LieAsync();
        await _nodes[victim].StartAsync();
        await TestUntil(() => Volatile.Read(ref asked) > 0, "the liar is followed");
        Volatile.Write(ref alone, false);

        await _nodes[victim].UntilAsync(s => s.Height >= tip, "it is level while the other goes on lying");

        await end.CancelAsync();
        await lying;

        async Task<BlockRangeResponse?> NothingAsync(bool counts, ulong first)
        {
            if (counts)
                Interlocked.Increment(ref asked);
            await Task.Delay(Slowly);
            return new BlockRangeResponse { FirstHeight = first, TipHeight = 0 };
        }

        async Task LieAsync()
        {
            Digest hash = Sha256.Hash("no block"u8);
            var vote = new Vote(VoteType.Prepare, _ledger.Genesis.ChainId, 1, tip + 5, 0, hash);
            byte[] lie = ConsensusMessageCodec.Encode(new VoteMessage(
                VoteType.Prepare, 1, tip + 5, 0, hash, liar, _ledger.ValidatorOf(liar).Sign(vote.SigningDigest())));
            while (!end.IsCancellationRequested)
            {
                plug.Network.BroadcastConsensus(lie);
                await Task.Delay(Often);
            }
        }
    }

    [Test]
    public async Task Bodies_ThatALeaderGivesPieceByPiece_ComeFromTheOthers()
    {
        const int victim = 3, submitter = 1;
        string? hostile = null; // whom the victim asked first
        int wanted = 0, given = 0;
        ulong needed = 0;
        _wires.Gossips = static (to, _) => to != Id(victim); // so it must ask for bodies
        // No block is decided until then, and none without the victim afterwards.
        _wires.Speaks = (from, message) => Volatile.Read(ref hostile) is { } silent ? from != silent : !IsCommit(message);
        _wires.Envelopes = async (asker, from, answer) =>
        {
            if (asker != Id(victim) || answer is not { Count: > 0 } || (Volatile.Read(ref hostile) ?? from) != from)
                return answer;
            if (Interlocked.CompareExchange(ref hostile, from, null) is null)
                (wanted, needed) = (answer.Count, _nodes[victim].Height + 1);
            Interlocked.Increment(ref given);
            await Task.Delay(Slowly);
            return [answer[0]];
        };
        Task submitting = Task.WhenAll(
            Enumerable.Range(0, 200).Select(i => _nodes[submitter].SubmitAsync(_ledger.Change($"D-{i}", 0), WaitFor.Accepted)));
        await TestUntil(() => Volatile.Read(ref given) > 0, "a leader is asked for bodies");

        foreach (TestNode node in _nodes.Where((_, i) => Id(i) != hostile))
            await node.UntilAsync(s => s.Height >= needed, "the others decide without it");

        await submitting;
        Assert.That(Volatile.Read(ref given), Is.LessThan(Math.Max(2, wanted)), $"{wanted} bodies were wanted");
    }

    private static bool IsCommit(ReadOnlyMemory<byte> message) =>
        ConsensusMessageCodec.TryDecode(message.Span, out ConsensusMessage? read) == DecodeFailure.None && read is VoteMessage { Type: VoteType.Commit };

    private static string Id(int department) => TestLedger.DepartmentId(department);

    private async Task TestUntil(Func<bool> condition, string what) => await _nodes[1].UntilAsync(_ => condition(), what);

    /// <summary>Hears all and has nothing.</summary>
    private sealed class Deaf : IPeerHandler
    {
        public void OnConsensus(string department, ReadOnlyMemory<byte> message)
        {
        }

        public void OnGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
        {
        }

        public IReadOnlyList<ReadOnlyMemory<byte>> FindEnvelopes(ulong height, ReadOnlyMemory<byte> leafHashes) => [];

        public BlockRangeResponse ReadBlocks(ulong firstHeight, int count) => new() { FirstHeight = firstHeight };

        public SnapshotResponse ReadSnapshot(SnapshotRequest request) => new();

        public void OnConnected(string department)
        {
        }
    }
}
