using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Changing who certifies blocks: administrators of a quorum of the departments that vote have signed the same change, and
/// so has the key that is to vote. Acts from the next block on; one change a block, and each ends its epoch, so that no
/// signature serves twice.
/// </summary>
internal static class MembershipRules
{
    public static Outcome Change(StateOverlay state, in TransactionContext at, ChangeMembership action)
    {
        MembershipChange change = action.Change;
        MembershipState before = state.Current<MembershipState>(StateKey.Membership) ?? new MembershipState();
        Rejection? rejection = CheckEpoch(state, change)
            ?? CheckExpiry(change, at.TimeMs)
            ?? CheckApprovals(state, at, action)
            ?? CheckKeys(state, change);
        if (rejection is not null)
            return rejection;
        return (MembershipKind)change.Kind switch
        {
            MembershipKind.Admit => Admit(state, at, change, before),
            MembershipKind.Remove => Remove(state, at, change, before),
            _ => ReplaceKey(state, at, change, before),
        };
    }

    private static Outcome Admit(
        StateOverlay state, in TransactionContext at, MembershipChange change, MembershipState before)
    {
        if (state.Current<DepartmentState>(StateKey.Department(change.Department)) is not null)
        {
            return new Rejection(
                RejectionCode.DepartmentExists,
                $"A department {change.Department} is, or once was, on this ledger. Choose another id.",
                ("department", change.Department));
        }
        if (state.Leader.Departments.Count >= Limits.ValidatorsMax)
            return TooMany($"{Limits.ValidatorsMax} departments vote already, and no more can.");
        if (Full(before) is { } full)
            return full;
        ulong first = at.Height + 1;
        var writes = new List<StateWrite>
        {
            Entry(before, at, change.Department, ByteString.Empty, change.ValidatorKey),
            new(StateKey.Department(change.Department), new DepartmentState
            {
                Id = change.Department,
                Names = { change.Names },
                ValidatorKey = change.ValidatorKey,
                Endpoint = change.Endpoint,
                Administrators = (uint)change.Administrators.Count,
                AdmittedHeight = first,
            }),
            Opened(change, first),
        };
        foreach (FirstAdministrator officer in change.Administrators)
        {
            writes.Add(new StateWrite(KeyOf(officer.PublicKey), new OfficerKeyState
            {
                PublicKey = officer.PublicKey,
                Intervals =
                {
                    new OfficerInterval
                    {
                        Department = change.Department,
                        OfficerId = officer.OfficerId,
                        Roles = { (uint)OfficerRole.Administrator },
                        FirstHeight = first,
                    },
                },
            }));
            writes.Add(new StateWrite(StateKey.Officer(change.Department, officer.OfficerId), new OfficerState
            {
                Department = change.Department,
                OfficerId = officer.OfficerId,
                CurrentKey = officer.PublicKey,
                Keys = 1,
            }));
        }
        return Outcome.Accept(writes);
    }

    private static Outcome Remove(
        StateOverlay state, in TransactionContext at, MembershipChange change, MembershipState before)
    {
        if (Find(state, change) is not { } department)
            return Unknown(change);
        if (state.Leader.Departments.Count <= 1)
            return TooMany($"{change.Department} is the only department that votes.");
        if (Full(before) is { } full)
            return full;
        DepartmentState left = department.Clone();
        left.RemovedHeight = at.Height;
        return Outcome.Accept(
            Entry(before, at, change.Department, department.ValidatorKey, ByteString.Empty),
            new StateWrite(StateKey.Department(change.Department), left),
            Closed(state, department, at.Height));
    }

    private static Outcome ReplaceKey(
        StateOverlay state, in TransactionContext at, MembershipChange change, MembershipState before)
    {
        if (Find(state, change) is not { } department)
            return Unknown(change);
        if (Full(before) is { } full)
            return full;
        DepartmentState changed = department.Clone();
        changed.ValidatorKey = change.ValidatorKey;
        return Outcome.Accept(
            Entry(before, at, change.Department, department.ValidatorKey, change.ValidatorKey),
            new StateWrite(StateKey.Department(change.Department), changed),
            Closed(state, department, at.Height),
            Opened(change, at.Height + 1));
    }

