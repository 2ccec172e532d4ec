using System.Buffers;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>
/// A decoded envelope that obeys the wire profile and every rule that needs no state. Made by
/// <see cref="TransactionDecoder"/> only. Its signature may still be wrong: see <see cref="VerifiedTransaction"/>.
/// </summary>
public sealed class Transaction
{
    internal Transaction(
        ReadOnlyMemory<byte> envelope, TransactionBody body, Digest id, Digest leafHash, PublicKey signer,
        Signature signature, IReadOnlyList<SignatureCheck> carried)
    {
        Envelope = envelope;
        Body = body;
        Id = id;
        Signer = signer;
        Signature = signature;
        LeafHash = leafHash;
        SignatureChecks = [new SignatureCheck(signer, id, signature), .. carried];
    }

    /// <summary>The exact bytes that were submitted: one leaf of the log.</summary>
    public ReadOnlyMemory<byte> Envelope { get; }

    /// <summary>The parsed body. Not to be changed.</summary>
    public TransactionBody Body { get; }

    /// <summary>SHA-256(transaction tag | body): for duplicates and look-up, and the digest that was signed.</summary>
    public Digest Id { get; }

    /// <summary>The RFC 6962 leaf hash of the whole envelope: what proposals and the memory of "verified" use.</summary>
    public Digest LeafHash { get; }

    /// <summary>Who signed.</summary>
    public PublicKey Signer { get; }

    /// <summary>In range and low-s.</summary>
    public Signature Signature { get; }

    /// <summary>What there is to verify: the envelope's own signature first, then those that the action carries.</summary>
    public IReadOnlyList<SignatureCheck> SignatureChecks { get; }

    /// <summary>A protocol action: to be signed by a department's validator key, where all others are an officer's.
    /// </summary>
    public bool IsProtocol => ActionRules.IsProtocol(Body.ActionCase);
}

/// <summary>A transaction whose signatures were verified. Only <see cref="VerifyAll"/> makes one.</summary>
public sealed class VerifiedTransaction
{
    // What the engine takes in one go; the checks of a whole block would lie on the large object heap.
    private const int PieceChecks = VerificationEngine.ChunkMax;

    private VerifiedTransaction(Transaction transaction) => Transaction = transaction;

    /// <summary>The transaction.</summary>
    public Transaction Transaction { get; }

    /// <summary>
    /// Verifies a batch; the result has null where a signature is wrong, and the same length and order.
    /// </summary>
    public static VerifiedTransaction?[] VerifyAll(IReadOnlyList<Transaction> transactions, ISignatureVerifier verifier)
    {
        var verified = new VerifiedTransaction?[transactions.Count];
        for (int start = 0; start < verified.Length;)
            start = VerifyPiece(transactions, start, verified, verifier);
        return verified;
    }

    /// <summary>Verifies together, from one transaction on, as many as have <see cref="PieceChecks"/> signatures, and one at least.
    /// </summary>
    /// <returns>Where the next piece starts.</returns>
    private static int VerifyPiece(
        IReadOnlyList<Transaction> transactions, int start, VerifiedTransaction?[] verified, ISignatureVerifier verifier)
    {
        int end = start, total = 0;
        do
            total += transactions[end++].SignatureChecks.Count;
        while (end < verified.Length && total + transactions[end].SignatureChecks.Count <= PieceChecks);
        SignatureCheck[] checks = ArrayPool<SignatureCheck>.Shared.Rent(total);
        bool[] valid = ArrayPool<bool>.Shared.Rent(total);
        valid.AsSpan(0, total).Clear(); // holds another batch's answers
        int next = 0;
        for (int i = start; i < end; i++)
        {
            IReadOnlyList<SignatureCheck> own = transactions[i].SignatureChecks;
            for (int k = 0; k < own.Count; k++)
                checks[next++] = own[k];
        }
        verifier.Verify(checks.AsSpan(0, total), valid.AsSpan(0, total));
        next = 0;
        for (int i = start; i < end; i++)
        {
            int count = transactions[i].SignatureChecks.Count;
            if (valid.AsSpan(next, count).IndexOf(false) < 0)
                verified[i] = new VerifiedTransaction(transactions[i]);
            next += count;
        }
        ArrayPool<bool>.Shared.Return(valid);
        ArrayPool<SignatureCheck>.Shared.Return(checks, clearArray: true);
        return end;
    }
}
