using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// What departments decide together, above all who certifies blocks. Acts from the next block on; one change of the validators a
/// block, and each ends its epoch. It is decided by votes on a proposal (<see cref="ProposalRules"/>), or by one transaction in which
/// administrators of a quorum of the departments that vote have signed the same change; the key that is to vote has signed it, too.
/// </summary>
public static class MembershipRules
{
    /// <summary>Why a change could not stand in the next block whoever approved it, or null: its epoch, its expiry, its keys, and
    /// whether the departments that vote allow it. For those who are about to propose or to sign it.</summary>
    /// <param name="state">The newest state.</param>
    /// <param name="change">It obeys <see cref="MembershipFields.CheckChange"/>.</param>
    /// <param name="timeMs">The block's time, UTC milliseconds.</param>
    /// <exception cref="CorruptStateException">The state is damaged.</exception>
    public static Rejection? CheckChange(StateOverlay state, MembershipChange change, ulong timeMs) =>
        CheckEpoch(state, change) ?? CheckExpiry(change, timeMs) ?? CheckDepartment(state, change) ?? CheckKeys(state, change);

    /// <summary>Why the key's approval would not count, in a sentence's end, or null: it may sign in the block of this height and
    /// time, as an administrator, for a department that votes.</summary>
    /// <param name="state">The state before the block.</param>
    /// <param name="key">Who signed.</param>
    /// <param name="height">The block's height.</param>
    /// <param name="timeMs">Its time, UTC milliseconds.</param>
    /// <param name="officer">Whose key it is, as far as the state says: department, id and roles; null if nobody's.</param>
    /// <exception cref="CorruptStateException">The state is damaged.</exception>
    public static string? CheckApprover(
        StateOverlay state, PublicKey key, ulong height, ulong timeMs, out OfficerInterval? officer)
    {
        if (Authority.Check(state, key, height, timeMs, out officer) is { } rejection)
        {
            OfficerKeyState? entry = state.Before<OfficerKeyState>(StateKey.OfficerKey(key));
            officer = entry?.Intervals.LastOrDefault();
            if (entry?.ValidatorIntervals.LastOrDefault() is { } validator)
                return $"signed by {key.ToShortString()}..., a validator key of {validator.Department}, where an administrator's is asked for";
            return $"signed by {key.ToShortString()}..., who may not sign: {rejection.Message.TrimEnd('.')}";
        }
        if (!officer!.Roles.Contains((uint)OfficerRole.Administrator))
            return $"signed by officer {officer.OfficerId} of {officer.Department}, who is no administrator";
        return state.Leader.Departments.Contains(officer.Department)
            ? null
            : $"signed for {officer.Department}, which has no vote";
    }

    /// <summary>The entry of the ledger's changes that is this change's; null where it is not on the ledger.</summary>
    /// <remarks>Only one change ends an epoch. Of an admission the ledger's other particulars are compared, too: two proposals of
    /// one epoch may differ in no more than an address.</remarks>
    /// <exception cref="CorruptStateException">The state is damaged.</exception>
    public static MembershipEntry? Find(StateOverlay state, MembershipChange change)
    {
        MembershipState? all = state.Current<MembershipState>(StateKey.Membership);
        if (all is null || change.Epoch >= (ulong)all.Changes.Count)
            return null;
        MembershipEntry entry = all.Changes[(int)change.Epoch];
        bool isAdmission = change.Kind == (uint)MembershipKind.Admit;
        return entry.Department == change.Department && entry.NewKey == change.ValidatorKey && entry.OldKey.IsEmpty == isAdmission
            && (!isAdmission || IsAdmittedSo(state, change))
            ? entry
            : null;
    }

    internal static Outcome Change(StateOverlay state, in TransactionContext at, ChangeMembership action)
    {
        MembershipChange change = action.Change;
        Rejection? rejection = CheckEpoch(state, change)
            ?? CheckExpiry(change, at.TimeMs)
            ?? CheckApprovals(state, at, action)
            ?? CheckKeys(state, change)
            ?? CheckDepartment(state, change);
        if (rejection is not null)
            return rejection;
        return Outcome.Accept(MembershipEffects.Of(state, at, change));
    }

