using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Consensus;

namespace GovChain.Node.Pool;

/// <summary>
/// Verifies an envelope's signatures once on this node, whichever way it comes: what the pool or the height in progress
/// holds under the same leaf hash, which covers body and signature, was verified before. Safe from any thread.
/// </summary>
internal sealed class EnvelopeVerifier(TransactionPool pool, BlockBodies bodies, BatchVerifier verifier)
{
    /// <summary>Same length and order as given; null where a signature is wrong. Returns when all are verified.</summary>
    public VerifiedTransaction?[] Verify(IReadOnlyList<Transaction> transactions)
    {
        var leaves = new Digest[transactions.Count];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = transactions[i].LeafHash;
        var verified = new VerifiedTransaction?[leaves.Length];
        bodies.Find(leaves, verified);
        int missing = pool.Find(leaves, verified);
        if (missing == 0)
            return verified;
        var unknown = new List<Transaction>(missing);
        for (int i = 0; i < verified.Length; i++)
        {
            if (verified[i] is null)
                unknown.Add(transactions[i]);
        }
        VerifiedTransaction?[] answers = verifier.Verify(unknown);
        int next = 0;
        for (int i = 0; i < verified.Length; i++)
            verified[i] ??= answers[next++];
        return verified;
    }
}
