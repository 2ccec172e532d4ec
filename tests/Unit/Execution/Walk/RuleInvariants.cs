using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Action = GovChain.Protos.V1.TransactionBody.ActionOneofCase;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <summary>
/// What holds of a ledger whatever is sent to it: asked of each accepted transaction, and of each state value that a block writes. Of
/// what was refused: that there is the reason, where it lies in what departments decide together or their nodes say. Takes blocks in order.
/// </summary>
internal sealed partial class RuleInvariants(RuleShadow shadow, Digest chainId)
{
    private readonly HashSet<Digest> _ids = [];
    private Dictionary<string, TypeShadow> _typesBefore = [];
    private Dictionary<(string, string, string), DelegationShadow> _delegationsBefore = [];
    private Dictionary<(string, string), int> _personsBefore = [];
    private HashSet<string> _votersBefore = [], _suspendedBefore = [];
    private Parameters _parametersBefore = new();
    private int _quorumBefore;
    private uint _versionBefore;
    private ulong _height, _timeMs, _position, _epochBefore;

    /// <summary>What was decided, each as often as it was.</summary>
    public List<MembershipKind> Adopted { get; } = [];

    /// <summary>What validator keys signed for departments that were suspended.</summary>
    public List<Action> BySuspended { get; } = [];

    /// <summary>Takes what became of the next block's candidates, of which perhaps none could stand in it.</summary>
    /// <param name="tip">The block before.</param>
    /// <param name="timeMs">The block's time.</param>
    /// <param name="candidates">In order.</param>
    /// <param name="built">What was made of them.</param>
    /// <exception cref="AssertionException">It breaks an invariant.</exception>
    public void Take(BlockHeader tip, ulong timeMs, IReadOnlyList<VerifiedTransaction> candidates, BuiltBlock built)
    {
        (_height, _timeMs, _position, _parametersBefore) = (tip.Height + 1, timeMs, tip.LogSizeAfter, shadow.Parameters.Clone());
        (_votersBefore, _quorumBefore, _epochBefore) = ([.. shadow.Voters], shadow.Quorum, shadow.Epoch);
        (_suspendedBefore, _versionBefore) = ([.. shadow.Suspended.Keys], shadow.Protocol.Version);
        _typesBefore = new(shadow.Types);
        (_delegationsBefore, _personsBefore) = (new(shadow.Delegations), new(shadow.Persons));
        int refused = 0;
        foreach (VerifiedTransaction candidate in candidates)
        {
            if (refused < built.LeftOut.Count && ReferenceEquals(built.LeftOut[refused].Transaction, candidate))
            {
                Refuse(candidate.Transaction, built.LeftOut[refused++].Rejection);
                continue;
            }
            Take(candidate.Transaction);
            _position++;
        }
        if (built.Block is { } block)
            End(block);
    }

    private void End(ExecutedBlock block)
    {
        string[] turns = shadow.Leaders.Turns(_height, _votersBefore.Order(StringComparer.Ordinal), _parametersBefore.LeaderBlocksMax);
        shadow.Leaders.End(_height, turns, _votersBefore.Order(StringComparer.Ordinal).ElementAt(block.Header.Proposer), endsEpoch: shadow.Epoch > _epochBefore);
        if (shadow.Protocol.Scheduled is { } due && due.FromMs <= _timeMs)
        {
            (shadow.Protocol.Version, shadow.Protocol.FirstHeight) = (shadow.Protocol.Version + 1, _height + 1);
            (shadow.Protocol.Scheduled, shadow.Protocol.Position) = (null, 0);
        }
        foreach (StateChange change in block.Changes)
            Compare(change.Key, change.Value);
        foreach (string department in shadow.Departments.Keys)
            Hold(shadow.AdministratorsOf(department) > 0, $"{department} has an administrator");
        Hold(block.Header.NextEpoch == shadow.Epoch && shadow.Voters.Any(), "an epoch for each change of the validators, of whom there are some");
        Hold(shadow.Voters.Count(d => !shadow.Suspended.ContainsKey(d)) >= shadow.Quorum, "those that are not suspended can decide");
    }

