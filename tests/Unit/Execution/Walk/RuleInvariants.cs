using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Action = GovChain.Protos.V1.TransactionBody.ActionOneofCase;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <summary>
/// What holds of a ledger whatever is sent to it: asked of each accepted transaction, and of each state value that a block writes. Says
/// nothing of what was refused. Takes blocks in order.
/// </summary>
internal sealed class RuleInvariants(RuleShadow shadow)
{
    private readonly HashSet<Digest> _ids = [];
    private Dictionary<string, TypeShadow> _typesBefore = [];
    private Dictionary<(string, string, string), ulong> _delegationsBefore = [];
    private HashSet<string> _votersBefore = [];
    private int _quorumBefore;
    private ulong _height, _timeMs, _horizonMs, _epochBefore;

    /// <summary>Takes the next block.</summary>
    /// <exception cref="AssertionException">It breaks an invariant.</exception>
    public void Take(ExecutedBlock block)
    {
        (_height, _timeMs, _horizonMs) = (block.Header.Height, block.Header.TimestampMs, shadow.HorizonMs);
        (_votersBefore, _quorumBefore, _epochBefore) = ([.. shadow.Voters], shadow.Quorum, shadow.Epoch);
        _typesBefore = new(shadow.Types);
        _delegationsBefore = new(shadow.Delegations);
        foreach (VerifiedTransaction transaction in block.Transactions)
            Take(transaction.Transaction);
        foreach (StateChange change in block.Changes)
            Compare(change.Key, change.Value);
        foreach (string department in shadow.Departments.Keys)
            Hold(shadow.AdministratorsOf(department) > 0, $"{department} has an administrator");
        Hold(block.Header.NextEpoch == shadow.Epoch && shadow.Voters.Any(), "an epoch for each change of the validators, of whom there are some");
    }

    private void Take(Transaction transaction)
    {
        TransactionBody body = transaction.Body;
        Hold(_ids.Add(transaction.Id), "no transaction stands twice");
        Hold(_timeMs < body.ExpiresAtMs && body.ExpiresAtMs - _timeMs <= _horizonMs, "it had not expired, nor was it signed for too long");
        Hold(shadow.Keys.TryGetValue(transaction.Signer, out KeyLife? signer) && (signer.Officer is null) == transaction.IsProtocol,
            "its signer is an officer, of what departments say themselves a validator");
        Hold(signer!.Signs(_height, _timeMs), "its key is neither revoked, nor too new, nor outside its times");
        Hold(shadow.Departments[signer.Department] is not { } removed || removed >= _height, "its department was not removed before");
        if (body.PostReadRoot is { } root)
        {
            PostReadRoot(root, signer.Department);
            return;
        }
        OfficerRole? role = body.ActionCase switch
        {
            Action.Approve or Action.Refuse or Action.RevokeDelegation or Action.ChangeMembership => null, // see there
            Action.DelegateApproval => OfficerRole.Approver,
            _ => RecordActions.ChangeOf(body) is null ? OfficerRole.Administrator : OfficerRole.Clerk,
        };
        Hold(role is null || signer.Has(role.Value), $"its signer has the role {role}");
        if (RecordActions.ChangeOf(body) is not null)
            Change(transaction, signer);
        else if (body.Approve is not null || body.Refuse is not null)
            Decide(body, signer);
        else if (body.Propose is not null || body.VoteOnProposal is not null || body.WithdrawProposal is not null)
            Govern(transaction, signer);
        else if (body.ChangeMembership is { } change)
            Approved(change);
        else
            Manage(body, signer);
    }

    private void PostReadRoot(PostReadRoot root, string department)
    {
        (ulong roots, ulong covered, ulong timeMs) = shadow.ReadRoots.GetValueOrDefault(department);
        Hold(root.Number == roots + 1, "roots of read logs are consecutive");
        Hold(root.FirstEntry == 1 || root.FirstEntry == covered + 1, "a read log goes on where it was, or begins anew");
        Hold(roots == 0 || _timeMs >= timeMs + 3_600_000, "an hour lies between two roots");
        shadow.ReadRoots[department] = (root.Number, root.LastEntry, _timeMs);
    }

