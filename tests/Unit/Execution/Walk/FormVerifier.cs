using Google.Protobuf;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <summary>Takes one signature for everybody's, and no other for anybody's: which signatures are looked at can be asked without making any.</summary>
internal sealed class FormVerifier : ISignatureVerifier
{
    /// <summary>r and s are 1, as in <see cref="Envelope.Unsigned"/>.</summary>
    public static readonly ByteString Right = OfS(1);

    /// <summary>It has a signature's form, too.</summary>
    public static readonly ByteString Wrong = OfS(2);

    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        for (int i = 0; i < checks.Length; i++)
            results[i] = checks[i].Signature.Span.SequenceEqual(Right.Span);
    }

    private static ByteString OfS(byte s) => ByteString.CopyFrom([.. new byte[31], 1, .. new byte[31], s]);
}
