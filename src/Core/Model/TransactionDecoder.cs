using GovChain.Core.Cryptography;
using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>
/// Turns an envelope into a <see cref="Transaction"/>: every rule that needs neither state nor a signature check
/// (docs/SPEC.md, "Transaction"). Throws on no input; safe from any thread.
/// </summary>
public static class TransactionDecoder
{
    /// <summary>The format version of transaction bodies.</summary>
    public const uint FormatVersion = 1;

    /// <summary>ECDSA over secp256k1 with SHA-256.</summary>
    public const uint AlgorithmEcdsaSecp256k1 = 1;

    private const byte FormatVersionTag = 0x08;

    /// <summary>
    /// Decodes an envelope signed for the ledger <paramref name="chainId"/>. Null, with the first reason, if it
    /// breaks a rule. The envelope's memory is kept and must not change.
    /// </summary>
    public static Transaction? TryDecode(ReadOnlyMemory<byte> envelope, Digest chainId, out Rejection? rejection)
    {
        rejection = Open(envelope.Span, out SignedTransaction? signed);
        if (signed is null)
            return null;
        ReadOnlySpan<byte> bytes = signed.Body.Span;
        rejection = Parse(bytes, out TransactionBody? body);
        if (body is null)
            return null;
        rejection = Frame(body, chainId, out PublicKey? signer);
        if (signer is null)
            return null;
        rejection = Seal(signed.Signature.Span, out Signature signature);
        if (rejection is null && ActionRules.Check(body) is { } violation)
            rejection = Refuse(violation);
        return rejection is null
            ? new Transaction(
                envelope, body, DomainTag.Hash(DomainTag.Transaction, bytes), signer, signature,
                CarriedSignatures.Of(body, chainId))
            : null;
    }

    private static Rejection? Open(ReadOnlySpan<byte> envelope, out SignedTransaction? signed)
    {
        signed = null;
        if (envelope.Length > Limits.EnvelopeBytesMax)
        {
            return new Rejection(
                RejectionCode.TooLarge,
                $"The signed transaction has {envelope.Length} bytes; at most {Limits.EnvelopeBytesMax} fit. "
                + "Shorten the payload.",
                ("bytes", FieldRules.Invariant(envelope.Length)),
                ("bytesMax", FieldRules.Invariant(Limits.EnvelopeBytesMax)));
        }
        if (WireProfile.Check<SignedTransaction>(envelope, Limits.EnvelopeBytesMax) is { } violation)
            return Refuse(violation, "envelope");
        signed = SignedTransaction.Parser.ParseFrom(envelope);
        return null;
    }

    private static Rejection? Parse(ReadOnlySpan<byte> bytes, out TransactionBody? body)
    {
        body = null;
        // Another format version may have other fields, so it is asked for before they are judged.
        if (bytes.Length >= 2 && bytes[0] == FormatVersionTag && bytes[1] is not (0 or (byte)FormatVersion))
        {
            return new Rejection(
                RejectionCode.UnsupportedVersion,
                $"This ledger reads transactions of format version {FormatVersion} only. Use a program of its release.",
                ("formatVersion", FieldRules.Invariant(FormatVersion)));
        }
        if (WireProfile.Check<TransactionBody>(bytes, Limits.EnvelopeBytesMax) is { } violation)
            return Refuse(violation, "body");
        body = TransactionBody.Parser.ParseFrom(bytes);
        return null;
    }

    /// <summary>
    /// Everything in the body but its action. The signer is null if and only if there is a rejection.
    /// </summary>
    private static Rejection? Frame(TransactionBody body, Digest chainId, out PublicKey? signer)
    {
        signer = null;
        FieldViolation? violation =
            FieldRules.Number("format_version", body.FormatVersion, FormatVersion, FormatVersion)
            ?? FieldRules.Number("algorithm", body.Algorithm, 1, uint.MaxValue)
            ?? FieldRules.Length("chain_id", body.ChainId.Span, Digest.Size, "bytes, the digest of the genesis")
            ?? FieldRules.Nonce("nonce", body.Nonce.Span)
            ?? FieldRules.Number("expires_at_ms", body.ExpiresAtMs, 1, ulong.MaxValue);
        if (violation is { } broken)
            return Refuse(broken);
        if (body.Algorithm != AlgorithmEcdsaSecp256k1)
        {
            return new Rejection(
                RejectionCode.UnsupportedAlgorithm,
                "This ledger verifies ECDSA over secp256k1 with SHA-256 (algorithm 1) only. Sign with such a key.",
                ("algorithm", FieldRules.Invariant(body.Algorithm)));
        }
        var signedFor = new Digest(body.ChainId.Span);
        if (signedFor != chainId)
        {
            return new Rejection(
                RejectionCode.WrongChain,
                $"The transaction was signed for ledger {signedFor.ToShortString()}; this is "
                + $"{chainId.ToShortString()}. "
                + "Check which genesis file your program uses, and sign again.",
                ("chainId", chainId.ToString()),
                ("signedFor", signedFor.ToString()));
        }
        if (!PublicKey.TryParse(body.Signer.Span, out signer))
        {
            return new Rejection(
                RejectionCode.InvalidPublicKey,
                $"The signer must be a compressed secp256k1 public key of {PublicKey.Size} bytes. Check the key file.",
                ("signer", FieldViolation.Of("", "", Convert.ToHexStringLower(body.Signer.Span)).Value));
        }
        return null;
    }

    private static Rejection? Seal(ReadOnlySpan<byte> bytes, out Signature signature)
    {
        signature = default;
        if (FieldRules.Length("signature", bytes, Signature.Size, "bytes, r and s") is { } violation)
            return Refuse(violation);
        if (!Signature.TryParse(bytes, out signature))
        {
            return new Rejection(
                RejectionCode.InvalidSignature,
                "The signature's r and s must be between 1 and the order of the curve's group. Sign again.");
        }
        return signature.IsLowS
            ? null
            : new Rejection(
                RejectionCode.HighS,
                "Of the two values that ECDSA allows for s, this ledger takes the lower only. "
                + "Replace s by the group's order minus s; the rest stays.");
    }

    private static Rejection Refuse(WireViolation violation, string message) =>
        violation.Kind == WireViolationKind.NotActive
            ? new Rejection(
                RejectionCode.NotActive,
                $"The {message} uses {violation.FieldPath}, which is reserved and not active on this ledger yet.",
                ("field", violation.FieldPath),
                ("offset", FieldRules.Invariant(violation.Offset)))
            : new Rejection(
                RejectionCode.MalformedEnvelope,
                $"The {message} has {violation}. Use the client library, or see the wire profile in the specification.",
                ("field", violation.FieldPath),
                ("offset", FieldRules.Invariant(violation.Offset)),
                ("rule", violation.Kind.ToString()));

    private static Rejection Refuse(FieldViolation violation) => new(
        RejectionCode.InvalidField,
        violation.ToString(),
        ("field", violation.Field),
        ("rule", violation.Rule),
        ("value", violation.Value));
}
