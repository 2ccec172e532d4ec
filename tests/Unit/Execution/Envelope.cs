using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution;

/// <summary>Makes envelopes; those of <see cref="Unsigned"/> carry a signature that has the right form only.</summary>
internal static class Envelope
{
    private static readonly ByteString FormOfASignature =
        ByteString.CopyFrom([.. new byte[31], 1, .. new byte[31], 1]);

    private static int _nonce;

    /// <summary>A body around an action; each call has another nonce.</summary>
    public static TransactionBody Body(Digest chainId, PublicKey signer, TransactionBody action, ulong expiresAtMs)
    {
        TransactionBody body = action.Clone();
        body.FormatVersion = 1;
        body.Algorithm = 1;
        body.ChainId = ByteString.CopyFrom(chainId.Span);
        body.Signer = ByteString.CopyFrom(signer.Span);
        body.Nonce = ByteString.CopyFrom([.. new byte[12], .. BitConverter.GetBytes(Interlocked.Increment(ref _nonce))]);
        body.ExpiresAtMs = expiresAtMs;
        return body;
    }

    public static byte[] Unsigned(TransactionBody body) => Seal(body, FormOfASignature);

    public static byte[] Signed(TransactionBody body, TestKey key)
    {
        Digest id = DomainTag.Hash(DomainTag.Transaction, body.ToByteArray());
        return Seal(body, ByteString.CopyFrom(key.Sign(id).Span));
    }

    public static byte[] Seal(TransactionBody body, ByteString signature) =>
        new SignedTransaction { Body = body.ToByteString(), Signature = signature }.ToByteArray();
}