    private void Change(Transaction transaction, KeyLife signer)
    {
        TransactionBody body = transaction.Body;
        RecordChange change = RecordActions.ChangeOf(body)!;
        (string, string) name = (change.Record.Type, change.Record.Id);
        Hold(_typesBefore.TryGetValue(change.Record.Type, out TypeShadow? type), "no record without a type");
        RecordShadow record = shadow.Records.GetValueOrDefault(name) ?? new RecordShadow(0, 0, type!.Owner);
        Hold(signer.Department == record.Custodian, "its custodian alone changes a record");
        Hold(change.ExpectedVersion == record.Version, "versions are consecutive");
        Hold(MayFollow(body.ActionCase, record.Status), $"{body.ActionCase} may follow {record.Status}");
        if (change.ApproveUntilMs > 0)
        {
            Hold(shadow.Submissions.GetValueOrDefault(name) is not { Status: SubmissionStatus.Waiting } other
                || other.Change.ApproveUntilMs <= _timeMs || other.Change.ExpectedVersion != record.Version, "one change of a record waits at a time");
            shadow.Submissions[name] = new SubmissionShadow(transaction.Id, body, signer.Department, signer.Officer!, SubmissionStatus.Waiting);
            return;
        }
        Hold(!type!.Definition.FourEyes && body.Transfer is null, "nothing comes without the approval that it needs");
        shadow.Records[name] = record with { Version = record.Version + 1, Status = RecordActions.StatusAfter(body.ActionCase) };
    }

    private static bool MayFollow(Action action, RecordStatus status) => action switch
    {
        Action.Register => status is 0 or RecordStatus.Annulled,
        Action.Reinstate => status == RecordStatus.Annulled,
        _ => status == RecordStatus.InForce,
    };

    private void Decide(TransactionBody body, KeyLife signer)
    {
        RecordName record = RecordActions.RecordOf(body)!;
        (string, string) name = (record.Type, record.Id);
        string behalf = body.Approve?.OnBehalfOf ?? body.Refuse.OnBehalfOf;
        SubmissionShadow submission = shadow.Submissions[name];
        Hold((body.Approve?.Submission ?? body.Refuse.Submission).Span.SequenceEqual(submission.Id.Span), "what is decided is the record's newest submission");
        Hold(submission.Status == SubmissionStatus.Waiting && _timeMs < submission.Change.ApproveUntilMs, "it waited");
        bool isOwn = submission.Department == signer.Department && (submission.Officer == signer.Officer || submission.Officer == behalf);
        if (body.Approve is not null || !(isOwn && submission.Officer == signer.Officer && behalf.Length == 0))
        {
            Hold(body.Refuse is not null || !isOwn, "no approval by the submitter, nor on its behalf");
            Hold(shadow.ApproversOf(submission, _typesBefore[record.Type]).Contains(signer.Department), "those decide who are asked");
            Hold(behalf.Length == 0 ? signer.Has(OfficerRole.Approver) : MayBehalf(signer, behalf), "an approver decides, or who stands in for one");
        }
        bool approves = body.Approve is not null;
        shadow.Submissions[name] = submission with { Status = approves ? SubmissionStatus.Approved : SubmissionStatus.Refused };
        if (!approves)
            return;
        RecordShadow held = shadow.Records.GetValueOrDefault(name) ?? new RecordShadow(0, 0, _typesBefore[record.Type].Owner);
        RecordChange change = submission.Change;
        Hold(change.ExpectedVersion == held.Version && body.Approve!.ExpectedVersion == held.Version, "versions are consecutive, approved ones, too");
        shadow.Records[name] = new RecordShadow(
            held.Version + 1, RecordActions.StatusAfter(submission.Body.ActionCase), change.Receiver.Length > 0 ? change.Receiver : held.Custodian);
    }

    private bool MayBehalf(KeyLife signer, string delegator) =>
        _delegationsBefore.TryGetValue((signer.Department, delegator, signer.Officer!), out ulong untilMs) && _timeMs < untilMs
        && shadow.Keys.Values.Any(k => k.Department == signer.Department && k.Officer == delegator && k.Signs(_height, _timeMs) && k.Has(OfficerRole.Approver));

    private void Manage(TransactionBody body, KeyLife signer)
    {
        string department = signer.Department;
        switch (body.ActionCase)
        {
            case Action.DefineType:
                TypeShadow? type = shadow.Types.GetValueOrDefault(body.DefineType.Type);
                Hold((type?.Owner ?? department) == department && (type?.Version ?? 0) == body.DefineType.ExpectedVersion, "a type is its owner's, its versions consecutive");
                shadow.Types[body.DefineType.Type] = new TypeShadow(department, body.DefineType.ExpectedVersion + 1, body.DefineType);
                break;
            case Action.EnrolOfficer:
                EnrolOfficer enrolment = body.EnrolOfficer;
                Hold(!shadow.Officers.ContainsKey((department, enrolment.OfficerId)), "an officer has one key");
                Give(department, enrolment.OfficerId, enrolment.PublicKey.Span, [.. enrolment.Roles], enrolment.ValidFromMs, enrolment.ValidUntilMs);
                break;
            case Action.RevokeOfficer:
                Hold(shadow.Officers.ContainsKey((department, body.RevokeOfficer.OfficerId)), "only who has a key loses it");
                shadow.Take(department, body.RevokeOfficer.OfficerId, _height);
                break;
            case Action.RotateOfficerKey:
                Hold(shadow.Officers.ContainsKey((department, body.RotateOfficerKey.OfficerId)), "only who has a key gets another");
                KeyLife old = shadow.Take(department, body.RotateOfficerKey.OfficerId, _height);
                Give(department, old.Officer!, body.RotateOfficerKey.PublicKey.Span, old.Roles, old.From, old.Until);
                break;
            case Action.DelegateApproval:
                shadow.Delegations[(department, signer.Officer!, body.DelegateApproval.OfficerId)] = body.DelegateApproval.UntilMs;
                break;
            default:
                Hold(signer.Officer == body.RevokeDelegation.Delegator || signer.Has(OfficerRole.Administrator), "a delegation is taken back by who may");
                shadow.Delegations[(department, body.RevokeDelegation.Delegator, body.RevokeDelegation.OfficerId)] = _timeMs;
                break;
        }
    }

