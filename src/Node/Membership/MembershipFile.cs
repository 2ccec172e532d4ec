using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Membership;

/// <summary>
/// A change of the validators on its way from one department to the next: what is to be approved, and who has signed it so
/// far. JSON; the change itself is base64 of the bytes that are signed.
/// </summary>
/// <param name="ChainId">The ledger.</param>
/// <param name="Action">The change and the signatures so far.</param>
internal sealed record MembershipFile(Digest ChainId, ChangeMembership Action)
{
    /// <summary>The longest file that is read: the signatures of 200 departments are 40 KB.</summary>
    public const long BytesMax = 256 * 1024;

    private const string Format = "govchain-membership-1";

    private static readonly JsonSerializerOptions Layout = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>What is approved.</summary>
    public MembershipChange Change => Action.Change;

    /// <summary>What administrators and the new key sign.</summary>
    public Digest SigningDigest => MembershipFields.SigningDigest(Change, ChainId);

    /// <summary>Whether the key that is to vote still has to sign.</summary>
    public bool LacksNewKey => !Change.ValidatorKey.IsEmpty && Action.NewKeySignature.IsEmpty;

    /// <summary>Signatures that were in a file and are not over this change: left out, for they can never serve.</summary>
    public IReadOnlyList<string> Broken { get; private init; } = [];

    /// <summary>Whose signatures are here, the new validator key's apart; ascending.</summary>
    public IEnumerable<PublicKey> Signers => Action.Approvals.Select(static a => PublicKey.TryParse(a.Signer.Span, out PublicKey? key)
        ? key
        : throw new InvalidOperationException("A signature of something that is no key was let in."));

    /// <summary>Whether the key is one of the administrators that come with the department that is admitted.</summary>
    public bool IsNewcomers(PublicKey key) => Change.Administrators.Any(a => a.PublicKey.Span.SequenceEqual(key.Span));

    /// <summary>Reads a file; null, with what is wrong, where it is none. A signature that does not verify is left out, and named
    /// in <see cref="Broken"/>.</summary>
    public static MembershipFile? TryRead(byte[] bytes, ISignatureVerifier verifier, out string? problem)
    {
        problem = null;
        try
        {
            Contents? contents = JsonSerializer.Deserialize<Contents>(bytes, Layout);
            if (contents?.Format != Format || !Digest.TryParseHex(contents.ChainId, out Digest chainId) || contents.Change is null)
                problem = $"it is not of the format {Format}";
            else if (WireProfile.Check<MembershipChange>(contents.Change, Limits.EnvelopeBytesMax) is { } malformed)
                problem = $"the change has {malformed}";
            else
                return Open(contents, chainId, verifier, out problem);
        }
        catch (JsonException e)
        {
            problem = JsonProblem.IsEmpty(e)
                ? $"it is empty; JSON of the format {Format} is expected, as \"member propose\" writes it"
                : $"it is no valid JSON of this format: {JsonProblem.Explain(e).TrimEnd('.')}";
        }
        return null;
    }

    /// <summary>The file.</summary>
    public byte[] ToBytes() =>
    [
        .. JsonSerializer.SerializeToUtf8Bytes(
            new Contents(
                Format, ChainId.ToString(), Describe(Change), WireProfile.Encode(Change),
                [.. Action.Approvals.Select(static a => new Approval(
                    Convert.ToHexStringLower(a.Signer.Span), Convert.ToHexStringLower(a.Signature.Span)))],
                Convert.ToHexStringLower(Action.NewKeySignature.Span)),
            Layout),
        (byte)'\n',
    ];

    /// <summary>With one more signature: of the key that is to vote, or of an administrator, whose older one it replaces.</summary>
    public MembershipFile With(PublicKey signer, Signature signature)
    {
        ChangeMembership signed = Action.Clone();
        var key = ByteString.CopyFrom(signer.Span);
        if (key == Change.ValidatorKey)
        {
            signed.NewKeySignature = ByteString.CopyFrom(signature.Span);
            return this with { Action = signed };
        }
        MembershipApproval[] approvals =
        [
            .. signed.Approvals.Where(a => a.Signer != key),
            new MembershipApproval { Signer = key, Signature = ByteString.CopyFrom(signature.Span) },
        ];
        signed.Approvals.Clear();
        signed.Approvals.AddRange(approvals.OrderBy(static a => Convert.ToHexStringLower(a.Signer.Span), StringComparer.Ordinal));
        return this with { Action = signed };
    }

