using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>What a change writes that the departments have decided on and that nothing stands against: <see cref="MembershipRules"/>
/// says which those are.</summary>
internal static class MembershipEffects
{
    /// <summary>Everything that the change writes.</summary>
    public static IReadOnlyList<StateWrite> Of(StateOverlay state, in TransactionContext at, MembershipChange change) =>
        (MembershipKind)change.Kind switch
        {
            MembershipKind.Admit => Admit(at, change, Changes(state)),
            MembershipKind.Remove => Remove(state, at, change, Changes(state)),
            MembershipKind.ReplaceKey => ReplaceKey(state, at, change, Changes(state)),
            MembershipKind.MoveEndpoint => Written(state, change, d => d.Endpoint = change.Endpoint),
            MembershipKind.Suspend => Suspended(state, change, at.Height),
            MembershipKind.LiftSuspension => Written(state, change, static d => d.SuspendedHeight = 0),
            MembershipKind.ScheduleVersion or MembershipKind.CallOffVersion => [ProtocolRules.Effect(state, at, change)],
            _ => [new StateWrite(StateKey.Parameters, Merged(state, change))],
        };

    private static List<StateWrite> Admit(in TransactionContext at, MembershipChange change, MembershipState before)
    {
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
        return writes;
    }

    private static StateWrite[] Remove(
        StateOverlay state, in TransactionContext at, MembershipChange change, MembershipState before)
    {
        DepartmentState department = Department(state, change);
        DepartmentState left = department.Clone();
        left.RemovedHeight = at.Height;
        return
        [
            Entry(before, at, change.Department, department.ValidatorKey, ByteString.Empty),
            new StateWrite(StateKey.Department(change.Department), left),
            Closed(state, department, at.Height),
        ];
    }

    private static StateWrite[] ReplaceKey(
        StateOverlay state, in TransactionContext at, MembershipChange change, MembershipState before)
    {
        DepartmentState department = Department(state, change);
        DepartmentState changed = department.Clone();
        changed.ValidatorKey = change.ValidatorKey;
        return
        [
            Entry(before, at, change.Department, department.ValidatorKey, change.ValidatorKey),
            new StateWrite(StateKey.Department(change.Department), changed),
            Closed(state, department, at.Height),
            Opened(change, at.Height + 1),
        ];
    }

    private static StateWrite[] Suspended(StateOverlay state, MembershipChange change, ulong last) =>
        Written(state, change, d => d.SuspendedHeight = last);

    private static StateWrite[] Written(StateOverlay state, MembershipChange change, Action<DepartmentState> set)
    {
        DepartmentState department = Department(state, change).Clone();
        set(department);
        return [new StateWrite(StateKey.Department(change.Department), department)];
    }

    /// <summary>The parameters that would hold: those that the change leaves out stay as they are, so that no proposal undoes another
    /// one that it knew nothing of.</summary>
    public static Parameters Merged(StateOverlay state, MembershipChange change)
    {
        Parameters merged = ParametersIn(state).Clone();
        merged.MergeFrom(change.Parameters);
        return merged;
    }

    /// <summary>The parameters, with what this block has written.</summary>
    public static Parameters ParametersIn(StateOverlay state) =>
        state.Written<Parameters>(StateKey.Parameters) ?? state.Parameters;

    /// <summary>The changes of the validators so far, with those of this block.</summary>
    public static MembershipState Changes(StateOverlay state) =>
        state.Current<MembershipState>(StateKey.Membership) ?? new MembershipState();

    private static DepartmentState Department(StateOverlay state, MembershipChange change)
    {
        StateKey key = StateKey.Department(change.Department);
        return state.Current<DepartmentState>(key) ?? throw new CorruptStateException(key, "no value");
    }

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

    /// <summary>Where the state says whose a key is.</summary>
    public static StateKey KeyOf(ByteString key) => new(StateKind.OfficerKey, key.Span);
}
