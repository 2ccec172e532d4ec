using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// State values as messages (docs/SPEC.md, "State values"): one encoding each, which the wire profile fixes.
/// </summary>
public static class StateValue
{
    /// <summary>The message in a stored value.</summary>
    /// <exception cref="CorruptStateException">The bytes are no such message: the store is damaged.</exception>
    public static T Decode<T>(StateKey key, ReadOnlySpan<byte> bytes) where T : class, IMessage<T>, new()
    {
        if (WireProfile.Check<T>(bytes, int.MaxValue) is { } violation)
            throw new CorruptStateException(key, violation.ToString());
        var message = new T();
        message.MergeFrom(bytes);
        return message;
    }

    /// <summary>The one encoding of a value; its message type must be the key's kind's.</summary>
    /// <exception cref="InvalidOperationException">The message breaks the wire profile: a bug.</exception>
    public static byte[] Encode(StateKey key, IMessage value) => key.Kind switch
    {
        StateKind.Parameters => WireProfile.Encode((Parameters)value),
        StateKind.Department => WireProfile.Encode((DepartmentState)value),
        StateKind.OfficerKey => WireProfile.Encode((OfficerKeyState)value),
        StateKind.Officer => WireProfile.Encode((OfficerState)value),
        StateKind.RecordType => WireProfile.Encode((RecordTypeState)value),
        StateKind.Record => WireProfile.Encode((RecordState)value),
        StateKind.Leader => WireProfile.Encode((LeaderState)value),
        StateKind.Proposal => WireProfile.Encode((ProposalState)value),
        StateKind.Submission => WireProfile.Encode((SubmissionState)value),
        StateKind.Delegation => WireProfile.Encode((DelegationState)value),
        StateKind.Membership => WireProfile.Encode((MembershipState)value),
        StateKind.Protocol => WireProfile.Encode((ProtocolState)value),
        StateKind.ReadRoot => WireProfile.Encode((ReadRootState)value),
        _ => throw new ArgumentOutOfRangeException(nameof(key), key, "Not a kind of state."),
    };

    /// <summary>A value of the ledger's newest state, or null.</summary>
    /// <exception cref="CorruptStateException">The stored bytes are no such message.</exception>
    public static T? Read<T>(ILedgerView view, StateKey key) where T : class, IMessage<T>, new() =>
        view.GetState(key) is { } bytes ? Decode<T>(key, bytes.Span) : null;

    /// <summary>Who leads the next height.</summary>
    /// <exception cref="CorruptStateException">The state is damaged.</exception>
    public static LeaderOrder NextLeaders(ILedgerView view)
    {
        var state = new StateOverlay(view);
        return LeaderSchedule.Next(state.Leader, view.Tip.Height, state.Parameters.LeaderBlocksMax);
    }
}
