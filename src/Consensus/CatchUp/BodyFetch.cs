using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// Whom a node asks for those transactions of a proposed block that it does not have, and what it takes of the answers. Nothing
/// unverified comes out. No clock, no I/O: its questions are asked by whoever drives them.
/// </summary>
/// <remarks>Belongs to one caller.</remarks>
/// <param name="chainId">The ledger.</param>
/// <param name="block">Header and leaf hashes.</param>
/// <param name="verify">Verifies the transactions' signatures: null where one is wrong.</param>
/// <param name="answerBytesMax">An answer ends with the envelope that makes it longer than this, bytes.</param>
public sealed class BodyFetch(
    Digest chainId, ProposedBlock block, Func<IReadOnlyList<Transaction>, VerifiedTransaction?[]> verify, int answerBytesMax)
{
    private bool _isInvalid;

    /// <summary>The transactions in order; null for those that are still missing.</summary>
    public VerifiedTransaction?[] Found { get; } = new VerifiedTransaction?[block.LeafHashes.Count];

    /// <summary><see cref="BlockFault.Unavailable"/> while some are missing; <see cref="BlockFault.InvalidTransaction"/> where one
    /// is malformed or its signature is wrong.</summary>
    public BlockFault Fault => _isInvalid ? BlockFault.InvalidTransaction
        : Array.IndexOf(Found, null) >= 0 ? BlockFault.Unavailable : BlockFault.None;

    /// <summary>
    /// Asks whoever proposed the block first, then the others in their order, until nothing is missing. One is asked again only
    /// where its answer was as long as one may be: who leaves something out of a shorter one has no more, or gives it away
    /// piece by piece to gain time.
    /// </summary>
    /// <param name="connected">Who can be asked: validators by index, others by numbers from their count on.</param>
    /// <param name="hint">The validator to ask first.</param>
    public IEnumerable<LedgerQuestion> Questions(IEnumerable<int> connected, int hint)
    {
        foreach (int source in connected.OrderBy(s => s != hint))
        {
            long bytes;
            do
            {
                if (Fault != BlockFault.Unavailable)
                    yield break;
                var question = new BodiesQuestion(source, block.Header.Height, [.. Missing()]);
                yield return question;
                bytes = Take(question.Answer ?? []);
            }
            while (bytes >= answerBytesMax);
        }
    }

    /// <summary>
    /// Decodes and verifies those envelopes that are missing. If one of them is invalid, no block can hold it, whoever gave it.
    /// </summary>
    /// <returns>How long those are together that were missing, bytes.</returns>
    public long Take(IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
        ReadOnlyMemory<byte>[] given = [.. envelopes];
        var leaves = new Digest[given.Length];
        LogHash.Leaves(given, leaves);
        HashSet<Digest> missing = Missing();
        ReadOnlyMemory<byte>[] wanted = [.. given.Where((_, i) => missing.Remove(leaves[i]))];
        if (wanted.Length == 0)
            return 0;
        DecodedEnvelope[] decoded = TransactionDecoder.DecodeAll(wanted, chainId);
        if (Array.Exists(decoded, static d => d.Transaction is null))
        {
            _isInvalid = true;
            return 0;
        }
        VerifiedTransaction?[] verified = verify([.. decoded.Select(static d => d.Transaction!)]);
        if (Array.IndexOf(verified, null) >= 0)
        {
            _isInvalid = true;
            return 0;
        }
        Dictionary<Digest, VerifiedTransaction> byLeaf = verified.ToDictionary(static t => t!.Transaction.LeafHash, static t => t!);
        for (int i = 0; i < Found.Length; i++)
            Found[i] ??= byLeaf.GetValueOrDefault(block.LeafHashes[i]);
        return wanted.Sum(static e => (long)e.Length);
    }

    private HashSet<Digest> Missing() => [.. block.LeafHashes.Where((_, i) => Found[i] is null)];
}