    private void Give(string department, string officer, ReadOnlySpan<byte> bytes, uint[] roles, ulong from, ulong until)
    {
        PublicKey key = RuleShadow.KeyOf(bytes);
        Hold(!shadow.Keys.ContainsKey(key), "a key serves once, ever");
        shadow.Give(department, officer, key, roles, _height + 1, from, until);
    }

    private void Govern(Transaction transaction, KeyLife signer)
    {
        TransactionBody body = transaction.Body;
        if (body.Propose is { } propose)
        {
            Hold(shadow.Proposals.GetValueOrDefault(signer.Department) is not { Status: ProposalStatus.Open } open
                || open.Change.Epoch != _epochBefore || open.Change.ExpiresAtMs <= _timeMs, "a department has one proposal open");
            shadow.Proposals[signer.Department] = new ProposalShadow(transaction.Id, propose.Change, ProposalStatus.Open, new Dictionary<string, bool>());
            return;
        }
        string department = body.VoteOnProposal?.Department ?? signer.Department;
        ProposalShadow proposal = shadow.Proposals[department];
        Hold((body.VoteOnProposal?.Proposal ?? body.WithdrawProposal.Proposal).Span.SequenceEqual(proposal.Id.Span)
            && proposal.Status == ProposalStatus.Open && _timeMs < proposal.Change.ExpiresAtMs, "what is decided is open");
        if (body.VoteOnProposal is not { } vote)
        {
            shadow.Proposals[department] = proposal with { Status = ProposalStatus.Withdrawn };
            return;
        }
        Hold(_votersBefore.Contains(signer.Department), "who votes had a vote before the block");
        var votes = new Dictionary<string, bool>(proposal.Votes) { [signer.Department] = vote.InFavour };
        bool isAdopted = votes.Values.Count(static v => v) >= _quorumBefore, isRejected = votes.Values.Count(static v => !v) > _votersBefore.Count - _quorumBefore;
        shadow.Proposals[department] = proposal with
        {
            Votes = votes,
            Status = isAdopted ? ProposalStatus.Adopted : isRejected ? ProposalStatus.Rejected : ProposalStatus.Open,
        };
        if (isAdopted)
            Adopt(proposal.Change);
    }

    /// <summary>Whoever hands it in: what counts are the approvals that it carries.</summary>
    private void Approved(ChangeMembership action)
    {
        KeyLife[] approvers = [.. action.Approvals.Select(a => shadow.Keys[RuleShadow.KeyOf(a.Signer.Span)])];
        Hold(approvers.All(a => a.Has(OfficerRole.Administrator) && a.Signs(_height, _timeMs) && _votersBefore.Contains(a.Department))
            && approvers.Select(static a => a.Department).Distinct().Count() == approvers.Length && approvers.Length >= _quorumBefore,
            "administrators of a quorum of departments approve a change of the validators");
        Adopt(action.Change);
    }

    private void Adopt(MembershipChange change)
    {
        Hold(change.Epoch == _epochBefore && _timeMs < change.ExpiresAtMs, "a change is made in its epoch and its time");
        Hold((MembershipKind)change.Kind >= MembershipKind.MoveEndpoint || shadow.Epoch == _epochBefore, "the validators change once a block");
        switch ((MembershipKind)change.Kind)
        {
            case MembershipKind.SetParameters:
                ulong horizonMs = change.Parameters.ExpiryHorizonMs;
                Hold(horizonMs == 0 || horizonMs >= shadow.HorizonMs, "the horizon does not shrink");
                shadow.HorizonMs = Math.Max(horizonMs, shadow.HorizonMs);
                return;
            case MembershipKind.MoveEndpoint:
                return;
            case MembershipKind.Admit:
                Hold(!shadow.Departments.ContainsKey(change.Department), "a department's id serves once, ever");
                shadow.Found(change.Department, change.ValidatorKey.Span, _height + 1);
                foreach (FirstAdministrator administrator in change.Administrators)
                    Give(change.Department, administrator.OfficerId, administrator.PublicKey.Span, [(uint)OfficerRole.Administrator], 0, 0);
                break;
            default:
                Hold(shadow.Departments[change.Department] is null, "only who has a vote loses it, or gets another key");
                shadow.Keys.Values.Single(k => k.Department == change.Department && k.Officer is null && k.Last is null).Last = _height;
                if ((MembershipKind)change.Kind == MembershipKind.Remove)
                    shadow.Departments[change.Department] = _height;
                else
                    shadow.Keys.Add(RuleShadow.KeyOf(change.ValidatorKey.Span), new KeyLife(change.Department, null, [], _height + 1));
                break;
        }
        shadow.Epoch++;
    }