    private void Take(Transaction transaction)
    {
        TransactionBody body = transaction.Body;
        Hold(_ids.Add(transaction.Id), "no transaction stands twice");
        Hold(body.ActionCase != Action.PostReadRoot || _versionBefore >= 2, "no action comes before its protocol version");
        Hold(_timeMs < body.ExpiresAtMs && body.ExpiresAtMs - _timeMs <= _parametersBefore.ExpiryHorizonMs, "it had not expired, nor was it signed for too long");
        Hold(shadow.Keys.TryGetValue(transaction.Signer, out KeyLife? signer) && (signer.Officer is null) == transaction.IsProtocol,
            "its signer is an officer, of what departments say themselves a validator");
        Hold(signer!.Signs(_height, _timeMs), "its key is neither revoked, nor too new, nor outside its times");
        Hold(shadow.Departments[signer.Department] is not { } removed || removed >= _height, "its department was not removed before");
        Hold(Signatures(body).All(static s => s.Equals(FormVerifier.Right)), "all signatures that it carries were verified");
        if (transaction.IsProtocol)
        {
            Say(body, signer.Department);
            return;
        }
        Hold(!_suspendedBefore.Contains(signer.Department), "no officer of a department signs while it is suspended");
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

    private void Change(Transaction transaction, KeyLife signer)
    {
        TransactionBody body = transaction.Body;
        RecordChange change = RecordActions.ChangeOf(body)!;
        (string, string) name = (change.Record.Type, change.Record.Id);
        Hold(_typesBefore.TryGetValue(change.Record.Type, out TypeShadow? type), "no record without a type");
        RecordShadow record = shadow.Records.GetValueOrDefault(name) ?? new RecordShadow(0, 0, type!.Owner);
        Hold(signer.Department == record.Custodian, "its custodian alone changes a record");
        Hold(change.ExpectedVersion == record.Version, "versions are consecutive");
        Hold(MayName(signer.Department, type!, change), "whose state is looked at, who names it may read");
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
        Hold(MayName(signer.Department, _typesBefore[record.Type], change), "whose state is looked at, who approves may read");
        shadow.Records[name] = new RecordShadow(
            held.Version + 1, RecordActions.StatusAfter(submission.Body.ActionCase), change.Receiver.Length > 0 ? change.Receiver : held.Custodian);
    }

    private bool MayName(string department, TypeShadow type, RecordChange change) => _versionBefore < 2
        || change.Successors.Concat(type.Definition.LinksInForce ? change.Links.Select(static l => l.Record) : []).Select(named => _typesBefore[named.Type])
            .All(t => t.Definition.PublicRead || t.Owner == department || t.Definition.Approvers.Contains(department) || t.Definition.Readers.Contains(department));

    private bool IsInForce(DelegationShadow given, string department, string delegator, string officer, Dictionary<(string, string), int> persons) =>
        _timeMs < given.UntilMs
        && (given.Delegator, given.Officer) == (persons.GetValueOrDefault((department, delegator)), persons.GetValueOrDefault((department, officer)));

    private bool MayBehalf(KeyLife signer, string delegator) =>
        _delegationsBefore.TryGetValue((signer.Department, delegator, signer.Officer!), out DelegationShadow? given)
        && IsInForce(given, signer.Department, delegator, signer.Officer!, _personsBefore)
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
                Hold(_versionBefore < 2 || !enrolment.Roles.Contains((uint)OfficerRole.Administrator) || (enrolment.ValidFromMs, enrolment.ValidUntilMs) == (0, 0),
                    "an administrator may sign whenever");
                if (_versionBefore >= 2)
                    shadow.Persons[(department, enrolment.OfficerId)] = shadow.Persons.GetValueOrDefault((department, enrolment.OfficerId)) + 1;
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
                string standIn = body.DelegateApproval.OfficerId;
                shadow.Delegations[(department, signer.Officer!, standIn)] = new DelegationShadow(
                    body.DelegateApproval.UntilMs, _personsBefore.GetValueOrDefault((department, signer.Officer!)), _personsBefore.GetValueOrDefault((department, standIn)));
                break;
            default:
                Hold(signer.Officer == body.RevokeDelegation.Delegator || signer.Has(OfficerRole.Administrator), "a delegation is taken back by who may");
                (string delegator, string officer) = (body.RevokeDelegation.Delegator, body.RevokeDelegation.OfficerId);
                DelegationShadow given = shadow.Delegations[(department, delegator, officer)];
                Hold(IsInForce(given, department, delegator, officer, shadow.Persons), "only what is in force is taken back");
                shadow.Delegations[(department, delegator, officer)] = given with { UntilMs = _timeMs };
                break;
        }
    }

    private void Give(string department, string officer, ReadOnlySpan<byte> bytes, uint[] roles, ulong from, ulong until)
    {
        PublicKey key = RuleShadow.KeyOf(bytes);
        Hold(!shadow.Keys.ContainsKey(key), "a key serves once, ever");
        shadow.Give(department, officer, key, roles, _height + 1, from, until);
    }

    private void Hold(bool holds, string invariant)
    {
        if (!holds)
            throw new AssertionException($"Block {_height}: broken is \"{invariant}\".");
    }
}
