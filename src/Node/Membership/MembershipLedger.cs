using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Signatures;
using GovChain.Protos.V1;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Node.Membership;

/// <summary>
/// What a ledger has to say of a change, fetched from a node and proven (<see cref="ProvenState"/>). That a key or a department is not there
/// is the node's word where no officer asks: newcomers ask, too, and what the ledger takes it judges itself.
/// </summary>
internal sealed class MembershipLedger
{
    private readonly StateOverlay _state;
    private readonly ulong _timeMs;

    private MembershipLedger(ProvenState state) =>
        (_state, _timeMs) = (new StateOverlay(state), (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    /// <summary>The newest block that the node gave.</summary>
    public ulong Height => _state.Tip.Height;

    /// <summary>Asks a node for whatever bears on the change and on those who signed it.</summary>
    /// <exception cref="LedgerClientException">It refuses, cannot be reached, is of another ledger, or proves not what it says.</exception>
    public static async Task<MembershipLedger> AskAsync(LedgerClient client, MembershipFile file, CancellationToken cancellation)
    {
        using NodeVerifier signatures = NodeVerifier.ForFile();
        GetStatusResponse status = await client.GetStatusAsync(cancellation);
        if (status.ChainId != file.ChainId.ToString())
        {
            throw new Commands.CommandException(
                Commands.ExitCode.Usage, $"The change is of the ledger {file.ChainId}; the node at {client.Node} is of {status.ChainId}.");
        }
        ProvenState state = await ProvenState.OpenAsync(client, file.ChainId, signatures.Verifier, cancellation);
        MembershipChange change = file.Change;
        IEnumerable<StateKey> keys = file.Action.Approvals.Select(static a => a.Signer)
            .Concat(change.Administrators.Select(static a => a.PublicKey))
            .Append(change.ValidatorKey).Where(static k => !k.IsEmpty)
            .Select(static k => new StateKey(StateKind.OfficerKey, k.Span));
        StateKey subject = (MembershipKind)change.Kind switch
        {
            MembershipKind.SetParameters => StateKey.Parameters,
            MembershipKind.ScheduleVersion or MembershipKind.CallOffVersion => StateKey.Protocol,
            _ => StateKey.Department(change.Department),
        };
        // Whether a quorum of those that vote signs on, they say themselves.
        IEnumerable<StateKey> voters = (MembershipKind)change.Kind is MembershipKind.Remove or MembershipKind.Suspend
            ? new StateOverlay(state).Leader.Departments.Select(StateKey.Department)
            : [];
        await FetchAsync(state, client, keys.Append(subject).Concat(voters), cancellation);
        return new MembershipLedger(state);
    }

    /// <summary>Why the ledger would refuse the change whoever signs it; null if it would not.</summary>
    public Rejection? Refusal(MembershipChange change) =>
        MembershipRules.CheckChange(_state, change, ApprovalReview.Later(_state, _timeMs));

    /// <summary>Where the change is on the ledger; null if it is not.</summary>
    public MembershipEntry? Find(MembershipChange change) => MembershipRules.Find(_state, change);

    /// <summary>Whose the signatures are.</summary>
    public ApprovalReview Review(MembershipFile file) => ApprovalReview.ByLedger(file, _state, _timeMs);

    /// <summary>The entries of keys, and of the departments whose officers they are.</summary>
    private static async Task FetchAsync(ProvenState state, LedgerClient client, IEnumerable<StateKey> keys, CancellationToken cancellation)
    {
        foreach (StateKey key in keys)
        {
            await state.FetchAsync(client, [key], cancellation, orTold: true);
            if (key.Kind != StateKind.OfficerKey || StateValue.Read<OfficerKeyState>(state, key) is not { } entry)
                continue;
            await state.FetchAsync(client, entry.Intervals.Select(static i => StateKey.Department(i.Department)), cancellation, orTold: true);
        }
    }
}