    /// <summary>What the ledger wrote against what was accepted.</summary>
    private void Compare(StateKey key, byte[] value)
    {
        switch (key.Kind)
        {
            case StateKind.Record:
                RecordState record = StateValue.Decode<RecordState>(key, value);
                RecordShadow held = shadow.Records[(record.Record.Type, record.Record.Id)];
                string owner = shadow.Types[record.Record.Type].Owner;
                Hold((record.Version, record.Status) == (held.Version, (uint)held.Status), "a record is what its accepted changes make of it");
                Hold((record.Custodian.Length > 0 ? record.Custodian : owner) == held.Custodian && record.Custodian != owner, "one custodian a record, named one way");
                Hold(record.Approval is not { } by || by.Department != record.Department || (by.OfficerId != record.OfficerId && by.OnBehalfOf != record.OfficerId),
                    "no version approved by its submitter");
                break;
            case StateKind.Department:
                DepartmentState department = StateValue.Decode<DepartmentState>(key, value);
                Hold(department.Administrators == shadow.AdministratorsOf(department.Id), "administrators are counted right");
                Hold(department.ReadRoots == shadow.ReadRoots.GetValueOrDefault(department.Id).Roots, "its roots are counted");
                Hold(department.RemovedHeight == (shadow.Departments[department.Id] ?? 0), "a department is removed where it was decided");
                break;
            case StateKind.Officer:
                OfficerState officer = StateValue.Decode<OfficerState>(key, value);
                Hold(officer.CurrentKey.IsEmpty
                    ? !shadow.Officers.ContainsKey((officer.Department, officer.OfficerId))
                    : shadow.Officers[(officer.Department, officer.OfficerId)].Span.SequenceEqual(officer.CurrentKey.Span), "an officer has the key that it was given");
                break;
            case StateKind.OfficerKey:
                OfficerKeyState keyState = StateValue.Decode<OfficerKeyState>(key, value);
                KeyLife life = shadow.Keys[RuleShadow.KeyOf(keyState.PublicKey.Span)];
                Hold(keyState.Intervals.Count + keyState.ValidatorIntervals.Count == 1, "a key has one life");
                Hold((keyState.Intervals.SingleOrDefault()?.LastHeight ?? keyState.ValidatorIntervals.Single().LastHeight) == (life.Last ?? 0), "it ends where it was ended");
                break;
            case StateKind.RecordType:
                RecordTypeState type = StateValue.Decode<RecordTypeState>(key, value);
                Hold((type.Owner, type.Version) == (shadow.Types[type.Type].Owner, shadow.Types[type.Type].Version), "a type is what was defined");
                break;
            case StateKind.Submission:
                SubmissionState submission = StateValue.Decode<SubmissionState>(key, value);
                Hold(shadow.Submissions.Values.Any(s => s.Id.Span.SequenceEqual(submission.Submission.Span) && (uint)s.Status == submission.Status), "a submission is what was decided");
                break;
            case StateKind.Proposal:
                ProposalState proposal = StateValue.Decode<ProposalState>(key, value);
                ProposalShadow decided = shadow.Proposals[proposal.Department];
                Hold((uint)decided.Status == proposal.Status && proposal.Votes.ToDictionary(v => v.Department, v => v.InFavour).OrderBy(v => v.Key)
                    .SequenceEqual(decided.Votes.OrderBy(v => v.Key)), "a proposal has one vote a department, and a quorum decides");
                break;
            case StateKind.ReadRoot:
                ReadRootState root = StateValue.Decode<ReadRootState>(key, value);
                Hold(key.Equals(StateKey.ReadRoot(root.Department, root.Number)) && (root.Number, root.LastEntry, root.RecordedAtMs) == shadow.ReadRoots[root.Department],
                    "a root is written once, as it was posted");
                break;
            case StateKind.Parameters:
                Hold(StateValue.Decode<Parameters>(key, value).ExpiryHorizonMs == shadow.HorizonMs, "parameters are what was adopted");
                break;
        }
    }

    private void Hold(bool holds, string invariant)
    {
        if (!holds)
            throw new AssertionException($"Block {_height}: broken is \"{invariant}\".");
    }
}
