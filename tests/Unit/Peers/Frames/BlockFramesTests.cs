using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Node.Snapshots;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>
/// Goal: of an answer with stored blocks, one field of which is changed, nothing gets into the ledger that is not in everybody's.
/// Method: a node at genesis catches up, as its core asks or as it follows into a later epoch; the first answer is changed. Invariants:
/// the ledger is the same in the end, whoever gave the answer is blamed where it proves a lie, and nobody else.
/// </summary>
internal sealed class BlockFramesTests
{
    private const int Tip = 5;

    /// <summary>What may be another without being a lie that can be proven, and why that is harmless.</summary>
    private static readonly Dictionary<string, string> Unproven = new()
    {
        [FrameChanges.Kind] = "another frame: it ends the stream with words, or is none that was asked for",
        ["block_response"] = "left out, the frame is none and ends the stream with words",
        ["block_response.request_id"] = "an answer to no question; the one to this question is waited for",
        ["block_response.tip_height"] = "a hint: what is said to be there is asked for, and no more is believed of it",
        ["block_response.whole_from"] = "a hint: nobody withholds what it says it has not",
        ["block_response.blocks: without the last"] = "fewer of them are fewer: those that lack are asked for",
    };

    [Test]
    public async Task Blocks_WithAnyFieldChanged_AreNotStored([Values] bool follow)
    {
        using var bed = new SnapshotBed(Tip, records: 3);
        var source = new FrameSource(bed, blocksMax: 3);
        await using var asked = new AskedBed(bed, source);
        await asked.StartAsync();
        using var batch = new BatchVerifier(bed.Verifier, threads: 1);
        var verifier = new EnvelopeVerifier(new TransactionPool(new PoolOptions(), departments: 4, height: 0), new BlockBodies(), batch);
        var changes = new FrameChanges([.. source.Answers(), .. source.Requests()]);
        PeerFrame sample = source.Answer(new PeerFrame { BlockRequest = new BlockRangeRequest { FirstHeight = 1, Count = 64 } })!;
        var tally = new FrameTally();
        foreach (int place in FrameTally.Choose(sample, [.. changes.Of(sample)], step: 40))
        {
            await asked.BeginAsync(static (q, _) => q.BlockRequest is { FirstHeight: 1 }, f => changes.Of(f).ElementAt(place));
            string path = bed.PathOf($"node-{follow}-{place}");
            string? fault = await CatchUpAsync(bed, asked, verifier, path, follow);
            Directory.Delete(path, recursive: true);
            if (asked.Given is not { } change)
                continue;
            bool blamed = asked.Progress.Of(asked.Liar).LastComplaint is not null;
            tally.Add(change, blamed ? "blamed" : "went by");
            if ((fault ?? asked.Injustice()) is { } what)
                tally.Fail(change, what);
            else if (!blamed && !Unproven.ContainsKey(change.Field) && !Unproven.ContainsKey($"{change}"))
                tally.Fail(change, "nobody is blamed");
        }
        tally.Expect(FrameTally.Blocks);
    }

    private static async Task<string?> CatchUpAsync(SnapshotBed bed, AskedBed asked, EnvelopeVerifier verifier, string path, bool follow)
    {
        using DataDirectory directory = DataDirectory.Open(path, bed.Ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        store.Append(bed.Ledger.Genesis.Block, certificate: null);
        var ledger = new LedgerHead(store);
        Exception? fatal = null;
        var sync = new BlockSync(
            bed.Ledger.Genesis.Validators, ledger, asked.Sources, new(), asked.Network, bed.Verifier, verifier,
            (block, certificate) =>
            {
                ledger.Append(block, certificate);
                return Task.FromResult(true);
            },
            asked.Progress, new HastyClock(), e => fatal = e, salvage: null);
        Task work = Task.Run(sync.RunAsync);
        if (follow)
        {
            sync.Follow(TestLedger.DepartmentId(0), Tip);
            await PeerBed.UntilAsync(() => asked.WasGiven, "the first answer");
        }
        sync.Request(new NeedBlocks(Tip, Hint: 0));
        await PeerBed.UntilAsync(() => ledger.Tip.Height == Tip || fatal is not null, "all blocks are here");
        sync.Stop();
        await work;
        using LedgerSnapshot view = bed.Head.OpenSnapshot();
        return fatal is not null ? $"the node stops: {fatal.Message}"
            : ledger.Tip.Hash != view.Tip.Hash ? "another ledger"
            : Enumerable.Range(1, Tip).All(h => store.Current.GetBlock((ulong)h).Leaves.Select(static l => Convert.ToHexString(l.Span))
                .SequenceEqual(view.GetBlock((ulong)h).Leaves.Select(static l => Convert.ToHexString(l.Span)))) ? null : "other envelopes";
    }

    /// <summary>A pause before others are asked again takes hardly any time.</summary>
    private sealed class HastyClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? TimeSpan.FromMilliseconds(1) : dueTime, period);
    }
}
