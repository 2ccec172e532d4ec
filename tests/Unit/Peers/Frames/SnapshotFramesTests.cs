using Google.Protobuf;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Snapshots;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using GovChain.Tests.Unit.Node.Snapshots;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>
/// Goal: no field of a snapshot's parts can be changed so that another ledger comes of it. Method: a node with the founders alone
/// fetches a snapshot of a later epoch; the first answer of a kind is changed. Invariants: the ledger is the same in the end, whoever
/// gave the answer is blamed where it proves a lie, and nobody else.
/// </summary>
internal sealed class SnapshotFramesTests
{
    /// <summary>What may be another without being a lie that can be proven, and why that is harmless.</summary>
    private static readonly Dictionary<string, string> Unproven = new()
    {
        [FrameChanges.Kind] = "another frame: it ends the stream with words, or is none that was asked for",
        ["snapshot_response"] = "left out, the frame is none and ends the stream with words",
        ["snapshot_response.request_id"] = "an answer to no question; the one to this question is waited for",
        ["snapshot_response.height"] = "who speaks of another height does not hold this one any more",
        ["snapshot_response.held"] = "an offer; of several the one that most hold is taken, and its header must be proven",
        ["snapshot_response.pages: none"] = "who lacks a page can say nothing else: another is asked",
        ["snapshot_response.pages: without the last"] = "fewer of them are fewer: those that lack are asked for",
        ["snapshot_response.head: left out"] = "the snapshot is not held any more",
        ["snapshot_response.head: another in its place, 0"] = "the head with all epochs, for which the base is not asked: it is the same in it",
        ["snapshot_response.last_rows"] = "where there are more, what lacks is noticed",
        ["snapshot_response.head.state_rows"] = "a hint: at worst nothing is fetched",
        ["snapshot_response.head.epochs: without the last"] = "fewer of them are fewer: those that lack are asked for",
        ["block_response"] = "left out, the frame is none and ends the stream with words",
        ["block_response: another in its place, 0"] = "an answer to no question; the one to this question is waited for",
        ["block_response.request_id"] = "an answer to no question; the one to this question is waited for",
        ["block_response.tip_height"] = "a hint: what is said to be there is asked for, and no more is believed of it",
        ["block_response.whole_from"] = "a hint: nobody withholds what it says it has not",
        ["block_response.blocks: without the last"] = "fewer of them are fewer: those that lack are asked for",
    };

    [Test]
    public async Task Parts_WithAnyFieldChanged_GiveNoOtherLedger()
    {
        using var bed = new SnapshotBed(50, records: 3, changes: true);
        // No answer goes beyond the end of an epoch, behind which nothing is looked at before it is asked for again.
        var source = new FrameSource(bed, blocksMax: 8);
        await using var asked = new AskedBed(bed, source);
        await asked.StartAsync();
        var changes = new FrameChanges([.. source.Answers(), .. source.Requests()]);
        var kinds = new Dictionary<string, Func<PeerFrame, PeerFrame, bool>>
        {
            ["offer"] = static (q, _) => q.SnapshotRequest is { PartCase: SnapshotRequest.PartOneofCase.None },
            ["head"] = static (q, a) => a.SnapshotResponse?.Head is not null && q.SnapshotRequest.Head.FromEpoch == 0,
            ["base"] = static (q, a) => a.SnapshotResponse?.Head is not null && q.SnapshotRequest.Head.FromEpoch > 0,
            ["pages"] = static (_, a) => a.SnapshotResponse is { Pages.Count: > 1 },
            ["rows"] = static (_, a) => a.SnapshotResponse is { Rows.Count: > 0 },
            ["blocks"] = static (_, a) => a.KindCase == PeerFrame.KindOneofCase.BlockResponse,
        };
        var tally = new FrameTally();
        var chosen = new HashSet<string>(); // each trial fetches a ledger: by default one for a field, whatever the answers that have it
        foreach ((string kind, Func<PeerFrame, PeerFrame, bool> isWanted) in kinds)
        {
            PeerFrame? sample = null;
            await asked.BeginAsync(isWanted, f =>
            {
                sample = f;
                return new FrameChange("", "none", f.ToByteArray());
            });
            Assert.That(await FetchAsync(bed, asked, bed.PathOf(kind), install: true), Is.Null, $"{kind}, unchanged");
            foreach (int place in FrameTally.Choose(sample!, [.. changes.Of(sample!)], step: 400, chosen, f => IsUnread(kind, f)))
            {
                await asked.BeginAsync(isWanted, f => changes.Of(f).ElementAt(place));
                string path = bed.PathOf($"{kind}-{place}");
                string? fault = await FetchAsync(bed, asked, path, FrameTally.InFull);
                Directory.Delete(path, recursive: true);
                if (asked.Given is not { } change)
                    continue;
                bool blamed = asked.Progress.Of(asked.Liar).LastComplaint is not null;
                tally.Add(change, $"{kind} {(blamed ? "blamed" : "went by")}");
                if ((fault ?? asked.Injustice()) is { } what)
                    tally.Fail(change, $"{kind}: {what}");
                else if (!blamed && !Unproven.ContainsKey(change.Field) && !Unproven.ContainsKey($"{change}") && !IsUnread(kind, change.Field))
                    tally.Fail(change, $"{kind}: nobody is blamed");
            }
        }
        tally.Expect(FrameTally.Snapshots);
    }

