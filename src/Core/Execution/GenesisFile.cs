using System.Text;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Core.Execution;

/// <summary>A department's signature on a genesis.</summary>
public readonly record struct FoundingSignature(string Department, Signature Signature);

/// <summary>
/// The genesis file that departments exchange: the body and their signatures on it, as JSON that has exactly one form
/// (docs/SPEC.md, "Genesis file"). It may lack signatures while it goes round.
/// </summary>
public sealed class GenesisFile
{
    /// <summary>The file format's version.</summary>
    public const int FormatVersion = 1;

    /// <summary>Most bytes of a file: the body in base64, and 240 bytes for each signature.</summary>
    public const int BytesMax = Limits.GenesisBytesMax / 3 * 4 + 1024 + Limits.ValidatorsMax * 240;

    private readonly FoundingSignature[] _signatures;

    /// <summary>Takes signatures in any order, at most one of each department.</summary>
    /// <exception cref="ArgumentException">Two signatures of one department, or more than there can be.</exception>
    public GenesisFile(Genesis genesis, IEnumerable<FoundingSignature> signatures)
    {
        Genesis = genesis;
        _signatures = [.. signatures.OrderBy(s => s.Department, StringComparer.Ordinal)];
        if (_signatures.Length > Limits.ValidatorsMax)
            throw new ArgumentException($"At most {Limits.ValidatorsMax} signatures.", nameof(signatures));
        for (int i = 1; i < _signatures.Length; i++)
        {
            if (_signatures[i].Department == _signatures[i - 1].Department)
                throw new ArgumentException($"{_signatures[i].Department} signed twice.", nameof(signatures));
        }
    }

    /// <summary>The genesis.</summary>
    public Genesis Genesis { get; }

    /// <summary>The signatures, ascending by department.</summary>
    public IReadOnlyList<FoundingSignature> Signatures => _signatures;

