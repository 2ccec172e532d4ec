using Google.Protobuf.Collections;
using GovChain.Core.Cryptography;
using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>The rules of an action's fields that need no state (docs/SPEC.md, "Actions").</summary>
internal static class ActionRules
{
    private const int ProtocolActionMin = 80;

    /// <summary>The first field of the body's action that breaks its rule, or null.</summary>
    public static FieldViolation? Check(TransactionBody body) => body.ActionCase switch
    {
        TransactionBody.ActionOneofCase.Register => Change("register", body),
        TransactionBody.ActionOneofCase.Amend => Change("amend", body),
        TransactionBody.ActionOneofCase.Annul => Change("annul", body),
        TransactionBody.ActionOneofCase.Supersede => Change("supersede", body),
        TransactionBody.ActionOneofCase.Reinstate => Change("reinstate", body),
        TransactionBody.ActionOneofCase.Transfer => Change("transfer", body),
        TransactionBody.ActionOneofCase.Approve => Approve("approve", body.Approve),
        TransactionBody.ActionOneofCase.Refuse => Refuse("refuse", body.Refuse),
        TransactionBody.ActionOneofCase.DelegateApproval => Delegate("delegate_approval", body),
        TransactionBody.ActionOneofCase.RevokeDelegation => RevokeDelegation("revoke_delegation", body.RevokeDelegation),
        TransactionBody.ActionOneofCase.DefineType => DefineType("define_type", body.DefineType),
        TransactionBody.ActionOneofCase.EnrolOfficer => Enrol("enrol_officer", body.EnrolOfficer),
        TransactionBody.ActionOneofCase.RevokeOfficer => Revoke("revoke_officer", body.RevokeOfficer),
        TransactionBody.ActionOneofCase.RotateOfficerKey => Rotate("rotate_officer_key", body.RotateOfficerKey),
        TransactionBody.ActionOneofCase.Accuse => Accuse("accuse", body.Accuse, body.ChainId.Span),
        TransactionBody.ActionOneofCase.SuspendLeader => Suspend("suspend_leader", body.SuspendLeader),
        TransactionBody.ActionOneofCase.PostReadRoot => ReadRoot("post_read_root", body.PostReadRoot),
        TransactionBody.ActionOneofCase.Propose => MembershipFields.Check("propose", body.Propose),
        TransactionBody.ActionOneofCase.VoteOnProposal => Vote("vote_on_proposal", body.VoteOnProposal),
        TransactionBody.ActionOneofCase.WithdrawProposal => Withdraw("withdraw_proposal", body.WithdrawProposal),
        TransactionBody.ActionOneofCase.ChangeMembership => MembershipFields.Check("change_membership", body.ChangeMembership),
        _ => FieldViolation.Of("action", "exactly one of register, amend, annul, supersede, reinstate, transfer, approve, delegate_approval, "
            + "revoke_delegation, refuse, define_type, enrol_officer, revoke_officer, rotate_officer_key, propose, vote_on_proposal, withdraw_proposal, change_membership, accuse, suspend_leader, post_read_root", ""),
    };

    /// <summary>Actions from number 80 on are signed by a department's validator key.</summary>
    public static bool IsProtocol(TransactionBody.ActionOneofCase action) => (int)action >= ProtocolActionMin;

    private static FieldViolation? Change(string at, TransactionBody body)
    {
        RecordChange change = RecordActions.ChangeOf(body)!;
        bool hasPayload = RecordActions.HasPayload(body.ActionCase);
        if (change.Record is null)
            return FieldViolation.Of($"{at}.record", "given", "");
        if (change.Payload is not null != hasPayload)
            return FieldViolation.Of(
                $"{at}.payload", hasPayload ? "given" : "left out", hasPayload ? "" : "a payload");
        return FieldRules.Record($"{at}.record", change.Record)
            ?? FieldRules.Text($"{at}.reason", change.Reason, Limits.ShortTextBytesMax)
            ?? FieldRules.Text($"{at}.legal_basis", change.LegalBasis, Limits.ShortTextBytesMax)
            ?? FieldRules.Date($"{at}.effective_date", change.EffectiveDate)
            ?? (body.ActionCase == TransactionBody.ActionOneofCase.Register ? null : Follows(at, change))
            ?? (body.ActionCase == TransactionBody.ActionOneofCase.Supersede
                ? Successors($"{at}.successors", change)
                : FieldRules.Require(change.Successors.Count == 0, $"{at}.successors", "left out", "records"))
            ?? (body.ActionCase == TransactionBody.ActionOneofCase.Transfer
                ? FieldRules.Department($"{at}.receiver", change.Receiver)
                    ?? FieldRules.Require(change.ApproveUntilMs > 0, $"{at}.approve_until_ms", "the time until which the receiver may accept", "")
                : FieldRules.Require(change.Receiver.Length == 0, $"{at}.receiver", "left out", change.Receiver))
            ?? FieldRules.Require(
                change.ApproveUntilMs == 0 || change.ApproveUntilMs >= body.ExpiresAtMs,
                $"{at}.approve_until_ms", "left out, or not earlier than expires_at_ms", FieldRules.Invariant(change.ApproveUntilMs))
            ?? (hasPayload
                ? Links($"{at}.links", change) ?? Payload($"{at}.payload", change.Payload!)
                : FieldRules.Require(change.Links.Count == 0, $"{at}.links", "left out", "links"));
    }

