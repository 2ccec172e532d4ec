using GovChain.Core.Cryptography;
using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>What a membership change does. The numbers are signed: frozen.</summary>
public enum MembershipKind
{
    /// <summary>A department gets a vote.</summary>
    Admit = 1,

    /// <summary>A department loses its vote.</summary>
    Remove = 2,

    /// <summary>A department votes with another key.</summary>
    ReplaceKey = 3,

    /// <summary>A department's node listens for the others elsewhere.</summary>
    MoveEndpoint = 4,

    /// <summary>Parameters of the ledger get other values.</summary>
    SetParameters = 5,

    /// <summary>A department's officers sign nothing any more; its node votes on.</summary>
    Suspend = 6,

    /// <summary>The officers of a department that is suspended sign again.</summary>
    LiftSuspension = 7,

    /// <summary>The next version of the protocol holds from a moment on.</summary>
    ScheduleVersion = 8,

    /// <summary>The version that is scheduled does not come.</summary>
    CallOffVersion = 9,
}

/// <summary>The rules of a membership change's fields, and what is signed of it (docs/SPEC.md, "Membership").</summary>
public static class MembershipFields
{
    /// <summary>SHA-256(membership tag | chain id | the change's bytes): what administrators and the new key sign.</summary>
    public static Digest SigningDigest(MembershipChange change, Digest chainId) =>
        DomainTag.Hash(DomainTag.Membership, [.. chainId.Span, .. WireProfile.Encode(change)]);

    /// <summary>The first field of the change alone that breaks its rule, or null; for those who are about to sign it.</summary>
    public static FieldViolation? CheckChange(MembershipChange change) => Signed("change", change);

    /// <summary>The first field of a proposal that breaks its rule, or null; for those who are about to sign it.</summary>
    public static FieldViolation? CheckProposal(Propose proposal) => Check("propose", proposal);

    /// <summary>Whether the change gives a department a key, which then has to sign it.</summary>
    public static bool GivesKey(MembershipChange change) =>
        (MembershipKind)change.Kind is MembershipKind.Admit or MembershipKind.ReplaceKey;

    /// <summary>Whether the change gives the next block another set of validators, and so ends the epoch.</summary>
    public static bool EndsEpoch(MembershipChange change) => change.Kind <= (uint)MembershipKind.ReplaceKey;

    internal static FieldViolation? Check(string at, ChangeMembership action)
    {
        if (action.Change is not { } change)
            return FieldViolation.Of($"{at}.change", "given", "");
        return Signed($"{at}.change", change)
            ?? FieldRules.Number($"{at}.approvals", (ulong)action.Approvals.Count, 1, Limits.ValidatorsMax)
            ?? Approvals($"{at}.approvals", action)
            ?? NewKey($"{at}.new_key_signature", change, action.NewKeySignature.Span);
    }

    internal static FieldViolation? Check(string at, Propose action) => action.Change is not { } change
        ? FieldViolation.Of($"{at}.change", "given", "")
        : Change($"{at}.change", change, MembershipKind.CallOffVersion)
            ?? NewKey($"{at}.new_key_signature", change, action.NewKeySignature.Span);

    /// <summary>The carried signatures of an action that obeys the rules.</summary>
    internal static SignatureCheck[] Checks(ChangeMembership action, Digest chainId)
    {
        Digest digest = SigningDigest(action.Change, chainId);
        var checks = new List<SignatureCheck>();
        foreach (MembershipApproval approval in action.Approvals)
            checks.Add(Check(approval.Signer.Span, digest, approval.Signature.Span));
        if (!action.NewKeySignature.IsEmpty)
            checks.Add(Check(action.Change.ValidatorKey.Span, digest, action.NewKeySignature.Span));
        return [.. checks];
    }

    /// <inheritdoc cref="Checks(ChangeMembership, Digest)"/>
    internal static SignatureCheck[] Checks(Propose action, Digest chainId) => action.NewKeySignature.IsEmpty
        ? []
        : [Check(action.Change.ValidatorKey.Span, SigningDigest(action.Change, chainId), action.NewKeySignature.Span)];

    private static SignatureCheck Check(ReadOnlySpan<byte> key, Digest digest, ReadOnlySpan<byte> signature) =>
        PublicKey.TryParse(key, out PublicKey? signer) && Signature.TryParse(signature, out Signature parsed)
            ? new SignatureCheck(signer, digest, parsed)
            : throw new InvalidOperationException("The rules let an approval of another form through.");

    /// <summary>Signatures serve once because what they approve ends the epoch: of other changes they could serve again.</summary>
    private static FieldViolation? Signed(string at, MembershipChange change) => Change(at, change, MembershipKind.ReplaceKey);

    private static FieldViolation? NewKey(string at, MembershipChange change, ReadOnlySpan<byte> signature) => GivesKey(change)
        ? FieldRules.LowSignature(at, signature)
        : FieldRules.Length(at, signature, 0, "bytes where no key is given");

