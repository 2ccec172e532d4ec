using System.Security.Cryptography;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Client;

/// <summary>A signed envelope, ready to be submitted any number of times.</summary>
/// <param name="Id">The transaction id.</param>
/// <param name="Bytes">The envelope: what is submitted, logged and hashed.</param>
/// <param name="ExpiresAtMs">UTC milliseconds after which it can no longer commit.</param>
public sealed record SignedEnvelope(Digest Id, byte[] Bytes, ulong ExpiresAtMs);

/// <summary>Builds and signs transactions of one officer for one ledger. Safe to use from several threads.</summary>
public sealed class TransactionFactory(Digest chainId, ISigner signer)
{
    private const uint FormatVersion = 1;
    private const uint EcdsaSecp256k1Sha256 = 1;

    /// <summary>The ledger the transactions are for.</summary>
    public Digest ChainId { get; } = chainId;

    /// <summary>Who signs.</summary>
    public PublicKey Signer => signer.PublicKey;

    /// <summary>Signs an action with a random nonce.</summary>
    /// <param name="setAction">Sets exactly one member of the body's action.</param>
    /// <param name="expiresAtMs">UTC milliseconds; at most the ledger's horizon ahead.</param>
    public SignedEnvelope Create(Action<TransactionBody> setAction, ulong expiresAtMs) =>
        Create(setAction, expiresAtMs, RandomNumberGenerator.GetBytes(Limits.NonceBytes));

    /// <summary>
    /// Signs an action with a given nonce: the same arguments give the same transaction id, so that a program that
    /// was interrupted can submit what it submitted before.
    /// </summary>
    /// <exception cref="ArgumentException">The nonce is not 16 bytes long.</exception>
    public SignedEnvelope Create(Action<TransactionBody> setAction, ulong expiresAtMs, ReadOnlySpan<byte> nonce)
    {
        if (nonce.Length != Limits.NonceBytes)
            throw new ArgumentException($"A nonce is {Limits.NonceBytes} bytes.", nameof(nonce));
        var body = new TransactionBody
        {
            FormatVersion = FormatVersion,
            Algorithm = EcdsaSecp256k1Sha256,
            ChainId = ByteString.CopyFrom(ChainId.Span),
            Signer = ByteString.CopyFrom(signer.PublicKey.Span),
            Nonce = ByteString.CopyFrom(nonce),
            ExpiresAtMs = expiresAtMs,
        };
        setAction(body);
        byte[] bytes = body.ToByteArray();
        Digest id = DomainTag.Hash(DomainTag.Transaction, bytes);
        var envelope = new SignedTransaction
        {
            Body = UnsafeByteOperations.UnsafeWrap(bytes),
            Signature = ByteString.CopyFrom(signer.Sign(id).Span),
        };
        return new SignedEnvelope(id, envelope.ToByteArray(), expiresAtMs);
    }
}