    /// <summary>What follows a version names it and says why.</summary>
    private static FieldViolation? Follows(string at, RecordChange change) =>
        change.ExpectedVersion == 0
            ? FieldViolation.Of($"{at}.expected_version", "the number of the version that this one follows", "")
            : FieldRules.Text($"{at}.reason", change.Reason, Limits.ShortTextBytesMax, required: true);

    private static FieldViolation? Successors(string at, RecordChange change)
    {
        FieldViolation? violation = FieldRules.Number(at, (ulong)change.Successors.Count, 1, Limits.SuccessorsMax);
        for (int i = 0; violation is null && i < change.Successors.Count; i++)
            violation = Other($"{at}[{i}]", change.Record, i == 0 ? null : change.Successors[i - 1], change.Successors[i]);
        return violation;
    }

    private static FieldViolation? Links(string at, RecordChange change)
    {
        FieldViolation? violation = FieldRules.Number(at, (ulong)change.Links.Count, 0, Limits.LinksMax);
        for (int i = 0; violation is null && i < change.Links.Count; i++)
        {
            violation = change.Links[i].Record is { } record
                ? Other($"{at}[{i}].record", change.Record, i == 0 ? null : change.Links[i - 1].Record, record)
                : FieldViolation.Of($"{at}[{i}].record", "given", "");
        }
        return violation;
    }

    /// <summary>One of an ascending list of other records.</summary>
    private static FieldViolation? Other(string at, RecordName own, RecordName? before, RecordName record) =>
        FieldRules.Record(at, record)
        ?? FieldRules.Require(
            before is null || Compare(before, record) < 0,
            at, "greater than the one before, by type and then by id", $"{record.Type}/{record.Id}")
        ?? FieldRules.Require(Compare(own, record) != 0, at, "another record", $"{record.Type}/{record.Id}");

    private static int Compare(RecordName a, RecordName b)
    {
        int byType = string.CompareOrdinal(a.Type, b.Type);
        return byType != 0 ? byType : string.CompareOrdinal(a.Id, b.Id);
    }

    private static FieldViolation? Payload(string at, Payload payload) =>
        payload.KindCase == Protos.V1.Payload.KindOneofCase.Inline
            ? FieldRules.MediaType($"{at}.inline.media_type", payload.Inline.MediaType)
            : FieldViolation.Of(at, "of a known kind", "");

    private static FieldViolation? Approve(string at, ApproveSubmission approval) =>
        Submission(at, approval.Record, approval.Submission.Span, approval.OnBehalfOf);

    private static FieldViolation? Refuse(string at, RefuseSubmission refusal) =>
        Submission(at, refusal.Record, refusal.Submission.Span, refusal.OnBehalfOf)
        ?? FieldRules.Text($"{at}.reason", refusal.Reason, Limits.ShortTextBytesMax, required: true);

    private static FieldViolation? Submission(string at, RecordName? record, ReadOnlySpan<byte> submission, string onBehalfOf) => record is null
        ? FieldViolation.Of($"{at}.record", "given", "")
        : FieldRules.Record($"{at}.record", record)
            ?? FieldRules.Length($"{at}.submission", submission, Digest.Size, "bytes, the id of a transaction")
            ?? (onBehalfOf.Length == 0 ? null : FieldRules.Officer($"{at}.on_behalf_of", onBehalfOf));

    private static FieldViolation? Delegate(string at, TransactionBody body) =>
        FieldRules.Officer($"{at}.officer_id", body.DelegateApproval.OfficerId)
        ?? FieldRules.Require(
            body.DelegateApproval.UntilMs >= body.ExpiresAtMs,
            $"{at}.until_ms", "not earlier than expires_at_ms", FieldRules.Invariant(body.DelegateApproval.UntilMs))
        ?? FieldRules.Text($"{at}.reason", body.DelegateApproval.Reason, Limits.ShortTextBytesMax);

    private static FieldViolation? RevokeDelegation(string at, RevokeDelegation revocation) =>
        FieldRules.Officer($"{at}.delegator", revocation.Delegator)
        ?? FieldRules.Officer($"{at}.officer_id", revocation.OfficerId)
        ?? FieldRules.Text($"{at}.reason", revocation.Reason, Limits.ShortTextBytesMax);

    private static FieldViolation? DefineType(string at, DefineType type) =>
        FieldRules.Type($"{at}.type", type.Type)
        ?? FieldRules.Texts($"{at}.titles", type.Titles)
        ?? FieldRules.Text($"{at}.description", type.Description, Limits.LongTextBytesMax)
        ?? FieldRules.Text($"{at}.schema", type.Schema, Limits.SchemaBytesMax)
        ?? Departments($"{at}.approvers", type.Approvers, Limits.ApproversMax)
        ?? Departments($"{at}.readers", type.Readers, Limits.ReadersMax);

