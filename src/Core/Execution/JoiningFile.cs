using System.Text;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>A key that a joining file names: the validator's, with an empty officer id, or an administrator's.</summary>
public readonly record struct JoiningKey(PublicKey Key, string OfficerId)
{
    /// <summary>Whose it is, for a sentence.</summary>
    public override string ToString() => OfficerId.Length == 0 ? "the validator" : $"the administrator {OfficerId}";
}

/// <summary>A key's signature on a joining file.</summary>
public readonly record struct JoiningSignature(PublicKey Key, Signature Signature);

/// <summary>
/// What a department hands out to found a ledger or to be admitted later: its id, names, endpoint and public keys, for one
/// network, signed by each of these keys, so that no key gets in that nobody holds. JSON that has exactly one form
/// (docs/SPEC.md, "Joining file"). It may lack signatures while it goes round in the department. Immutable.
/// </summary>
public sealed class JoiningFile
{
    /// <summary>The format version of joining bodies.</summary>
    public const uint FormatVersion = 1;

    /// <summary>Most bytes of a file: the body in base64, and 240 bytes for each signature.</summary>
    public const int BytesMax = (Limits.JoiningBytesMax + 2) / 3 * 4 + 128 + (Limits.GenesisAdministratorsMax + 1) * 240;

    private const string Format = "govchain-joining-1";

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly JoiningKey[] _keys;
    private readonly JoiningSignature[] _signatures;

    private JoiningFile(ReadOnlyMemory<byte> bytes, JoiningBody body, IEnumerable<JoiningSignature> signatures)
    {
        _bytes = bytes;
        Body = body;
        _keys =
        [
            new JoiningKey(Key(body.Department.ValidatorKey), ""),
            .. body.Department.Administrators.Select(a => new JoiningKey(Key(a.PublicKey), a.OfficerId)),
        ];
        _signatures = [.. signatures.OrderBy(s => s.Key)];
    }

    /// <summary>The parsed body. Not to be changed.</summary>
    public JoiningBody Body { get; }

    /// <summary>The department as a genesis body has it.</summary>
    public GenesisDepartment Department => Body.Department;

    /// <summary>The keys that must sign: the validator's, then the administrators', ascending by officer id.</summary>
    public IReadOnlyList<JoiningKey> Keys => _keys;

    /// <summary>The signatures, ascending by key.</summary>
    public IReadOnlyList<JoiningSignature> Signatures => _signatures;

    /// <summary>What each key signs: SHA-256(joining tag | body). The body names the network, so it serves in no other.</summary>
    public Digest SigningDigest => DomainTag.Hash(DomainTag.Joining, _bytes.Span);

    /// <summary>The file of a body that nobody has signed yet; null, with the reason, if a field breaks its rule.</summary>
    public static JoiningFile? TryCreate(JoiningBody body, out JoiningFailure? failure) =>
        TryDecode(WireProfile.Encode(body), [], out failure);

    /// <summary>With one more signature, in the place of an older one of the same key.</summary>
    /// <exception cref="ArgumentException">The body does not name the key.</exception>
    public JoiningFile With(PublicKey key, Signature signature) => _keys.Any(k => k.Key == key)
        ? new JoiningFile(_bytes, Body, [.. _signatures.Where(s => s.Key != key), new JoiningSignature(key, signature)])
        : throw new ArgumentException("The file does not name this key.", nameof(key));