    /// <summary>With the signatures of these administrators only.</summary>
    public MembershipFile Only(IEnumerable<PublicKey> signers)
    {
        HashSet<ByteString> kept = [.. signers.Select(static k => ByteString.CopyFrom(k.Span))];
        ChangeMembership action = Action.Clone();
        action.Approvals.Clear();
        action.Approvals.AddRange(Action.Approvals.Where(a => kept.Contains(a.Signer)));
        return this with { Action = action };
    }

    /// <summary>The change in a sentence.</summary>
    public static string Describe(MembershipChange change) => (MembershipKind)change.Kind switch
    {
        MembershipKind.Admit => $"admit {change.Department} at {change.Endpoint} with the validator key {Hex(change)} and "
            + $"as {(change.Administrators.Count == 1 ? "administrator" : "administrators")} {string.Join(", ", change.Administrators.Select(static a => $"{a.OfficerId} with the key {Convert.ToHexStringLower(a.PublicKey.Span)}"))}",
        MembershipKind.Remove => $"remove {change.Department}",
        MembershipKind.Suspend => $"suspend {change.Department}",
        MembershipKind.LiftSuspension => $"lift the suspension of {change.Department}",
        MembershipKind.MoveEndpoint => $"move the endpoint of {change.Department} to {change.Endpoint}",
        MembershipKind.SetParameters => $"set {string.Join(", ", Parameters.Descriptor.Fields.InFieldNumberOrder()
            .Select(f => (f.Name, Value: Convert.ToUInt64(f.Accessor.GetValue(change.Parameters), CultureInfo.InvariantCulture)))
            .Where(static f => f.Value > 0).Select(static f => $"{f.Name}={f.Value}"))}",
        MembershipKind.ScheduleVersion => $"go on to protocol version {change.Protocol.Version} from {UtcTime.Format(change.Protocol.FromMs)} on",
        MembershipKind.CallOffVersion => "call off the protocol version that is scheduled",
        _ => $"replace the validator key of {change.Department} by {Hex(change)}",
    };

    private static string Hex(MembershipChange change) => Convert.ToHexStringLower(change.ValidatorKey.Span);

    private static MembershipFile? Open(Contents contents, Digest chainId, ISignatureVerifier verifier, out string? problem)
    {
        var change = MembershipChange.Parser.ParseFrom(contents.Change);
        problem = MembershipFields.CheckChange(change)?.ToString().TrimEnd('.');
        if (problem is null && contents.Summary != Describe(change))
            problem = $"its summary says something else than the change, which is: {Describe(change)}. Whoever made it may want you to sign what you do not see";
        if (problem is not null)
            return null;
        var file = new MembershipFile(chainId, new ChangeMembership { Change = change });
        IEnumerable<Approval?> signatures = contents.Approvals ?? [];
        if (contents.NewKeySignature is { Length: > 0 } newKey)
            signatures = signatures.Append(new Approval(Hex(change), newKey));
        var broken = new List<string>();
        foreach (Approval? approval in signatures)
        {
            if (PublicKey.TryParseHex(approval?.Signer ?? "", out PublicKey? signer) && TryParse(approval!.Signature, out Signature signature)
                && verifier.VerifyOne(signer, file.SigningDigest, signature))
                file = file.With(signer, signature);
            else
                broken.Add(signer?.ToString() ?? "something that is no key");
        }
        return file with { Broken = broken };
    }

    private static bool TryParse(string? hex, out Signature signature)
    {
        signature = default;
        byte[] bytes = new byte[Signature.Size];
        return hex is { Length: 2 * Signature.Size }
            && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done
            && Signature.TryParse(bytes, out signature) && signature.IsLowS;
    }

    private sealed record Contents(
        string? Format, string? ChainId, string? Summary, byte[]? Change, IReadOnlyList<Approval?>? Approvals, string? NewKeySignature);

    private sealed record Approval(string? Signer, string? Signature);
}