    /// <summary>Approved for this epoch, and, of changes of the validators, the first in the block.</summary>
    private static Rejection? CheckEpoch(StateOverlay state, MembershipChange change)
    {
        (string, string)[] facts =
            [("approvedFor", FieldRules.Invariant(change.Epoch)), ("epoch", FieldRules.Invariant(state.Epoch))];
        if (change.Epoch > state.Epoch)
        {
            return new Rejection(
                RejectionCode.ProofOutOfRange,
                $"The change was approved for epoch {change.Epoch} of the departments, which has not begun: this is {state.Epoch}. "
                + "Submit it again when it has.",
                facts);
        }
        if (change.Epoch < state.Epoch)
        {
            return new Rejection(
                RejectionCode.OtherEpoch,
                $"The change was approved for epoch {change.Epoch} of the departments, and this is {state.Epoch}. "
                + "Propose it again and have it signed again.",
                facts);
        }
        return !MembershipFields.EndsEpoch(change) || state.Written<MembershipState>(StateKey.Membership) is null
            ? null
            : new Rejection(
                RejectionCode.OtherEpoch,
                "Another change of the departments stands earlier in this block. Propose this one again for the epoch that it begins.",
                facts);
    }

    /// <summary>Why a change could not stand in a block of this time, or null: it has expired, or expires too far ahead.</summary>
    public static Rejection? CheckExpiry(MembershipChange change, ulong timeMs)
    {
        (string, string)[] facts =
        [
            ("expiresAtMs", FieldRules.Invariant(change.ExpiresAtMs)),
            ("timeMs", FieldRules.Invariant(timeMs)),
            ("horizonMs", FieldRules.Invariant(Limits.MembershipHorizonMs)),
        ];
        if (change.ExpiresAtMs <= timeMs)
        {
            return new Rejection(
                RejectionCode.Expired, "The time in which the change could be decided is over. Propose it again.", facts);
        }
        return change.ExpiresAtMs - timeMs > Limits.MembershipHorizonMs
            ? new Rejection(RejectionCode.ExpiryTooFar, "A change may be decided for at most 30 days ahead. Propose it with an earlier end.", facts)
            : null;
    }