    private static FieldViolation? Departments(string at, RepeatedField<string> departments, int max)
    {
        FieldViolation? violation = FieldRules.Number(at, (ulong)departments.Count, 0, (ulong)max);
        for (int i = 0; violation is null && i < departments.Count; i++)
        {
            violation = FieldRules.Department($"{at}[{i}]", departments[i])
                ?? FieldRules.Require(
                    i == 0 || string.CompareOrdinal(departments[i - 1], departments[i]) < 0,
                    $"{at}[{i}]", "greater than the one before", departments[i]);
        }
        return violation;
    }

    private static FieldViolation? Enrol(string at, EnrolOfficer officer) =>
        FieldRules.Officer($"{at}.officer_id", officer.OfficerId)
        ?? FieldRules.Key($"{at}.public_key", officer.PublicKey.Span)
        ?? FieldRules.Roles($"{at}.roles", officer.Roles)
        ?? (officer.ValidUntilMs != 0 && officer.ValidUntilMs <= officer.ValidFromMs
            ? FieldViolation.Of(
                $"{at}.valid_until_ms", "later than valid_from_ms", FieldRules.Invariant(officer.ValidUntilMs))
            : null);

    private static FieldViolation? Revoke(string at, RevokeOfficer officer) =>
        FieldRules.Officer($"{at}.officer_id", officer.OfficerId)
        ?? FieldRules.Text($"{at}.reason", officer.Reason, Limits.ShortTextBytesMax);

    private static FieldViolation? Rotate(string at, RotateOfficerKey officer) =>
        FieldRules.Officer($"{at}.officer_id", officer.OfficerId)
        ?? FieldRules.Key($"{at}.public_key", officer.PublicKey.Span)
        ?? FieldRules.Text($"{at}.reason", officer.Reason, Limits.ShortTextBytesMax);

    private static FieldViolation? Vote(string at, VoteOnProposal vote) =>
        FieldRules.Department($"{at}.department", vote.Department)
        ?? FieldRules.Length($"{at}.proposal", vote.Proposal.Span, Digest.Size, "bytes, the id of a transaction")
        ?? FieldRules.Text($"{at}.reason", vote.Reason, Limits.ShortTextBytesMax);

    private static FieldViolation? Withdraw(string at, WithdrawProposal withdrawal) =>
        FieldRules.Length($"{at}.proposal", withdrawal.Proposal.Span, Digest.Size, "bytes, the id of a transaction")
        ?? FieldRules.Text($"{at}.reason", withdrawal.Reason, Limits.ShortTextBytesMax);

    private static FieldViolation? Accuse(string at, Accuse action, ReadOnlySpan<byte> chainId) =>
        Evidence.TryRead(action.Evidence.Span) is { } evidence && evidence.ChainId.Span.SequenceEqual(chainId)
            ? null
            : FieldViolation.Of($"{at}.evidence", $"{Evidence.Size} bytes, evidence of this ledger", FieldRules.Invariant(action.Evidence.Length) + " bytes");

    private static FieldViolation? Suspend(string at, SuspendLeader action)
    {
        FieldViolation? violation = FieldRules.Number($"{at}.height", action.Height, 1, ulong.MaxValue)
            ?? FieldRules.Number($"{at}.view", action.View, 0, uint.MaxValue - 1)
            ?? FieldRules.Number($"{at}.view_changes", (ulong)action.ViewChanges.Count, 1, Limits.ValidatorsMax);
        for (int i = 0; violation is null && i < action.ViewChanges.Count; i++)
            violation = ViewChange($"{at}.view_changes[{i}]", action.ViewChanges[i], action.View);
        return violation;
    }

    private static FieldViolation? ReadRoot(string at, PostReadRoot root) =>
        FieldRules.Number($"{at}.number", root.Number, 1, ulong.MaxValue)
        ?? FieldRules.Number($"{at}.first_entry", root.FirstEntry, 1, ulong.MaxValue)
        ?? FieldRules.Number($"{at}.last_entry", root.LastEntry, root.FirstEntry, ulong.MaxValue)
        ?? FieldRules.Length($"{at}.head", root.Head.Span, Digest.Size, "bytes, the hash of an entry");

    /// <summary>A vote to leave a view: what it holds prepared was prepared in that view or an older one.</summary>
    private static FieldViolation? ViewChange(string at, SignedViewChange change, uint view) =>
        FieldRules.Key($"{at}.signer", change.Signer.Span)
        ?? FieldRules.Number($"{at}.prepared", change.Prepared, 0, view + 1)
        ?? (change.Prepared == 0
            ? FieldRules.Length($"{at}.prepared_hash", change.PreparedHash.Span, 0, "bytes where nothing is prepared")
            : FieldRules.Length($"{at}.prepared_hash", change.PreparedHash.Span, Digest.Size, "bytes, a block's hash"))
        ?? FieldRules.LowSignature($"{at}.signature", change.Signature.Span);
}
