using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Sync;

namespace GovChain.Node.Consensus;

/// <summary>
/// Turns a compact proposal into its transactions: from the pool, from admission, from the journal, then from whoever
/// proposed it, then from anyone, as <see cref="BodyFetch"/> decides. Nothing unverified comes out.
/// </summary>
internal sealed class BodyAssembler(
    Digest chainId,
    LedgerSources sources,
    TransactionPool pool,
    Admission admission,
    BlockBodies bodies,
    EnvelopeVerifier verifier,
    IPeerNetwork network,
    TimeProvider time)
{
    // Gossip is behind votes in a peer's queue: what is not here yet is most likely on its way.
    private static readonly TimeSpan GossipGrace = TimeSpan.FromMilliseconds(5);

    private readonly LedgerPeers _peers = new(sources, network, time);

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
        var fetch = new BodyFetch(chainId, block, Verify, PeerHandler.AnswerBytesMax);
        IReadOnlyList<Digest> leaves = block.LeafHashes;
        if (!await FindHereAsync(leaves, fetch.Found))
        {
            await Task.Delay(GossipGrace, time, cancellation);
            if (!await FindHereAsync(leaves, fetch.Found))
            {
                Recover(leaves, fetch);
                await _peers.AskAsync(fetch.Questions(sources.Connected, hint), cancellation);
                if (fetch.Fault == BlockFault.Unavailable)
                    await FindHereAsync(leaves, fetch.Found);
            }
        }
        return (fetch.Fault == BlockFault.None ? Array.ConvertAll(fetch.Found, static t => t!) : null, fetch.Fault);
    }

    private async Task<bool> FindHereAsync(IReadOnlyList<Digest> leaves, VerifiedTransaction?[] found)
    {
        bodies.Find(leaves, found);
        if (pool.Find(leaves, found) == 0)
            return true;
        await admission.VerifyNowAsync(leaves, found);
        return pool.Find(leaves, found) == 0;
    }

    /// <summary>A recovered envelope that is invalid only a damaged journal or a changed rule explains.</summary>
    private void Recover(IReadOnlyList<Digest> leaves, BodyFetch fetch)
    {
        var envelopes = new List<ReadOnlyMemory<byte>>();
        for (int i = 0; i < leaves.Count; i++)
        {
            if (fetch.Found[i] is null && bodies.FindRecovered(leaves[i]) is { } envelope)
                envelopes.Add(envelope);
        }
        fetch.Take(envelopes);
    }

    private VerifiedTransaction?[] Verify(IReadOnlyList<Transaction> transactions)
    {
        VerifiedTransaction?[] verified = verifier.Verify(transactions);
        bodies.Add(verified.OfType<VerifiedTransaction>());
        return verified;
    }
}
