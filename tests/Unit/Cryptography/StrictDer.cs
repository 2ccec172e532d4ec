using System.Diagnostics.CodeAnalysis;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>
/// Turns a DER signature into r, s as 64 bytes; refuses whatever is not the one DER encoding of two integers that
/// are not negative and fit 32 bytes. The ledger never sees DER: this lets the published DER vectors speak to it.
/// </summary>
internal static class StrictDer
{
    private const byte Sequence = 0x30;
    private const byte Integer = 0x02;

    public static bool TryRead(ReadOnlySpan<byte> der, [NotNullWhen(true)] out byte[]? signature)
    {
        signature = new byte[64];
        if (TryTake(ref der, Sequence, out ReadOnlySpan<byte> body) && der.IsEmpty
            && TryTake(ref body, Integer, out ReadOnlySpan<byte> r) && TryPlace(r, signature.AsSpan(0, 32))
            && TryTake(ref body, Integer, out ReadOnlySpan<byte> s) && TryPlace(s, signature.AsSpan(32, 32))
            && body.IsEmpty)
            return true;
        signature = null;
        return false;
    }

    // Two such integers take less than 128 bytes, so the only length DER allows here is the one-byte form.
    private static bool TryTake(ref ReadOnlySpan<byte> rest, byte tag, out ReadOnlySpan<byte> content)
    {
        content = default;
        if (rest.Length < 2 || rest[0] != tag || rest[1] >= 0x80 || rest.Length < 2 + rest[1])
            return false;
        content = rest.Slice(2, rest[1]);
        rest = rest[(2 + content.Length)..];
        return true;
    }

    private static bool TryPlace(ReadOnlySpan<byte> integer, Span<byte> scalar)
    {
        if (integer.IsEmpty || integer[0] >= 0x80 || (integer.Length > 1 && integer[0] == 0 && integer[1] < 0x80))
            return false;
        if (integer.Length > 1 && integer[0] == 0)
            integer = integer[1..];
        if (integer.Length > scalar.Length)
            return false;
        integer.CopyTo(scalar[(scalar.Length - integer.Length)..]);
        return true;
    }
}
