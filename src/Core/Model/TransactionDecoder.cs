using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Hashing;
using GovChain.Core.Merkle;
using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>What became of an envelope: one of the two is null.</summary>
/// <param name="Transaction">What it says, if it keeps the rules.</param>
/// <param name="Rejection">The first rule that it breaks.</param>
public readonly record struct DecodedEnvelope(Transaction? Transaction, Rejection? Rejection);

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
        rejection = Open(envelope.Span, chainId, out Opened opened);
        if (rejection is not null)
            return null;
        PublicKey.TryParse(opened.Body.Signer.Span, out PublicKey? signer);
        rejection = Judge(opened, signer, out Signature signature);
        return rejection is null
            ? new Transaction(
                envelope, opened.Body, DomainTag.Hash(DomainTag.Transaction, opened.BodyBytes.Span), LogHash.Leaf(envelope.Span),
                signer!, signature, CarriedSignatures.Of(opened.Body, chainId))
            : null;
    }

    /// <summary>
    /// Decodes many envelopes, each as <see cref="TryDecode"/> does: keys that were not seen lately are decompressed, ids and
    /// leaf hashes computed, several at once. Same length and order.
    /// </summary>
    /// <param name="envelopes">Their memory is kept and must not change.</param>
    /// <param name="chainId">The ledger.</param>
    public static DecodedEnvelope[] DecodeAll(IReadOnlyList<ReadOnlyMemory<byte>> envelopes, Digest chainId)
    {
        var decoded = new DecodedEnvelope[envelopes.Count];
        var opened = new Opened[envelopes.Count];
        var signers = new ReadOnlyMemory<byte>[envelopes.Count];
        for (int i = 0; i < decoded.Length; i++)
        {
            decoded[i] = new DecodedEnvelope(null, Open(envelopes[i].Span, chainId, out opened[i]));
            signers[i] = decoded[i].Rejection is null ? opened[i].Body.Signer.Memory : default;
        }
        var keys = new PublicKey?[decoded.Length];
        PublicKey.ParseAll(signers, keys);
        var signatures = new Signature[decoded.Length];
        for (int i = 0; i < decoded.Length; i++)
        {
            if (decoded[i].Rejection is null && Judge(opened[i], keys[i], out signatures[i]) is { } rejection)
                decoded[i] = new DecodedEnvelope(null, rejection);
        }
        // What was refused is not hashed: nobody asks for its names.
        int[] good = [.. Enumerable.Range(0, decoded.Length).Where(i => decoded[i].Rejection is null)];
        Digest[] ids = new Digest[good.Length], leaves = new Digest[good.Length];
        Sha256Batch.Hash(DomainTag.Transaction, [.. good.Select(i => opened[i].BodyBytes)], ids);
        LogHash.Leaves([.. good.Select(i => envelopes[i])], leaves);
        for (int k = 0; k < good.Length; k++)
        {
            int i = good[k];
            var transaction = new Transaction(
                envelopes[i], opened[i].Body, ids[k], leaves[k], keys[i]!, signatures[i], CarriedSignatures.Of(opened[i].Body, chainId));
            decoded[i] = new DecodedEnvelope(transaction, null);
        }
        return decoded;
    }

    /// <summary>An envelope whose parts are known, the rules for its frame kept but for the signer's key.</summary>
    private readonly record struct Opened(TransactionBody Body, ReadOnlyMemory<byte> BodyBytes, ReadOnlyMemory<byte> SignatureBytes);

    private static Rejection? Open(ReadOnlySpan<byte> envelope, Digest chainId, out Opened opened)
    {
        opened = default;
        Rejection? rejection = Open(envelope, out SignedTransaction? signed);
        if (signed is null)
            return rejection;
        rejection = Parse(signed.Body.Span, out TransactionBody? body);
        if (body is null)
            return rejection;
        opened = new Opened(body, signed.Body.Memory, signed.Signature.Memory);
        return Frame(body, chainId);
    }

    /// <summary>What is left to judge once the signer's key was read; null is a key that is none.</summary>
    private static Rejection? Judge(in Opened opened, PublicKey? signer, out Signature signature)
    {
        signature = default;
        if (signer is null)
        {
            return new Rejection(
                RejectionCode.InvalidPublicKey,
                $"The signer must be a compressed secp256k1 public key of {PublicKey.Size} bytes. Check the key file.",
                ("signer", FieldViolation.Of("", "", Convert.ToHexStringLower(opened.Body.Signer.Span)).Value));
        }
        return Seal(opened.SignatureBytes.Span, out signature)
            ?? (ActionRules.Check(opened.Body) is { } violation ? violation.ToRejection() : null);
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

    /// <summary>Everything in the body but the signer's key and the action.</summary>
    private static Rejection? Frame(TransactionBody body, Digest chainId)
    {
        FieldViolation? violation =
            FieldRules.Number("format_version", body.FormatVersion, FormatVersion, FormatVersion)
            ?? FieldRules.Number("algorithm", body.Algorithm, 1, uint.MaxValue)
            ?? FieldRules.Length("chain_id", body.ChainId.Span, Digest.Size, "bytes, the digest of the genesis")
            ?? FieldRules.Nonce("nonce", body.Nonce.Span)
            ?? FieldRules.Number("expires_at_ms", body.ExpiresAtMs, 1, ulong.MaxValue);
        if (violation is { } broken)
            return broken.ToRejection();
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
        return null;
    }

    private static Rejection? Seal(ReadOnlySpan<byte> bytes, out Signature signature)
    {
        signature = default;
        if (FieldRules.Length("signature", bytes, Signature.Size, "bytes, r and s") is { } violation)
            return violation.ToRejection();
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
}