    /// <summary>Approved for this epoch, and the first change in the block.</summary>
    private static Rejection? CheckEpoch(StateOverlay state, MembershipChange change)
    {
        (string, string)[] facts =
            [("approvedFor", FieldRules.Invariant(change.Epoch)), ("epoch", FieldRules.Invariant(state.Epoch))];
        if (change.Epoch != state.Epoch)
        {
            return new Rejection(
                RejectionCode.OtherEpoch,
                $"The change was approved for epoch {change.Epoch} of the departments, and this is {state.Epoch}. "
                + "Propose it again and have it signed again.",
                facts);
        }
        return state.Written<MembershipState>(StateKey.Membership) is null
            ? null
            : new Rejection(
                RejectionCode.OtherEpoch,
                "Another change of the departments stands earlier in this block. Propose this one again for the epoch that it begins.",
                facts);
    }

    private static Rejection? CheckExpiry(MembershipChange change, ulong timeMs)
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
                RejectionCode.Expired, "The approvals of the change have expired. Propose it again and have it signed again.", facts);
        }
        return change.ExpiresAtMs - timeMs > Limits.MembershipHorizonMs
            ? new Rejection(RejectionCode.ExpiryTooFar, "The change may be approved for at most 30 days ahead.", facts)
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
            if (Authority.Check(state, key, at.Height, at.TimeMs, out OfficerInterval? signer) is { } rejection)
                return Unproven($"approval {i} is signed by {key.ToShortString()}..., who may not sign: {rejection.Message}");
            if (!signer!.Roles.Contains((uint)OfficerRole.Administrator))
                return Unproven($"approval {i} is signed by officer {signer.OfficerId} of {signer.Department}, who is no administrator");
            if (!acting.Contains(signer.Department))
                return Unproven($"approval {i} is signed for {signer.Department}, which has no vote");
            if (!departments.Add(signer.Department))
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
            if (state.Current<OfficerKeyState>(KeyOf(key)) is null)
                continue;
            string hex = Convert.ToHexStringLower(key.Span);
            return new Rejection(
                RejectionCode.KeyInUse,
                $"The key {hex[..16]}... belongs, or once belonged, to an officer or a validator. Make a new key.",
                ("publicKey", hex));
        }
        return null;
    }

    private static DepartmentState? Find(StateOverlay state, MembershipChange change) =>
        state.Leader.Departments.Contains(change.Department)
            ? state.Current<DepartmentState>(StateKey.Department(change.Department))
            : null;

    private static StateWrite Entry(
        MembershipState before, in TransactionContext at, string department, ByteString oldKey, ByteString newKey)
    {
        MembershipState after = before.Clone();
        after.Changes.Add(new MembershipEntry
        {
            Department = department,
            OldKey = oldKey,
            NewKey = newKey,
            Height = at.Height,
            Position = at.Position,
        });
        return new StateWrite(StateKey.Membership, after);
    }

    private static StateWrite Opened(MembershipChange change, ulong first) => new(
        KeyOf(change.ValidatorKey),
        new OfficerKeyState
        {
            PublicKey = change.ValidatorKey,
            ValidatorIntervals = { new ValidatorInterval { Department = change.Department, FirstHeight = first } },
        });

    private static StateWrite Closed(StateOverlay state, DepartmentState department, ulong last)
    {
        StateKey key = KeyOf(department.ValidatorKey);
        OfficerKeyState closed = (state.Current<OfficerKeyState>(key) ?? throw new CorruptStateException(key, "no value")).Clone();
        closed.ValidatorIntervals[^1].LastHeight = last;
        return new StateWrite(key, closed);
    }

    private static StateKey KeyOf(ByteString key) => new(StateKind.OfficerKey, key.Span);

    private static Rejection? Full(MembershipState before) => before.Changes.Count < Limits.MembershipChangesMax
        ? null
        : TooMany($"The validators of this ledger have changed {Limits.MembershipChangesMax} times, and it keeps no more.");

    private static Rejection TooMany(string message) =>
        new(RejectionCode.MembershipLimit, message, ("departmentsMax", FieldRules.Invariant(Limits.ValidatorsMax)));

    private static Rejection Unknown(MembershipChange change) => new(
        RejectionCode.UnknownDepartment,
        $"No department {change.Department} has a vote on this ledger. Look at: govchain member list",
        ("department", change.Department));

    private static Rejection Unproven(string problem) =>
        new(RejectionCode.InvalidProof, $"The change is not approved: {problem}.", ("problem", problem));
}
