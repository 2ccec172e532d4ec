using System.Runtime.InteropServices;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Auditing;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Snapshots;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node;

/// <summary>What peers send and ask, handed to where it belongs.</summary>
internal sealed class PeerHandler(
    LedgerHead ledger,
    TransactionPool pool,
    BlockBodies bodies,
    Admission admission,
    MessageIntake intake,
    ConsensusDriver driver,
    SnapshotServer snapshots,
    Action<Exception> damaged) : IPeerHandler
{
    /// <summary>An answer ends with the block or envelope that makes it longer than this.</summary>
    internal const int AnswerBytesMax = 4 * 1024 * 1024;

    private const int RangeBlocksMax = 256;

    /// <inheritdoc/>
    public void OnConsensus(string department, ReadOnlyMemory<byte> message) => intake.Offer(department, message);

    /// <inheritdoc/>
    public void OnGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes) =>
        admission.OfferGossip(department, envelopes);

    /// <inheritdoc/>
    public void OnConnected(string department) => driver.PeerConnected();

    /// <inheritdoc/>
    public IReadOnlyList<ReadOnlyMemory<byte>> FindEnvelopes(ulong height, ReadOnlyMemory<byte> leafHashes)
    {
        if (leafHashes.Length % Digest.Size != 0 || leafHashes.Length / Digest.Size > Limits.BlockTransactionsCeiling)
            return [];
        Digest[] leaves = MemoryMarshal.Cast<byte, Digest>(leafHashes.Span).ToArray();
        var found = new VerifiedTransaction?[leaves.Length];
        bodies.Find(leaves, found);
        pool.Find(leaves, found);
        Dictionary<Digest, ReadOnlyMemory<byte>>? stored = null;
        var answer = new List<ReadOnlyMemory<byte>>();
        long bytes = 0;
        for (int i = 0; i < leaves.Length && bytes < AnswerBytesMax; i++)
        {
            ReadOnlyMemory<byte>? envelope = found[i]?.Transaction.Envelope ?? bodies.FindRecovered(leaves[i]);
            if (envelope is null && (stored ??= ReadLeaves(height)).TryGetValue(leaves[i], out ReadOnlyMemory<byte> leaf))
                envelope = leaf;
            if (envelope is not { } present)
                continue;
            answer.Add(present);
            bytes += present.Length;
        }
        return answer;
    }

    /// <inheritdoc/>
    public BlockRangeResponse ReadBlocks(ulong firstHeight, int count)
    {
        using LedgerSnapshot view = ledger.OpenSnapshot();
        var response = new BlockRangeResponse
        {
            FirstHeight = firstHeight,
            TipHeight = view.TipHeight,
            WholeFrom = view.Gap?.FirstWhole ?? 0,
        };
        if (firstHeight < response.WholeFrom)
            return response;
        long bytes = 0;
        // Block 0 follows from the genesis body and has no certificate: nobody needs to ask for it.
        for (ulong height = Math.Max(1, firstHeight);
            height <= view.TipHeight && response.Blocks.Count < Math.Min(count, RangeBlocksMax) && bytes < AnswerBytesMax;
            height++)
        {
            if (Undamaged(view, height) is not { } stored)
                break;
            var block = new SyncedBlock
            {
                Header = UnsafeByteOperations.UnsafeWrap(stored.Header.ToBytes()),
                Certificate = UnsafeByteOperations.UnsafeWrap(stored.Certificate!.ToBytes()),
            };
            block.Envelopes.AddRange(stored.Leaves.Select(static leaf => UnsafeByteOperations.UnsafeWrap(leaf)));
            response.Blocks.Add(block);
            bytes += block.CalculateSize();
        }
        return response;
    }

    /// <inheritdoc/>
    public SnapshotResponse ReadSnapshot(SnapshotRequest request)
    {
        try
        {
            return snapshots.Answer(request);
        }
        catch (Exception e) when (StoredDamage.Is(e))
        {
            damaged(e);
            return new SnapshotResponse();
        }
    }

    private Dictionary<Digest, ReadOnlyMemory<byte>> ReadLeaves(ulong height)
    {
        var leaves = new Dictionary<Digest, ReadOnlyMemory<byte>>();
        if (height == 0 || height > ledger.Tip.Height)
            return leaves;
        using LedgerSnapshot view = ledger.OpenSnapshot();
        if (view.Gap is { } gap && height < gap.FirstWhole)
            return leaves;
        ReadOnlyMemory<byte>[] stored = [.. Undamaged(view, height)?.Leaves ?? []];
        var hashes = new Digest[stored.Length];
        Core.Merkle.LogHash.Leaves(stored, hashes);
        for (int i = 0; i < stored.Length; i++)
            leaves[hashes[i]] = stored[i];
        return leaves;
    }

    /// <summary>Null, and an alarm, for a block that does not verify: an answer ends before it, and others are asked.</summary>
    private StoredBlock? Undamaged(LedgerSnapshot view, ulong height)
    {
        try
        {
            return view.GetBlock(height);
        }
        catch (Exception e) when (StoredDamage.Is(e))
        {
            damaged(e);
            return null;
        }
    }
}