    /// <summary>The file's bytes: UTF-8, two spaces of indentation, line feeds, one at the end.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        text.Append("{\n  \"format\": ").Append(FormatVersion);
        text.Append(",\n  \"chainId\": \"").Append(Genesis.ChainId);
        text.Append("\",\n  \"body\": \"").Append(Convert.ToBase64String(Genesis.Bytes.Span));
        text.Append("\",\n  \"signatures\": [");
        for (int i = 0; i < _signatures.Length; i++)
        {
            text.Append(i == 0 ? "\n" : ",\n");
            text.Append("    { \"department\": \"").Append(_signatures[i].Department);
            text.Append("\", \"signature\": \"").Append(_signatures[i].Signature).Append("\" }");
        }
        text.Append(_signatures.Length == 0 ? "]\n}\n" : "\n  ]\n}\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>
    /// Reads a file; null, with the reason, unless every byte is as <see cref="ToBytes"/> would write it. Signatures
    /// are not verified: see <see cref="Verify"/>.
    /// </summary>
    public static GenesisFile? TryRead(ReadOnlySpan<byte> bytes, out GenesisFailure? failure)
    {
        if (bytes.Length > BytesMax)
        {
            failure = Malformed(BytesMax, $"at most {BytesMax} bytes");
            return null;
        }
        if (bytes.IsEmpty)
        {
            failure = new GenesisFailure(
                GenesisFailureKind.MalformedFile, "0", "It is empty; JSON with a genesis and the departments' signatures is expected. Ask for the file again.");
            return null;
        }
        var reader = new ExactReader(bytes);
        reader.Expect($"{{\n  \"format\": {FormatVersion},\n  \"chainId\": \"");
        string chainId = reader.Text();
        reader.Expect(",\n  \"body\": \"");
        string body = reader.Text();
        reader.Expect(",\n  \"signatures\": [");
        var signatures = new List<FoundingSignature>();
        if (reader.Next('\n'))
        {
            do
            {
                reader.Expect(signatures.Count == 0 ? "\n" : ",\n");
                reader.Expect("    { \"department\": \"");
                string department = reader.Text();
                reader.Expect(", \"signature\": \"");
                bool valid = Signature.TryParseHex(reader.Text(), out Signature signature);
                reader.Require(valid && Identifiers.IsDepartment(department), "a department and its signature");
                reader.Expect(" }");
                signatures.Add(new FoundingSignature(department, signature));
            }
            while (reader.Deviation is null && reader.Next(','));
            reader.Expect("\n  ");
        }
        reader.Expect("]\n}\n");
        reader.Require(reader.AtEnd, "the end of the file");
        failure = reader.Deviation is var (offset, expected) ? Malformed(offset, expected) : null;
        return failure is null ? Assemble(bytes, chainId, body, signatures, out failure) : null;
    }

    /// <summary>Whether every department that the body names has signed, and nobody else; null if so.</summary>
    public GenesisFailure? Verify(ISignatureVerifier verifier)
    {
        Digest digest = Genesis.SigningDigest;
        foreach (FoundingSignature signature in _signatures)
        {
            int index = Genesis.Validators.IndexOf(signature.Department);
            if (index < 0)
                return Failure(GenesisFailureKind.UnknownDepartment, signature.Department, "is not in the genesis");
            if (!verifier.VerifyOne(Genesis.Validators[index].Key, digest, signature.Signature))
                return Failure(GenesisFailureKind.InvalidSignature, signature.Department, "did not sign this genesis");
        }
        foreach (Validator validator in Genesis.Validators.Members)
        {
            if (!_signatures.Any(s => s.Department == validator.Department))
                return Failure(GenesisFailureKind.MissingSignature, validator.Department, "has not signed yet");
        }
        return null;
    }

    private static GenesisFile? Assemble(
        ReadOnlySpan<byte> file,
        string chainId,
        string body,
        List<FoundingSignature> signatures,
        out GenesisFailure? failure)
    {
        byte[] bytes = new byte[body.Length / 4 * 3];
        if (!Convert.TryFromBase64String(body, bytes, out int written))
        {
            failure = new GenesisFailure(GenesisFailureKind.MalformedFile, "body", "The body is not base64.");
            return null;
        }
        if (Genesis.TryDecode(bytes.AsMemory(0, written), out failure) is not { } genesis)
            return null;
        if (chainId != genesis.ChainId.ToString())
        {
            failure = new GenesisFailure(
                GenesisFailureKind.ChainIdMismatch, "chainId", $"The body's chain id is {genesis.ChainId}.");
            return null;
        }
        for (int i = 1; i < signatures.Count; i++)
        {
            if (string.CompareOrdinal(signatures[i - 1].Department, signatures[i].Department) >= 0)
            {
                failure = new GenesisFailure(
                    GenesisFailureKind.MalformedFile, "signatures", "Departments must ascend, none twice.");
                return null;
            }
        }
        if (signatures.Count > Limits.ValidatorsMax)
        {
            failure = Malformed(file.Length, $"at most {Limits.ValidatorsMax} signatures");
            return null;
        }
        var result = new GenesisFile(genesis, signatures);
        // What is left are upper-case digits and base64 with loose ends.
        ReadOnlySpan<byte> canonical = result.ToBytes();
        int same = file.CommonPrefixLength(canonical);
        failure = same == file.Length && same == canonical.Length
            ? null
            : Malformed(same, "lower-case hexadecimal and base64 without loose ends");
        return failure is null ? result : null;
    }

    private static GenesisFailure Malformed(int offset, string expected) => new(
        GenesisFailureKind.MalformedFile,
        FieldRules.Invariant(offset),
        $"The genesis file must have {expected} at byte {offset}. "
        + "Ask for the file again; it must not be edited or reformatted.");

    private static GenesisFailure Failure(GenesisFailureKind kind, string department, string what) =>
        new(kind, department, $"Department {department} {what}.");
}
