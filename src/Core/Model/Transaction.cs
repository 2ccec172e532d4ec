using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>
/// A decoded envelope that obeys the wire profile and every rule that needs no state. Made by
/// <see cref="TransactionDecoder"/> only. Its signature may still be wrong: see <see cref="VerifiedTransaction"/>.
/// </summary>
public sealed class Transaction
{
    internal Transaction(ReadOnlyMemory<byte> envelope, TransactionBody body, Digest id, PublicKey signer, Signature signature)
    {
        Envelope = envelope;
        Body = body;
        Id = id;
        Signer = signer;
        Signature = signature;
        LeafHash = LogHash.Leaf(envelope.Span);
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

    /// <summary>What there is to verify.</summary>
    public SignatureCheck SignatureCheck => new(Signer, Id, Signature);
}

/// <summary>A transaction whose signature was verified. Only <see cref="VerifyAll"/> makes one.</summary>
public sealed class VerifiedTransaction
{
    private VerifiedTransaction(Transaction transaction) => Transaction = transaction;

    /// <summary>The transaction.</summary>
    public Transaction Transaction { get; }

    /// <summary>
    /// Verifies a batch; the result has null where the signature is wrong, and the same length and order.
    /// </summary>
    public static VerifiedTransaction?[] VerifyAll(IReadOnlyList<Transaction> transactions, ISignatureVerifier verifier)
    {
        var checks = new SignatureCheck[transactions.Count];
        for (int i = 0; i < checks.Length; i++)
            checks[i] = transactions[i].SignatureCheck;
        var valid = new bool[checks.Length];
        verifier.Verify(checks, valid);
        var verified = new VerifiedTransaction?[checks.Length];
        for (int i = 0; i < checks.Length; i++)
            verified[i] = valid[i] ? new VerifiedTransaction(transactions[i]) : null;
        return verified;
    }
}
