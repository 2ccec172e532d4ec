using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// The ledger's protocol version: which actions it has, and how departments go on to the next one (docs/SPEC.md, "Protocol
/// versions"). Nothing here asks which versions a release executes: that is no part of a block's validity.
/// </summary>
internal static class ProtocolRules
{
    /// <summary>Why an action may not stand in a block of the ledger's version, or null.</summary>
    /// <param name="state">The state before the block.</param>
    /// <param name="action">The action's number.</param>
    public static Rejection? CheckAction(StateOverlay state, int action)
    {
        uint since = ProtocolVersions.Since(action);
        return since <= state.Protocol.Version
            ? null
            : new Rejection(
                RejectionCode.NotActive,
                $"Action {action} belongs to protocol version {since}, and this ledger is of version {state.Protocol.Version}. Submit it again when the "
                + "departments have gone on to that version.",
                ("action", FieldRules.Invariant(action)), ("version", FieldRules.Invariant(state.Protocol.Version)),
                ("since", FieldRules.Invariant(since)));
    }

    /// <summary>Why a version could not be scheduled, or called off, now; or null.</summary>
    public static Rejection? Check(StateOverlay state, MembershipChange change)
    {
        ProtocolState now = Current(state);
        uint next = now.Version + 1;
        if (change.Kind == (uint)MembershipKind.CallOffVersion)
        {
            return now.Scheduled is not null
                ? null
                : new Rejection(
                    RejectionCode.NotScheduled, $"No protocol version is scheduled: the ledger stays at {now.Version}. Nothing is to be called off.",
                    ("version", FieldRules.Invariant(now.Version)));
        }
        return change.Protocol.Version == next
            ? null
            : new Rejection(
                RejectionCode.NotNextVersion,
                $"The ledger is of protocol version {now.Version}: the next one is {next}. None is skipped, and none comes back.",
                ("version", FieldRules.Invariant(now.Version)), ("next", FieldRules.Invariant(next)));
    }

    /// <summary>What the departments have decided: a schedule takes the place of an earlier one.</summary>
    public static StateWrite Effect(StateOverlay state, in TransactionContext at, MembershipChange change)
    {
        ProtocolState next = Current(state).Clone();
        (next.Scheduled, next.Position) = change.Protocol is { } protocol ? (protocol, at.Position) : (null, 0);
        return new StateWrite(StateKey.Protocol, next);
    }

    /// <summary>After a block's transactions: the version that is due holds from the next block on.</summary>
    /// <param name="state">With all that the block's transactions have written.</param>
    /// <param name="block">The block's height and time.</param>
    public static void EndBlock(StateOverlay state, BlockHeader block)
    {
        if (Current(state).Scheduled is { } due && block.TimestampMs >= due.FromMs)
            state.Write(StateKey.Protocol, new ProtocolState { Version = due.Version, FirstHeight = block.Height + 1 });
    }

    private static ProtocolState Current(StateOverlay state) => ProtocolVersions.Of(state.Current<ProtocolState>(StateKey.Protocol));
}