    /// <summary>The file's bytes: ASCII, two spaces of indentation, line feeds, one at the end.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        text.Append("{\n  \"format\": \"").Append(Format);
        text.Append("\",\n  \"body\": \"").Append(Convert.ToBase64String(_bytes.Span));
        text.Append("\",\n  \"signatures\": [");
        for (int i = 0; i < _signatures.Length; i++)
        {
            text.Append(i == 0 ? "\n" : ",\n");
            text.Append("    { \"key\": \"").Append(_signatures[i].Key);
            text.Append("\", \"signature\": \"").Append(_signatures[i].Signature).Append("\" }");
        }
        text.Append(_signatures.Length == 0 ? "]\n}\n" : "\n  ]\n}\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>
    /// Reads a file; null, with the reason, unless every byte is as <see cref="ToBytes"/> would write it. Signatures
    /// are not verified: see <see cref="Verify"/>.
    /// </summary>
    public static JoiningFile? TryRead(ReadOnlySpan<byte> bytes, out JoiningFailure? failure)
    {
        if (bytes.Length > BytesMax)
        {
            failure = Malformed(BytesMax, $"at most {BytesMax} bytes");
            return null;
        }
        if (bytes.IsEmpty)
        {
            failure = new JoiningFailure(JoiningFailureKind.MalformedFile, "0",
                "It is empty; JSON with a department's keys and their signatures is expected. Ask the department for the file again.");
            return null;
        }
        var reader = new ExactReader(bytes);
        reader.Expect($"{{\n  \"format\": \"{Format}\",\n  \"body\": \"");
        string body = reader.Text();
        reader.Expect(",\n  \"signatures\": [");
        var signatures = new List<JoiningSignature>();
        if (reader.Next('\n'))
        {
            do
            {
                reader.Expect(signatures.Count == 0 ? "\n" : ",\n");
                reader.Expect("    { \"key\": \"");
                bool isKey = PublicKey.TryParseHex(reader.Text(), out PublicKey? key);
                reader.Require(isKey, "a public key");
                reader.Expect(", \"signature\": \"");
                bool isSignature = Signature.TryParseHex(reader.Text(), out Signature signature);
                reader.Require(isSignature, "a signature");
                reader.Expect(" }");
                if (key is not null)
                    signatures.Add(new JoiningSignature(key, signature));
            }
            while (reader.Deviation is null && reader.Next(','));
            reader.Expect("\n  ");
        }
        reader.Expect("]\n}\n");
        reader.Require(reader.AtEnd, "the end of the file");
        failure = reader.Deviation is var (offset, expected) ? Malformed(offset, expected) : null;
        return failure is null ? Assemble(bytes, body, signatures, out failure) : null;
    }

    /// <summary>Whether each key that the body names has signed; null if so.</summary>
    public JoiningFailure? Verify(ISignatureVerifier verifier)
    {
        Digest digest = SigningDigest;
        foreach (JoiningKey key in _keys)
        {
            int index = Array.FindIndex(_signatures, s => s.Key == key.Key);
            if (index < 0)
            {
                return new JoiningFailure(JoiningFailureKind.MissingSignature, $"{key.Key}",
                    $"In the joining file of {Department.Id} {key} has not signed yet.");
            }
            if (!verifier.VerifyOne(key.Key, digest, _signatures[index].Signature))
            {
                return new JoiningFailure(JoiningFailureKind.InvalidSignature, $"{key.Key}",
                    $"In the joining file of {Department.Id} the signature of {key} is not over what the file says. Ask the department for it again.");
            }
        }
        return null;
    }

    /// <summary>The same, and whether it was signed for the network; null if so.</summary>
    public JoiningFailure? VerifyFor(string network, ISignatureVerifier verifier) => Body.NetworkName == network
        ? Verify(verifier)
        : new JoiningFailure(JoiningFailureKind.OtherNetwork, Department.Id,
            $"{Department.Id} signed its joining file for the network {Body.NetworkName}, and this is {network}. Ask it for a file for this one.");

    /// <summary>Whether the genesis says of the department what the file says; null if so.</summary>
    public JoiningFailure? CompareWith(GenesisBody genesis)
    {
        string? difference = genesis.NetworkName != Body.NetworkName ? $"is of the network {genesis.NetworkName}, and the file for {Body.NetworkName}"
            : genesis.Departments.FirstOrDefault(d => d.Id == Department.Id) is not { } department ? "does not name the department"
            : department.Equals(Department) ? null : "says something else of it: compare names, endpoint and keys";
        return difference is null
            ? null
            : new JoiningFailure(JoiningFailureKind.OtherGenesis, Department.Id,
                $"The genesis is not as {Department.Id} asked in its joining file: it {difference}. Do not sign it.");
    }

    private static JoiningFile? Assemble(
        ReadOnlySpan<byte> file, string body, List<JoiningSignature> signatures, out JoiningFailure? failure)
    {
        byte[] bytes = new byte[body.Length / 4 * 3];
        if (!Convert.TryFromBase64String(body, bytes, out int written))
        {
            failure = new JoiningFailure(JoiningFailureKind.MalformedFile, "body", "The body is not base64. Ask the department for the file again.");
            return null;
        }
        for (int i = 1; i < signatures.Count; i++)
        {
            if (signatures[i - 1].Key.CompareTo(signatures[i].Key) >= 0)
            {
                failure = new JoiningFailure(JoiningFailureKind.MalformedFile, "signatures",
                    "Keys must ascend, none twice. Ask the department for the file again.");
                return null;
            }
        }
        if (TryDecode(bytes.AsMemory(0, written), signatures, out failure) is not { } result)
            return null;
        // What is left are upper-case digits and base64 with loose ends.
        ReadOnlySpan<byte> canonical = result.ToBytes();
        int same = file.CommonPrefixLength(canonical);
        failure = same == file.Length && same == canonical.Length
            ? null
            : Malformed(same, "lower-case hexadecimal and base64 without loose ends");
        return failure is null ? result : null;
    }

    private static JoiningFile? TryDecode(
        ReadOnlyMemory<byte> bytes, IReadOnlyList<JoiningSignature> signatures, out JoiningFailure? failure)
    {
        failure = null;
        if (WireProfile.Check<JoiningBody>(bytes.Span, Limits.JoiningBytesMax) is { } malformed)
        {
            failure = new JoiningFailure(JoiningFailureKind.MalformedBody, malformed.FieldPath, $"It has {malformed}.");
            return null;
        }
        JoiningBody body = JoiningBody.Parser.ParseFrom(bytes.Span);
        if (GenesisRules.Check(body) is { } violation)
        {
            failure = new JoiningFailure(JoiningFailureKind.InvalidField, violation.Field, violation.ToString());
            return null;
        }
        var file = new JoiningFile(bytes, body, signatures);
        foreach (JoiningSignature signature in signatures)
        {
            if (file._keys.Any(k => k.Key == signature.Key))
                continue;
            failure = new JoiningFailure(JoiningFailureKind.UnknownKey, $"{signature.Key}",
                $"The joining file of {body.Department.Id} has a signature of {signature.Key}, a key that it does not name.");
            return null;
        }
        return file;
    }

    private static PublicKey Key(ByteString bytes) => PublicKey.TryParse(bytes.Span, out PublicKey? key)
        ? key
        : throw new InvalidOperationException("The rules let an invalid key through.");

    private static JoiningFailure Malformed(int offset, string expected) => new(
        JoiningFailureKind.MalformedFile,
        FieldRules.Invariant(offset),
        $"A joining file must have {expected} at byte {offset}. "
        + "Ask the department for it again; it must not be edited or reformatted.");
}
