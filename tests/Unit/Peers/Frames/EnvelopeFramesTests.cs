using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Consensus;
using GovChain.Node.Pool;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Snapshots;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>
/// Goal: a block's envelopes with one field of the answer changed are never taken for the block's, and its leader is not blamed for
/// them. Method: a proposal whose envelopes are all fetched; the leader's own answer, or another's, is changed.
/// </summary>
internal sealed class EnvelopeFramesTests
{
    private const ulong Height = 3;

    [Test]
    public async Task Envelopes_WithAnyFieldChanged_GiveTheBlockAllTheSame()
    {
        using var bed = new SnapshotBed(4, records: 3);
        var source = new FrameSource(bed, blocksMax: 3);
        await using var asked = new AskedBed(bed, source);
        await asked.StartAsync();
        using var batch = new BatchVerifier(bed.Verifier, threads: 1);
        StoredBlock stored;
        using (LedgerSnapshot view = bed.Head.OpenSnapshot())
            stored = view.GetBlock(Height);
        var block = new ProposedBlock(stored.Header, source.LeavesOf(Height));
        var changes = new FrameChanges([.. source.Answers(), .. source.Requests()]);
        PeerFrame sample = source.Answer(new PeerFrame { EnvelopeRequest = FrameSource.Wanted(block.LeafHashes, Height) })!;
        var tally = new FrameTally();
        foreach (int place in FrameTally.Choose(sample, [.. changes.Of(sample)], step: 1))
        {
            await asked.BeginAsync(static (_, a) => a.KindCase == PeerFrame.KindOneofCase.EnvelopeResponse, f => changes.Of(f).ElementAt(place));
            var pool = new TransactionPool(new PoolOptions(), departments: 4, height: Height - 1);
            var bodies = new BlockBodies();
            var verifier = new EnvelopeVerifier(pool, bodies, batch);
            var admission = new Admission(
                new AdmissionOptions(), bed.Head, pool, verifier, TimeProvider.System, new OutcomeMemory(10), new TicketOffice(), static _ => { }, static () => { });
            var assembler = new BodyAssembler(
                bed.Ledger.Genesis.ChainId, asked.Sources, pool, admission, bodies, verifier, asked.Network, TimeProvider.System);
            (VerifiedTransaction[]? transactions, BlockFault fault) = await assembler.AssembleAsync(block, hint: 0, CancellationToken.None);
            if (asked.Given is not { } change)
                continue;
            tally.Add(change, "went by");
            if (fault != BlockFault.None
                || !transactions!.Select(static t => t.Transaction.Envelope.ToArray()).SequenceEqual(stored.Leaves.Select(static l => l.ToArray()), new BytesComparer()))
                tally.Fail(change, $"the block is {fault}");
            if (asked.Injustice() is { } injustice)
                tally.Fail(change, $"somebody else {injustice}");
        }
        tally.Expect(FrameTally.Envelopes);
    }

    private sealed class BytesComparer : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => obj.Length;
    }
}
