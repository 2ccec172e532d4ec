using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Alarms;
using GovChain.Node.Consensus;
using GovChain.Protos.V1;
using GovChain.Storage.Integrity;

namespace GovChain.Node;

/// <content>What happens in consensus and in the audit, as operators are told it - alarms, log, status - and as the host is.</content>
internal sealed partial class NodeRuntime
{
    private readonly TaskCompletionSource _termsChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Completes when the departments have decided on parameters or on an endpoint, which this runtime read when it was made: it
    /// goes on until it is stopped, and another one begins with the new ones from the same directory.
    /// </summary>
    public Task TermsChanged => _termsChanged.Task;

    private void OnAlarm(Alarm alarm)
    {
        NodeAlarm code = alarm.Code switch
        {
            AlarmCode.Abstaining => NodeAlarm.Abstaining,
            AlarmCode.EquivocatingLeader => NodeAlarm.EquivocatingLeader,
            AlarmCode.InvalidProposal => NodeAlarm.InvalidProposal,
            AlarmCode.UntimelyProposal => NodeAlarm.ClockOff,
            _ => NodeAlarm.LocalCheckFailed,
        };
        _alarms.Raise(code, code == NodeAlarm.Abstaining ? WithOwner(_driver.Standing.Abstention, alarm.Text) : alarm.Text);
        if (code != NodeAlarm.Abstaining)
            _status.Failed($"{AlarmDefinition.NameOf(code)}: {alarm.Text}");
    }

    /// <summary>The node abstains, knows until when, or votes again.</summary>
    private void OnAbstention(Abstention abstention)
    {
        _alarms.Set(NodeAlarm.Abstaining, !abstention.IsNone, "", () => WithOwner(abstention, abstention.Explain()));
        if (abstention.IsNone)
            _log.VotesAgain(_ledger.Tip.Height + 1);
        else if (!abstention.IsOpen)
            _log.WillVoteAgain(abstention.VotesAgainAt, abstention.Reason.Explain());
    }

    /// <summary>Why the node abstains, with the names where the journal is another's.</summary>
    private string WithOwner(Abstention abstention, string text) =>
        abstention.Reason == AbstainReason.JournalOfAnother && _votesOfOthers is not null ? $"{text} {_votesOfOthers}" : text;

    private void LookAtTerms(ExecutedBlock block)
    {
        if (block.Changes.FirstOrDefault(static c => c.Key.Kind == StateKind.Protocol) is { Key: not null } change)
        {
            ProtocolState protocol = StateValue.Decode<ProtocolState>(change.Key, change.Value);
            _log.ProtocolChanged(block.Header.Height + 1, protocol.Version, protocol.Scheduled is { } next
                ? $"version {next.Version} is scheduled from {UtcTime.Format(next.FromMs)} on" : "no other is scheduled");
        }
        if (block.Changes.Any(ChangesTerms))
            _termsChanged.TrySetResult();
    }

    /// <summary>Whether it is a proposal that was adopted in the block and changes what this runtime read when it was made.</summary>
    private static bool ChangesTerms(StateChange change) => change.Key.Kind == StateKind.Proposal
        && StateValue.Decode<ProposalState>(change.Key, change.Value) is { Status: (uint)ProposalStatus.Adopted } proposal
        && (MembershipKind)proposal.Change.Kind is MembershipKind.MoveEndpoint or MembershipKind.SetParameters;

    private void WatchLeader(ConsensusStanding standing)
    {
        string leader = _validators[standing.Leader].Department;
        Complaint? complaint = _leaderWatch.Look(
            standing, _time.MonotonicMs(), out IReadOnlyList<ReadOnlyMemory<byte>> forward);
        if (forward.Count > 0 && leader != _self)
            _network.SendGossip(leader, forward);
        // Who is behind may hold what the others have recorded long ago, and who does not vote cannot complain.
        if (complaint is null || !standing.IsVoting || _sync.Lag > 0)
            return;
        _alarms.Raise(NodeAlarm.TransactionPassedOver, $"{complaint.Detail}.", leader);
        _driver.Complain(complaint);
    }

    private void OnViewLeft(ViewLeft left, int leader, int nextLeader)
    {
        string cause = NodeMetrics.NameOf(left.Cause);
        string detail = left switch
        {
            { Detail.Length: > 0 } => left.Detail,
            { Cause: ViewCause.Timeout } => "(no block came in its time)",
            { Cause: ViewCause.Joined } => "(more departments than may fail had left it)",
            _ => "(by the leader's messages)",
        };
        _log.ViewLeft(
            left.Height, left.View, _validators[leader].Department, left.NextView, _validators[nextLeader].Department, cause, detail);
        _status.ViewLeft(new LeftView
        {
            Height = left.Height,
            View = left.View,
            Leader = _validators[leader].Department,
            NextView = left.NextView,
            NextLeader = _validators[nextLeader].Department,
            Cause = cause,
            Detail = detail,
            AtMs = _time.NowMs(),
        });
    }

    /// <summary>Damage stays an alarm until a round finds none.</summary>
    private void OnSelfAudit(DirectoryFinding? damage) => _alarms.Set(
        NodeAlarm.LedgerDamaged, damage is not null, SelfAuditSubject,
        () => $"{damage!.File}, {damage.Where}: {damage.Found} instead of {damage.Expected}. {damage.Meaning}");

    /// <summary>What a node that starts does by what it knows itself; the others may know of votes that it has forgotten.</summary>
    internal static string RoleOf(ConsensusStanding standing, ValidatorSet validators) => standing switch
    {
        { IsObserver: true } => "observes",
        { Abstention: { IsNone: false } abstention } => $"does not vote ({abstention.Reason})",
        _ => validators.Count == 1 ? "votes" : "votes as soon as enough others have said that it has forgotten no vote",
    };

    /// <summary>Where the ledger has given the key's department another one: when, and what to do. Else null.</summary>
    private static string? ExplainReplacement(ValidatorHistory history, PublicKey key)
    {
        if (history.Acting.IndexOf(key) >= 0 || history.DepartmentOf(key) is not { } department
            || history.Acting.IndexOf(department) is not (>= 0 and int index))
            return null;
        int change = history.Changes.Count - 1;
        while (history.Changes[change].Department != department)
            change--;
        return $"Block {history.Changes[change].Height} gave {department} another validator key, {history.Acting[index].Key}: from epoch {change + 1} "
            + $"on this node's key {key} has no vote, and the others' nodes refuse it. Stop this node, name the new key as "
            + "keyFile or keyUri, and start it.";
    }
}
