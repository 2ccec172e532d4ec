using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// The rules of the ledger: whether a transaction may stand in a block on top of a state, and what it does there.
/// The same code decides at the door, in the leader's block, in every backup's check and in the auditor's replay.
/// </summary>
public static class TransactionRules
{
    /// <summary>
    /// Why the transaction could not stand next in a block at this height and time, or null. Reads the state only;
    /// says nothing about the signature.
    /// </summary>
    /// <exception cref="CorruptStateException">The ledger's state is damaged.</exception>
    public static Rejection? Check(StateOverlay state, Transaction transaction, ulong height, ulong timeMs) =>
        Judge(state, transaction, height, timeMs, position: 0).Rejection;

    /// <summary>As <see cref="Check"/>, with all that it would do as the leaf at <paramref name="position"/>.</summary>
    internal static Outcome Judge(
        StateOverlay state, Transaction transaction, ulong height, ulong timeMs, ulong position)
    {
        // The permanent index answers before expiry is looked at, so that a late repeat still finds its receipt.
        Rejection? rejection = ProtocolRules.CheckAction(state, (int)transaction.Body.ActionCase)
            ?? CheckDuplicate(state, transaction)
            ?? CheckExpiry(transaction.Body.ExpiresAtMs, timeMs, state.Parameters.ExpiryHorizonMs);
        if (rejection is not null)
            return rejection;
        if (transaction.IsProtocol)
        {
            rejection = Authority.CheckValidator(state, transaction.Signer, height, out ValidatorInterval? validator);
            return rejection is not null
                ? rejection
                : Act(state, new ProtocolContext(height, timeMs, position, validator!.Department), transaction.Body);
        }
        rejection = Authority.Check(state, transaction.Signer, height, timeMs, out OfficerInterval? signer);
        if (rejection is not null)
            return rejection;
        return Act(state, new TransactionContext(height, timeMs, position, transaction.Id, signer!), transaction.Body);
    }

    private static Outcome Act(StateOverlay state, in ProtocolContext at, TransactionBody body) =>
        body.ActionCase switch
        {
            TransactionBody.ActionOneofCase.Accuse => AccusationRules.Accuse(state, at, body.Accuse),
            TransactionBody.ActionOneofCase.SuspendLeader => SuspensionRules.Suspend(state, at, body.SuspendLeader),
            TransactionBody.ActionOneofCase.PostReadRoot => ReadRootRules.Post(state, at, body.PostReadRoot),
            _ => throw new InvalidOperationException($"The decoder let the action {body.ActionCase} through."),
        };

    private static Outcome Act(StateOverlay state, in TransactionContext at, TransactionBody body)
    {
        if (RecordActions.ChangeOf(body) is { } change)
            return RecordRules.Change(state, at, body.ActionCase, change);
        return body.ActionCase switch
        {
            TransactionBody.ActionOneofCase.Approve => ApprovalRules.Approve(state, at, body.Approve),
            TransactionBody.ActionOneofCase.Refuse => ApprovalRules.Refuse(state, at, body.Refuse),
            TransactionBody.ActionOneofCase.DelegateApproval => DelegationRules.Delegate(state, at, body.DelegateApproval),
            TransactionBody.ActionOneofCase.RevokeDelegation => DelegationRules.Revoke(state, at, body.RevokeDelegation),
            TransactionBody.ActionOneofCase.DefineType => TypeRules.Define(state, at, body.DefineType),
            TransactionBody.ActionOneofCase.EnrolOfficer => OfficerRules.Enrol(state, at, body.EnrolOfficer),
            TransactionBody.ActionOneofCase.RevokeOfficer => OfficerRules.Revoke(state, at, body.RevokeOfficer),
            TransactionBody.ActionOneofCase.RotateOfficerKey => OfficerRules.Rotate(state, at, body.RotateOfficerKey),
            TransactionBody.ActionOneofCase.Propose => ProposalRules.Propose(state, at, body.Propose),
            TransactionBody.ActionOneofCase.VoteOnProposal => ProposalRules.Vote(state, at, body.VoteOnProposal),
            TransactionBody.ActionOneofCase.WithdrawProposal => ProposalRules.Withdraw(state, at, body.WithdrawProposal),
            TransactionBody.ActionOneofCase.ChangeMembership => MembershipRules.Change(state, at, body.ChangeMembership),
            _ => throw new InvalidOperationException($"The decoder let the action {body.ActionCase} through."),
        };
    }

    private static Rejection? CheckDuplicate(StateOverlay state, Transaction transaction)
    {
        if (state.HoldsTransaction(transaction.Id))
        {
            return new Rejection(
                RejectionCode.Duplicate,
                "The same transaction stands earlier in this block.",
                ("transactionId", transaction.Id.ToString()));
        }
        return state.FindTransaction(transaction.Id) is { } location
            ? new Rejection(
                RejectionCode.Duplicate,
                $"The same transaction is on the ledger, in block {location.Height}. Its receipt is the answer.",
                ("transactionId", transaction.Id.ToString()),
                ("height", FieldRules.Invariant(location.Height)),
                ("position", FieldRules.Invariant(location.Position)))
            : null;
    }

    private static Rejection? CheckExpiry(ulong expiresAtMs, ulong timeMs, ulong horizonMs)
    {
        (string, string)[] Facts() =>
        [
            ("expiresAtMs", FieldRules.Invariant(expiresAtMs)),
            ("timeMs", FieldRules.Invariant(timeMs)),
            ("horizonMs", FieldRules.Invariant(horizonMs)),
        ];
        if (expiresAtMs <= timeMs)
        {
            return new Rejection(
                RejectionCode.Expired,
                "The transaction expired before it was committed. Sign it again with a later expiry.",
                Facts());
        }
        return expiresAtMs - timeMs > horizonMs
            ? new Rejection(
                RejectionCode.ExpiryTooFar,
                $"The expiry lies more than {horizonMs / 1000} seconds ahead. Sign again with an earlier one, "
                + "or check the clock of this machine.",
                Facts())
            : null;
    }
}
