using System.Runtime.InteropServices;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Peers;
using GovChain.Node.Pool;

namespace GovChain.Node.Consensus;

/// <summary>
/// Turns a compact proposal into its transactions: from the pool, from admission, from the journal, then from whoever
/// proposed it, then from anyone. Nothing unverified comes out.
/// </summary>
internal sealed class BodyAssembler(
    Digest chainId,
    ValidatorSet validators,
    TransactionPool pool,
    Admission admission,
    BlockBodies bodies,
    EnvelopeVerifier verifier,
    IPeerNetwork network,
    TimeProvider time)
{
    // Gossip is behind votes in a peer's queue: what is not here yet is most likely on its way.
    private static readonly TimeSpan GossipGrace = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// The block's transactions in order. Null with <see cref="BlockFault.Unavailable"/> if some could not be had, and
    /// with <see cref="BlockFault.InvalidTransaction"/> if one is malformed or its signature is wrong.
    /// </summary>
    /// <param name="block">Header and leaf hashes.</param>
    /// <param name="hint">Index of the validator to ask first.</param>
    /// <param name="cancellation">The height has passed.</param>
    public async Task<(VerifiedTransaction[]? Transactions, BlockFault Fault)> AssembleAsync(
        ProposedBlock block, int hint, CancellationToken cancellation)
    {
        IReadOnlyList<Digest> leaves = block.LeafHashes;
        var found = new VerifiedTransaction?[leaves.Count];
        if (await FindHereAsync(leaves, found) == 0)
            return (Complete(found), BlockFault.None);
        await Task.Delay(GossipGrace, time, cancellation);
        if (await FindHereAsync(leaves, found) == 0)
            return (Complete(found), BlockFault.None);
        if (!TryRecover(leaves, found))
            return (null, BlockFault.InvalidTransaction);
        foreach (string department in SourcesFrom(hint))
        {
            BlockFault fault = await FetchAsync(department, block, found, cancellation);
            if (fault != BlockFault.Unavailable)
                return (fault == BlockFault.None ? Complete(found) : null, fault);
        }
        return await FindHereAsync(leaves, found) == 0
            ? (Complete(found), BlockFault.None)
            : (null, BlockFault.Unavailable);
    }

    private static VerifiedTransaction[] Complete(VerifiedTransaction?[] found) => Array.ConvertAll(found, static t => t!);

    private async Task<int> FindHereAsync(IReadOnlyList<Digest> leaves, VerifiedTransaction?[] found)
    {
        bodies.Find(leaves, found);
        if (pool.Find(leaves, found) == 0)
            return 0;
        await admission.VerifyNowAsync(leaves, found);
        return pool.Find(leaves, found);
    }

    /// <summary>False if a recovered envelope is invalid, which only a damaged journal or a changed rule explains.</summary>
    private bool TryRecover(IReadOnlyList<Digest> leaves, VerifiedTransaction?[] found)
    {
        var envelopes = new Dictionary<Digest, ReadOnlyMemory<byte>>();
        for (int i = 0; i < leaves.Count; i++)
        {
            if (found[i] is null && bodies.FindRecovered(leaves[i]) is { } envelope)
                envelopes[leaves[i]] = envelope;
        }
        return TryTake(envelopes, leaves, found);
    }

    private IEnumerable<string> SourcesFrom(int hint)
    {
        string? first = hint >= 0 && hint < validators.Count ? validators[hint].Department : null;
        var connected = network.Connections.Where(c => c.IsConnected).Select(c => c.Department).ToList();
        if (first is not null && connected.Remove(first))
            connected.Insert(0, first);
        return connected;
    }

    /// <summary>
    /// Asks one department until it has no more: an answer may be shorter than the question, where it would be too long. Who
    /// leaves something out of a short one has no more, or gives it away piece by piece to gain time.
    /// <see cref="BlockFault.Unavailable"/> if something is still missing then.
    /// </summary>
    private async Task<BlockFault> FetchAsync(
        string department, ProposedBlock block, VerifiedTransaction?[] found, CancellationToken cancellation)
    {
        while (true)
        {
            var missing = new HashSet<Digest>();
            for (int i = 0; i < found.Length; i++)
            {
                if (found[i] is null)
                    missing.Add(block.LeafHashes[i]);
            }
            if (missing.Count == 0)
                return BlockFault.None;
            byte[] names = MemoryMarshal.AsBytes<Digest>(missing.ToArray()).ToArray();
            IReadOnlyList<ReadOnlyMemory<byte>>? answer = await network.RequestEnvelopesAsync(
                department, block.Header.Height, names, cancellation);
            var asked = new Dictionary<Digest, ReadOnlyMemory<byte>>();
            ReadOnlyMemory<byte>[] envelopes = [.. answer ?? []];
            var leaves = new Digest[envelopes.Length];
            LogHash.Leaves(envelopes, leaves);
            for (int i = 0; i < envelopes.Length; i++)
            {
                if (missing.Contains(leaves[i]))
                    asked[leaves[i]] = envelopes[i];
            }
            if (!TryTake(asked, block.LeafHashes, found))
                return BlockFault.InvalidTransaction;
            if (asked.Values.Sum(static e => (long)e.Length) < PeerHandler.AnswerBytesMax)
                return Array.TrueForAll(found, static t => t is not null) ? BlockFault.None : BlockFault.Unavailable;
        }
    }

    /// <summary>
    /// Decodes and verifies envelopes that are what their leaf hashes name. False if one is invalid: whoever gave
    /// it, no block can hold it.
    /// </summary>
    private bool TryTake(
        Dictionary<Digest, ReadOnlyMemory<byte>> envelopes, IReadOnlyList<Digest> leaves, VerifiedTransaction?[] found)
    {
        if (envelopes.Count == 0)
            return true;
        var transactions = new List<Transaction>(envelopes.Count);
        foreach (DecodedEnvelope decoded in TransactionDecoder.DecodeAll([.. envelopes.Values], chainId))
        {
            if (decoded.Transaction is not { } transaction)
                return false;
            transactions.Add(transaction);
        }
        var byLeaf = new Dictionary<Digest, VerifiedTransaction>(transactions.Count);
        foreach (VerifiedTransaction? verified in verifier.Verify(transactions))
        {
            if (verified is null)
                return false;
            byLeaf.Add(verified.Transaction.LeafHash, verified);
        }
        bodies.Add(byLeaf.Values);
        for (int i = 0; i < leaves.Count; i++)
            found[i] ??= byLeaf.GetValueOrDefault(leaves[i]);
        return true;
    }
}
