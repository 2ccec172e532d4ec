using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Four eyes: a change that was submitted for approval makes its version when an approver of a department that the type names,
/// another person than the submitter, countersigns it in time; a transfer of custody when one of the receiver does. One change of a
/// record waits at a time.
/// </summary>
internal static class ApprovalRules
{
    /// <summary>Whether the change may be made in the way that it asks for: at once, or with an approval.</summary>
    public static Rejection? CheckForm(StateOverlay state, in TransactionContext at, RecordChange change)
    {
        if (change.ApproveUntilMs == 0)
        {
            return !TypeOf(state, change.Record).FourEyes
                ? null
                : new Rejection(
                    RejectionCode.ApprovalRequired,
                    $"Records of type {change.Record.Type} change with another officer's approval only. "
                    + "Submit the change for approval, with a time until which it waits.",
                    ("type", change.Record.Type));
        }
        return change.ApproveUntilMs - at.TimeMs <= Limits.ApprovalHorizonMs
            ? null
            : new Rejection(
                RejectionCode.ExpiryTooFar,
                $"A change waits for approval for at most {Limits.ApprovalHorizonMs / 86_400_000} days. Submit it with an earlier end.",
                ("approveUntilMs", FieldRules.Invariant(change.ApproveUntilMs)),
                ("timeMs", FieldRules.Invariant(at.TimeMs)),
                ("horizonMs", FieldRules.Invariant(Limits.ApprovalHorizonMs)));
    }

    /// <summary>Nobody takes the place of a change that waits. One that another version overtook waits for nothing.</summary>
    public static Rejection? CheckNoneWaits(StateOverlay state, in TransactionContext at, RecordChange change) =>
        change.ApproveUntilMs == 0 || Find(state, change.Record) is not { Status: (uint)SubmissionStatus.Waiting } waiting
            || waiting.ApproveUntilMs <= at.TimeMs || waiting.Proposed.Version != change.ExpectedVersion + 1
            ? null
            : new Rejection(
                RejectionCode.ApprovalPending,
                $"Another change of {RecordRules.NameOf(change.Record)}, by officer {waiting.Proposed.OfficerId}, waits for approval. "
                + "Have it approved, refused or withdrawn first.",
                Facts(change.Record, waiting.Submission));

    /// <summary>What a change that keeps the rules does that asks for approval: it waits.</summary>
    public static Outcome Submit(in TransactionContext at, RecordChange change, RecordState proposed) => Outcome.Accept(
        new StateWrite(
            StateKey.Submission(change.Record.Type, change.Record.Id),
            new SubmissionState
            {
                Submission = ByteString.CopyFrom(at.TransactionId.Span),
                Status = (uint)SubmissionStatus.Waiting,
                ApproveUntilMs = change.ApproveUntilMs,
                Proposed = proposed,
            }));

    /// <summary>The submitted version, from now on. What it rests on is judged anew, for it may have changed meanwhile; its content,
    /// which is on the ledger since it was submitted, is not.</summary>
    public static Outcome Approve(StateOverlay state, in TransactionContext at, ApproveSubmission approval)
    {
        RecordName record = approval.Record;
        SubmissionState? submission = Find(state, record);
        Rejection? rejection = CheckWaiting(at, record, approval.Submission, submission)
            ?? RequireAnother(at, record, submission!, approval.OnBehalfOf)
            ?? RequireApprover(state, at, submission!.Proposed, approval.OnBehalfOf)
            ?? CheckProposed(state, at, approval, submission!.Proposed);
        if (rejection is not null)
            return rejection;
        RecordState next = submission!.Proposed.Clone();
        (next.RecordedAtMs, next.Height, next.Position) = (at.TimeMs, at.Height, at.Position);
        next.Approval = new Approval
        {
            Department = at.Department,
            OfficerId = at.Signer.OfficerId,
            SubmissionPosition = submission.Proposed.Position,
            OnBehalfOf = approval.OnBehalfOf,
        };
        StateKey key = StateKey.Record(record.Type, record.Id);
        return Outcome.Accept(
            new RecordVersionEntry(key, next.Version, at.Position),
            new StateWrite(key, next),
            Decide(at, record, submission, SubmissionStatus.Approved, approval.OnBehalfOf, reason: ""));
    }

    /// <summary>Nothing comes of the submission: an approver says so, or its submitter.</summary>
    public static Outcome Refuse(StateOverlay state, in TransactionContext at, RefuseSubmission refusal)
    {
        SubmissionState? submission = Find(state, refusal.Record);
        Rejection? rejection = CheckWaiting(at, refusal.Record, refusal.Submission, submission)
            ?? (refusal.OnBehalfOf.Length == 0 && IsSubmitter(at.Department, at.Signer.OfficerId, submission!)
                ? null : RequireApprover(state, at, submission!.Proposed, refusal.OnBehalfOf));
        return rejection is null
            ? Outcome.Accept(Decide(at, refusal.Record, submission!, SubmissionStatus.Refused, refusal.OnBehalfOf, refusal.Reason))
            : rejection;
    }