    /// <summary>Administrators of a quorum of the departments that vote, each department once.</summary>
    private static Rejection? CheckApprovals(StateOverlay state, in TransactionContext at, ChangeMembership action)
    {
        IReadOnlyList<string> acting = state.Leader.Departments;
        int quorum = Quorum.Size(acting.Count);
        var departments = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < action.Approvals.Count; i++)
        {
            if (!PublicKey.TryParse(action.Approvals[i].Signer.Span, out PublicKey? key))
                throw new InvalidOperationException("The decoder let an approval without a valid key through.");
            if (CheckApprover(state, key, at.Height, at.TimeMs, out OfficerInterval? signer) is { } problem)
                return Unproven($"approval {i} is {problem}");
            if (!departments.Add(signer!.Department))
                return Unproven($"approval {i} is a second one of {signer.Department}");
        }
        return action.Approvals.Count >= quorum
            ? null
            : Unproven($"{action.Approvals.Count} departments have approved, and of {acting.Count} at least {quorum} must");
    }

    /// <summary>A key serves once, ever.</summary>
    private static Rejection? CheckKeys(StateOverlay state, MembershipChange change)
    {
        IEnumerable<ByteString> keys = change.Administrators.Select(static a => a.PublicKey);
        foreach (ByteString key in change.ValidatorKey.IsEmpty ? keys : keys.Prepend(change.ValidatorKey))
        {
            if (state.Current<OfficerKeyState>(MembershipEffects.KeyOf(key)) is null)
                continue;
            string hex = Convert.ToHexStringLower(key.Span);
            return new Rejection(
                RejectionCode.KeyInUse,
                $"The key {hex[..16]}... belongs, or once belonged, to an officer or a validator. Make a new key.",
                ("publicKey", hex));
        }
        return null;
    }

    /// <summary>Whether the departments that vote, those that ever did, the parameters' bounds and the protocol version allow it.</summary>
    private static Rejection? CheckDepartment(StateOverlay state, MembershipChange change)
    {
        if ((MembershipKind)change.Kind is MembershipKind.ScheduleVersion or MembershipKind.CallOffVersion)
            return ProtocolRules.Check(state, change);
        if (change.Kind == (uint)MembershipKind.SetParameters)
        {
            return LedgerParameters.CheckSuccessors(MembershipEffects.ParametersIn(state), MembershipEffects.Merged(state, change)) is { } violation
                ? new Rejection(
                    RejectionCode.ParameterOutOfBounds, $"The parameters would break their bounds: {violation}",
                    ("parameter", violation.Field), ("rule", violation.Rule), ("value", violation.Value))
                : null;
        }
        IReadOnlyList<string> acting = state.Leader.Departments;
        if (change.Kind == (uint)MembershipKind.Admit)
        {
            if (state.Current<DepartmentState>(StateKey.Department(change.Department)) is not null)
            {
                return new Rejection(
                    RejectionCode.DepartmentExists,
                    $"A department {change.Department} is, or once was, on this ledger. Choose another id.",
                    ("department", change.Department));
            }
            if (acting.Count >= Limits.ValidatorsMax)
                return TooMany($"{Limits.ValidatorsMax} departments vote already, and no more can.");
        }
        else
        {
            if (!acting.Contains(change.Department))
                return Unknown(change);
            if (change.Kind == (uint)MembershipKind.Remove && acting.Count <= 1)
                return TooMany($"{change.Department} is the only department that votes.");
            if (CheckSuspension(state, change) is { } rejection)
                return rejection;
        }
        return !MembershipFields.EndsEpoch(change) || MembershipEffects.Changes(state).Changes.Count < Limits.MembershipChangesMax
            ? null
            : TooMany($"The validators of this ledger have changed {Limits.MembershipChangesMax} times, and it keeps no more.");
    }

    /// <summary>Who is suspended is not suspended again, who is not has nothing lifted, and those whose officers sign on are a quorum
    /// of those that vote: else nothing could ever be decided again, the end of a suspension neither.</summary>
    private static Rejection? CheckSuspension(StateOverlay state, MembershipChange change)
    {
        var kind = (MembershipKind)change.Kind;
        ulong suspended = state.Current<DepartmentState>(StateKey.Department(change.Department))?.SuspendedHeight ?? 0;
        if (kind == MembershipKind.Suspend && suspended > 0)
        {
            return new Rejection(
                RejectionCode.DepartmentSuspended,
                $"{change.Department} is suspended since block {suspended} already.",
                ("department", change.Department), ("lastHeight", FieldRules.Invariant(suspended)));
        }
        if (kind == MembershipKind.LiftSuspension && suspended == 0)
        {
            return new Rejection(
                RejectionCode.NotSuspended, $"{change.Department} is not suspended. Nothing is to be lifted.", ("department", change.Department));
        }
        return kind is MembershipKind.Suspend or MembershipKind.Remove ? CheckQuorum(state, change) : null;
    }

    private static Rejection? CheckQuorum(StateOverlay state, MembershipChange change)
    {
        int voters = 0, signing = 0;
        foreach (string id in state.Leader.Departments)
        {
            DepartmentState? department = state.Current<DepartmentState>(StateKey.Department(id));
            bool isChanged = id == change.Department;
            if (department is { RemovedHeight: > 0 } || (isChanged && change.Kind == (uint)MembershipKind.Remove))
                continue;
            voters++;
            signing += isChanged || department is { SuspendedHeight: > 0 } ? 0 : 1;
        }
        int quorum = Quorum.Size(voters);
        return signing >= quorum
            ? null
            : new Rejection(
                RejectionCode.QuorumSuspended,
                $"Of {voters} departments that would vote, the officers of {signing} could sign, and {quorum} make a quorum: nothing could ever be decided again. "
                + "Lift a suspension first.",
                ("signing", FieldRules.Invariant((ulong)signing)), ("quorum", FieldRules.Invariant((ulong)quorum)));
    }

    private static bool IsAdmittedSo(StateOverlay state, MembershipChange change) =>
        state.Current<DepartmentState>(StateKey.Department(change.Department)) is { } department
        && department.Endpoint == change.Endpoint
        && department.Names.Equals(change.Names)
        && change.Administrators.All(officer =>
            state.Current<OfficerKeyState>(MembershipEffects.KeyOf(officer.PublicKey))?.Intervals.FirstOrDefault() is { } first
            && first.FirstHeight == department.AdmittedHeight
            && first.Department == change.Department && first.OfficerId == officer.OfficerId);

    private static Rejection TooMany(string message) =>
        new(RejectionCode.MembershipLimit, message, ("departmentsMax", FieldRules.Invariant(Limits.ValidatorsMax)));

    private static Rejection Unknown(MembershipChange change) => new(
        RejectionCode.UnknownDepartment,
        $"No department {change.Department} has a vote on this ledger. Look at: govchain member list",
        ("department", change.Department));

    private static Rejection Unproven(string problem) =>
        new(RejectionCode.InvalidProof, $"The change is not approved: {problem}.", ("problem", problem));
}