    private static FieldViolation? Change(string at, MembershipChange change, MembershipKind max)
    {
        var kind = (MembershipKind)change.Kind;
        return FieldRules.Number($"{at}.kind", change.Kind, (ulong)MembershipKind.Admit, (ulong)max)
            ?? FieldRules.Number($"{at}.expires_at_ms", change.ExpiresAtMs, 1, ulong.MaxValue)
            ?? (IsOfAll(kind)
                ? FieldRules.Require(
                    change.Department.Length == 0, $"{at}.department", "left out where parameters or a protocol version are decided", change.Department)
                : FieldRules.Department($"{at}.department", change.Department))
            ?? FieldRules.Text($"{at}.reason", change.Reason, Limits.ShortTextBytesMax)
            ?? (GivesKey(change)
                ? FieldRules.Key($"{at}.validator_key", change.ValidatorKey.Span)
                : FieldRules.Length($"{at}.validator_key", change.ValidatorKey.Span, 0, "bytes where no key is given"))
            ?? (kind == MembershipKind.Admit ? Newcomer(at, change) : NoNewcomer(at, change))
            ?? (kind is MembershipKind.Admit or MembershipKind.MoveEndpoint
                ? FieldRules.Endpoint($"{at}.endpoint", change.Endpoint)
                : FieldRules.Require(
                    change.Endpoint.Length == 0, $"{at}.endpoint", "left out unless a department is admitted or moves", change.Endpoint))
            ?? (kind == MembershipKind.SetParameters
                ? FieldRules.Require(change.Parameters?.CalculateSize() > 0, $"{at}.parameters", "given, with one parameter at least", "")
                : FieldRules.Require(change.Parameters is null, $"{at}.parameters", "left out unless parameters are set", "parameters"))
            ?? (kind == MembershipKind.ScheduleVersion
                ? Scheduled($"{at}.protocol", change)
                : FieldRules.Require(change.Protocol is null, $"{at}.protocol", "left out unless a protocol version is scheduled", "a protocol version"));
    }

    /// <summary>Whether the change concerns all departments alike.</summary>
    private static bool IsOfAll(MembershipKind kind) =>
        kind is MembershipKind.SetParameters or MembershipKind.ScheduleVersion or MembershipKind.CallOffVersion;

    /// <summary>No version holds before all have had the time to vote on it: so none begins in the block that decides it.</summary>
    private static FieldViolation? Scheduled(string at, MembershipChange change) => change.Protocol is not { } protocol
        ? FieldViolation.Of(at, "given", "")
        : FieldRules.Number($"{at}.version", protocol.Version, 2, uint.MaxValue)
            ?? FieldRules.Require(
                protocol.FromMs >= change.ExpiresAtMs && protocol.FromMs - change.ExpiresAtMs <= Limits.ScheduleAheadMs,
                $"{at}.from_ms", "not earlier than expires_at_ms, and at most 366 days later", FieldRules.Invariant(protocol.FromMs));

    private static FieldViolation? Newcomer(string at, MembershipChange change)
    {
        FieldViolation? violation = FieldRules.Texts($"{at}.names", change.Names)
            ?? FieldRules.Number(
                $"{at}.administrators", (ulong)change.Administrators.Count, 1, Limits.GenesisAdministratorsMax);
        var keys = new HashSet<string> { Convert.ToHexStringLower(change.ValidatorKey.Span) };
        for (int i = 0; violation is null && i < change.Administrators.Count; i++)
        {
            FirstAdministrator officer = change.Administrators[i];
            string key = Convert.ToHexStringLower(officer.PublicKey.Span);
            violation = FieldRules.Officer($"{at}.administrators[{i}].officer_id", officer.OfficerId)
                ?? FieldRules.Require(
                    i == 0 || string.CompareOrdinal(change.Administrators[i - 1].OfficerId, officer.OfficerId) < 0,
                    $"{at}.administrators[{i}].officer_id", "greater than the one before", officer.OfficerId)
                ?? FieldRules.Key($"{at}.administrators[{i}].public_key", officer.PublicKey.Span)
                ?? FieldRules.Require(
                    keys.Add(key), $"{at}.administrators[{i}].public_key", "a key that stands nowhere else", key);
        }
        return violation;
    }

    private static FieldViolation? NoNewcomer(string at, MembershipChange change) =>
        FieldRules.Require(change.Names.Count == 0, $"{at}.names", "left out unless a department is admitted", "names")
        ?? FieldRules.Require(
            change.Administrators.Count == 0, $"{at}.administrators", "left out unless a department is admitted", "officers");

    private static FieldViolation? Approvals(string at, ChangeMembership action)
    {
        for (int i = 0; i < action.Approvals.Count; i++)
        {
            MembershipApproval approval = action.Approvals[i];
            string key = Convert.ToHexStringLower(approval.Signer.Span);
            FieldViolation? violation = FieldRules.Key($"{at}[{i}].signer", approval.Signer.Span)
                ?? FieldRules.Require(
                    i == 0 || action.Approvals[i - 1].Signer.Span.SequenceCompareTo(approval.Signer.Span) < 0,
                    $"{at}[{i}].signer", "a key greater than the one before", key)
                ?? FieldRules.LowSignature($"{at}[{i}].signature", approval.Signature.Span);
            if (violation is not null)
                return violation;
        }
        return null;
    }
}