    /// <summary>A part of an answer that nobody asked for. Of a head the header is read first, and what blocks begin upon when the state is
    /// there.</summary>
    private static bool IsUnread(string kind, string field) => field.Split('.') switch
    {
        ["snapshot_response", "head", var part, ..] when kind is "head" or "base" =>
            kind == "head" ? part.StartsWith("edge_tiles", StringComparison.Ordinal) : !IsOfBase(part),
        ["snapshot_response", var part, ..] => part is "head" or "pages" or "rows" && part != kind && !(part == "head" && kind == "base"),
        _ => false,
    };

    private static bool IsOfBase(string part) =>
        part.StartsWith("base_", StringComparison.Ordinal) || part.StartsWith("edge_tiles", StringComparison.Ordinal);

    /// <summary>Null where the ledger that everybody has comes of it, else what came instead.</summary>
    /// <param name="bed">That ledger.</param>
    /// <param name="asked">Who is asked.</param>
    /// <param name="path">A new directory.</param>
    /// <param name="install">Whether it is put in place, too, and wholly audited there, which takes most of the time.</param>
    private static async Task<string?> FetchAsync(SnapshotBed bed, AskedBed asked, string path, bool install)
    {
        Genesis genesis = bed.Ledger.Genesis;
        using (DataDirectory directory = DataDirectory.Open(path, genesis.ChainId))
        {
            using (LedgerStore store = LedgerStore.Open(directory))
                store.Append(genesis.Block, certificate: null);
            var peers = new SnapshotPeers(asked.Sources, asked.Network, asked.Progress, TimeProvider.System);
            if (await peers.FindAsync(0, CancellationToken.None) != bed.Tip)
                return "another snapshot is looked for";
            using LedgerAssembly assembly = LedgerAssembly.Create(directory);
            string? failure = await new SnapshotFetch(
                genesis, new ValidatorHistory(genesis.Validators, null), bed.Verifier, peers, assembly, bed.Tip).RunAsync(CancellationToken.None);
            if (failure is not null)
                return $"nothing is fetched: {failure}";
            string? other = Compare(bed, assembly);
            if (other is not null || !install)
                return other;
            assembly.Complete(new DurableTip(0, genesis.Block.Header.Hash));
        }
        using DataDirectory again = DataDirectory.Open(path, genesis.ChainId); // which puts it in place
        using LedgerStore installed = LedgerStore.Open(again);
        return installed.Current.Tip.Hash != bed.Head.Tip.Hash ? "another ledger"
            : LedgerIntegrity.Check(installed.Current).Select(static p => $"{p}").FirstOrDefault();
    }

    private static string? Compare(SnapshotBed bed, LedgerAssembly assembly)
    {
        using LedgerSnapshot view = bed.Head.OpenSnapshot();
        StateChange[] states = [.. view.ScanStatesAfter([])];
        return assembly.Log!.Header.Hash != view.Tip.Hash ? "another ledger"
            : !StateTree.Holds(assembly, view.Tip.StateRoot, StateRoots.LeavesOf(states)) ? "another state tree"
            : Array.Exists(states, s => !s.Value.AsSpan().SequenceEqual(assembly.TryGetState(s.Key))) ? "another state" : null;
    }
}