    private static Rejection? CheckWaiting(
        in TransactionContext at, RecordName record, ByteString meant, SubmissionState? submission)
    {
        if (submission is null || submission.Submission != meant)
        {
            return new Rejection(
                RejectionCode.UnknownSubmission,
                $"This is not the newest change of {RecordRules.NameOf(record)} that was submitted for approval, or there is none. "
                + "Look at what waits, then decide again.",
                Facts(record, meant));
        }
        if (submission.Status != (uint)SubmissionStatus.Waiting)
        {
            (string decision, string next) = submission.Status == (uint)SubmissionStatus.Approved
                ? ("approved", "Nothing more is to be done.")
                : ("refused", "Whoever wants the change submits it anew.");
            return new Rejection(
                RejectionCode.SubmissionDecided,
                $"The change of {RecordRules.NameOf(record)} was {decision} by officer {submission.OfficerId} of "
                + $"{submission.Department} already. {next}",
                [.. Facts(record, meant), ("decision", decision), ("position", FieldRules.Invariant(submission.Position))]);
        }
        return at.TimeMs < submission.ApproveUntilMs
            ? null
            : new Rejection(
                RejectionCode.SubmissionExpired,
                $"The time in which the change of {RecordRules.NameOf(record)} could be approved is over. Have it submitted again.",
                [.. Facts(record, meant), ("approveUntilMs", FieldRules.Invariant(submission.ApproveUntilMs))]);
    }

    /// <summary>A person is a staff number of a department, whatever its keys.</summary>
    private static bool IsSubmitter(string department, string officerId, SubmissionState submission) =>
        department == submission.Proposed.Department && officerId == submission.Proposed.OfficerId;

    /// <summary>Neither the signer nor whoever it stands in for: a submitter's right to approve is no better in other hands.</summary>
    private static Rejection? RequireAnother(
        in TransactionContext at, RecordName record, SubmissionState submission, string onBehalfOf) =>
        !IsSubmitter(at.Department, at.Signer.OfficerId, submission) && !IsSubmitter(at.Department, onBehalfOf, submission)
            ? null
            : new Rejection(
                RejectionCode.OwnSubmission,
                $"Officer {submission.Proposed.OfficerId} submitted the change of {RecordRules.NameOf(record)}, so another one has to approve it.",
                [.. Facts(record, submission.Submission), ("officer", submission.Proposed.OfficerId)]);

    private static Rejection? RequireApprover(StateOverlay state, in TransactionContext at, RecordState proposed, string onBehalfOf)
    {
        RecordTypeState type = TypeOf(state, proposed.Record);
        RecordState? current = Current(state, proposed.Record);
        string custodian = CustodyRules.Of(type, proposed);
        IReadOnlyList<string> departments = type.Approvers.Count == 0 || CustodyRules.Of(type, current) != custodian ? [custodian] : type.Approvers;
        if (departments.Contains(at.Department))
        {
            return onBehalfOf.Length > 0
                ? DelegationRules.CheckBehalf(state, at, onBehalfOf)
                : Authority.Require(at.Signer, OfficerRole.Approver, "Deciding on a change");
        }
        return new Rejection(
                RejectionCode.NotPermitted,
                $"This change of {RecordRules.NameOf(proposed.Record)} is approved by {string.Join(", ", departments)}; "
                + $"an officer of {at.Department} may not decide on it.",
                ("type", proposed.Record.Type),
                ("approvers", string.Join(' ', departments)),
                ("department", at.Department));
    }

    private static Rejection? CheckProposed(StateOverlay state, in TransactionContext at, ApproveSubmission approval, RecordState proposed)
    {
        RecordName record = approval.Record;
        string name = RecordRules.NameOf(record);
        RecordState? current = Current(state, record);
        ulong version = current?.Version ?? 0;
        // Links that came with an older payload are not judged, as in a change that has none.
        bool bringsLinks = proposed.PayloadPosition == proposed.Position;
        return Versions.Check(name, approval.ExpectedVersion, version)
            ?? Versions.Check(name, proposed.Version - 1, version)
            ?? CustodyRules.CheckReading(TypeOf(state, record), current, proposed)
            ?? RecordRules.CheckNamed(state, at.Department, record, proposed.Successors, bringsLinks ? proposed.Links : []);
    }

    /// <summary>The submission as it is kept once it is decided: what was proposed stands in the log, and in the record if it was
    /// approved.</summary>
    private static StateWrite Decide(
        in TransactionContext at, RecordName record, SubmissionState submission, SubmissionStatus status,
        string onBehalfOf, string reason) => new(
        StateKey.Submission(record.Type, record.Id),
        new SubmissionState
        {
            Submission = submission.Submission,
            Status = (uint)status,
            ApproveUntilMs = submission.ApproveUntilMs,
            Department = at.Department,
            OfficerId = at.Signer.OfficerId,
            Reason = reason,
            Position = at.Position,
            OnBehalfOf = onBehalfOf,
        });

    private static SubmissionState? Find(StateOverlay state, RecordName record) =>
        state.Current<SubmissionState>(StateKey.Submission(record.Type, record.Id));

    private static RecordState? Current(StateOverlay state, RecordName record) =>
        state.Current<RecordState>(StateKey.Record(record.Type, record.Id));

    /// <summary>The type of a record that may be changed, or has a submission: it is there.</summary>
    private static RecordTypeState TypeOf(StateOverlay state, RecordName record) =>
        state.Before<RecordTypeState>(StateKey.RecordType(record.Type))!;

    private static (string, string)[] Facts(RecordName record, ByteString submission) =>
    [
        ("type", record.Type), ("recordId", record.Id), ("submission", Convert.ToHexStringLower(submission.Span)),
    ];
}
